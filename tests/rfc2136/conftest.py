"""The provider's own process, and a real authority."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from typing_extensions import override

from catalog.versions import read_versions
from providers.kit.testing import Plugin
from rehearsal.toolchain.authority import authority_tree, knotd
from rehearsal.toolchain.edges import Edges
from rehearsal.toolchain.progress import progress_for
from tests.provided import Provided
from tests.rfc2136.authority import ZONE, Authority
from tests.weaviate.server import free_ports

FOLDER = Path(__file__).parents[2] / "providers" / "rfc2136"


class ZoneProvided(Provided):
    """The same for the one kind that there is: what is declared are the records of the zone.

    Args:
        plugin: its process.
    """

    def __init__(self, plugin: Plugin) -> None:
        super().__init__(plugin, "Zone")

    @override
    def checked(self, declared: Mapping[str, Any], kind: str | None = None) -> Mapping[str, Any]:
        return super().checked({"name": ZONE, "records": declared}, kind)

    @override
    def refusal(self, declared: Mapping[str, Any], kind: str | None = None) -> str:
        return super().refusal({"name": ZONE, "records": declared}, kind)


@pytest.fixture(scope="session")
def command() -> tuple[str, ...]:
    """What starts Knot."""
    versions = read_versions()
    return knotd(authority_tree(versions, Edges.here(versions.go), progress_for()))


@pytest.fixture(scope="session")
def running(command: tuple[str, ...], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Authority]:
    """An authority of the process's own."""
    made = Authority(command, tmp_path_factory.mktemp("authority"), free_ports(1)[0])
    made.restart()
    try:
        yield made
    finally:
        made.close()


@pytest.fixture
def authority(running: Authority) -> Authority:
    """The authority, with nothing in its zone."""
    running.restart()
    return running


@pytest.fixture(scope="session")
def serving(running: Authority) -> Iterator[ZoneProvided]:
    """The provider in its own process, configured for that authority."""
    with Plugin(FOLDER, running.environment) as plugin:
        plugin.configure()
        yield ZoneProvided(plugin)


@pytest.fixture
def provided(serving: ZoneProvided, authority: Authority) -> ZoneProvided:  # noqa: ARG001 - emptied first
    """The provider, and an authority with nothing in its zone."""
    return serving
