"""The provider's own process, and the real server."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from catalog.versions import read_versions
from providers.kit.testing import Plugin
from rehearsal.toolchain.chain import provide
from rehearsal.toolchain.edges import Edges
from rehearsal.toolchain.progress import progress_for
from rehearsal.toolchain.recipes.weaviate import weaviate
from tests.provided import Provided
from tests.weaviate.server import Server

FOLDER = Path(__file__).parents[2] / "providers" / "weaviate"
COLLECTION = "Collection"
CALL_SECONDS = 1200.0
"""How long one step of a resource may take: 100,000 objects are copied in one."""


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
        yield Provided(plugin, COLLECTION)


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
        yield Provided(plugin, COLLECTION)
