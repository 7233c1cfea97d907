"""The provider's own process, and a real authority."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from catalog.versions import read_versions
from providers.kit.testing import Plugin, State
from rehearsal.toolchain.authority import authority_tree, knotd
from rehearsal.toolchain.edges import Edges
from rehearsal.toolchain.progress import progress_for
from tests.rfc2136.authority import ZONE, Authority
from tests.weaviate.server import free_ports

FOLDER = Path(__file__).parents[2] / "providers" / "rfc2136"


class Provided:
    """The plugin, as an engine uses it: what is declared is checked first, and state is kept.

    Args:
        plugin: its process.
    """

    def __init__(self, plugin: Plugin) -> None:
        self.plugin = plugin

    def checked(self, records: Mapping[str, Any], name: str = ZONE) -> Mapping[str, Any]:
        """Return what is declared as it goes on."""
        found = self.plugin.check("Zone", {"name": name, "records": records})
        assert not found.failures, found.failures
        return found.inputs

    def refusal(self, records: Mapping[str, Any], name: str = ZONE) -> str:
        """Return what is wrong with what is declared."""
        failures = self.plugin.check("Zone", {"name": name, "records": records}).failures
        return "; ".join(f"{path}: {reason}" for path, reason in failures.items())

    def create(self, records: Mapping[str, Any]) -> State:
        return self.plugin.create("Zone", self.checked(records))

    def refresh(self, state: State) -> State:
        return self.plugin.read("Zone", state.id, state.outputs, state.inputs)

    def diff(self, state: State, records: Mapping[str, Any]) -> Mapping[str, str]:
        wanted = self.checked(records)
        return self.plugin.diff("Zone", state.id, state.outputs, wanted, old_inputs=state.inputs).details

    def update(self, state: State, records: Mapping[str, Any]) -> State:
        wanted = self.checked(records)
        return self.plugin.update("Zone", state.id, state.outputs, wanted, old_inputs=state.inputs)

    def delete(self, state: State) -> None:
        self.plugin.delete("Zone", state.id, state.outputs)


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
def serving(running: Authority) -> Iterator[Provided]:
    """The provider in its own process, configured for that authority."""
    with Plugin(FOLDER, running.environment) as plugin:
        plugin.configure()
        yield Provided(plugin)


@pytest.fixture
def provided(serving: Provided, authority: Authority) -> Provided:  # noqa: ARG001 - emptied first
    """The provider, and an authority with nothing in its zone."""
    return serving
