"""The provider's own process, and the real server."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from catalog.versions import read_versions
from providers.kit.testing import Plugin, State
from rehearsal.toolchain.chain import provide
from rehearsal.toolchain.edges import Edges
from rehearsal.toolchain.progress import progress_for
from rehearsal.toolchain.recipes.weaviate import weaviate
from tests.weaviate.server import Server

FOLDER = Path(__file__).parents[2] / "providers" / "weaviate"
COLLECTION = "Collection"
CALL_SECONDS = 1200.0
"""How long one step of a resource may take: 100,000 objects are copied in one."""


class Provided:
    """The plugin, as an engine uses it: what is declared is checked first, and state is kept.

    Args:
        plugin: its process.
    """

    def __init__(self, plugin: Plugin) -> None:
        self.plugin = plugin

    def checked(self, declared: Mapping[str, Any], kind: str = COLLECTION) -> Mapping[str, Any]:
        """Return what is declared with everything explicit."""
        found = self.plugin.check(kind, declared)
        assert not found.failures, (declared, found.failures)
        return found.inputs

    def refusal(self, declared: Mapping[str, Any], kind: str = COLLECTION) -> str:
        """Return what is wrong with what is declared."""
        failures = self.plugin.check(kind, declared).failures
        return "; ".join(f"{path}: {reason}" if path else reason for path, reason in failures.items())

    def create(self, declared: Mapping[str, Any], kind: str = COLLECTION) -> State:
        return self.plugin.create(kind, self.checked(declared, kind))

    def refresh(self, state: State, kind: str = COLLECTION) -> State:
        return self.plugin.read(kind, state.id, state.outputs, state.inputs)

    def diff(self, state: State, declared: Mapping[str, Any], kind: str = COLLECTION) -> Any:
        wanted = self.checked(declared, kind)
        return self.plugin.diff(kind, state.id, state.outputs, wanted, old_inputs=state.inputs)

    def update(self, state: State, declared: Mapping[str, Any], kind: str = COLLECTION) -> State:
        wanted = self.checked(declared, kind)
        return self.plugin.update(kind, state.id, state.outputs, wanted, old_inputs=state.inputs)

    def delete(self, state: State, kind: str = COLLECTION) -> None:
        self.plugin.delete(kind, state.id, state.outputs)


@pytest.fixture(scope="session")
def program() -> Path:
    """Weaviate's program."""
    versions = read_versions()
    edges = Edges.here(versions.go)
    tool = weaviate(versions, edges.platform)
    return provide([tool], edges, progress_for())[tool.name].program(tool.name)


@pytest.fixture(scope="session")
def running(program: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server of the process's own."""
    server = Server(program, tmp_path_factory.mktemp("weaviate"))
    try:
        server.start()
        yield server
    finally:
        server.close()


@pytest.fixture
def server(running: Server) -> Server:
    """The server, with nothing in it."""
    running.wipe()
    return running


@pytest.fixture(scope="session")
def serving(running: Server) -> Iterator[Provided]:
    """The provider in its own process, configured for that server."""
    with Plugin(FOLDER, running.environment, call_seconds=CALL_SECONDS) as plugin:
        plugin.configure()
        yield Provided(plugin)


@pytest.fixture
def provided(serving: Provided, server: Server) -> Provided:  # noqa: ARG001 - emptied first
    """The provider, and a server with nothing in it."""
    return serving


@pytest.fixture(scope="module")
def offline() -> Iterator[Provided]:
    """The provider where no server is needed."""
    told = {"WEAVIATE_URL": "http://127.0.0.1:9", "WEAVIATE_API_KEY": "unused"}  # pragma: allowlist secret
    with Plugin(FOLDER, told) as plugin:
        plugin.configure()
        yield Provided(plugin)
