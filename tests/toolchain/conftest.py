"""A tiny tool with every source a real one has: a Go module of its own, a vendor on loopback, folders on PATH."""

import hashlib
import http.server
import io
import os
import stat
import subprocess
import sys
import tarfile
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from catalog.versions import ToolLock, read_versions
from rehearsal.toolchain.cache import Cache, Entry
from rehearsal.toolchain.chain import provide
from rehearsal.toolchain.edges import Edges
from rehearsal.toolchain.go import require_go
from rehearsal.toolchain.progress import Progress
from rehearsal.toolchain.recipes import recipes
from rehearsal.toolchain.tool import Build, Checksum, Download, Platform, Probe, Tool

VERSION = "1.2.3"
MAIN = """package main

var version string

func main() { println("tiny v" + version) }
"""


@pytest.fixture
def lines() -> list[str]:
    """What progress was told."""
    return []


@pytest.fixture
def progress(lines: list[str]) -> Progress:
    class Recorded:
        def line(self, text: str) -> None:
            lines.append(text)

        @contextmanager
        def activity(self, text: str, expected_seconds: float | None = None) -> Iterator[None]:
            lines.append(text if expected_seconds is None else f"{text} ({expected_seconds:.0f} s)")
            yield

    return Recorded()


@pytest.fixture
def offered() -> dict[str, bytes]:
    """What the vendor's server has, by path."""
    return {}


@pytest.fixture
def asked() -> list[str]:
    """The paths that the vendor's server was asked for."""
    return []


@pytest.fixture
def address(offered: dict[str, bytes], asked: list[str], monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A vendor's server on loopback."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")

    class Answer(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            content = offered.get(self.path)
            self.send_response(404 if content is None else 200)
            self.end_headers()
            self.wfile.write(content or b"")

        def log_message(self, *_: object) -> None:
            return

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answer) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def _archive(version: str) -> bytes:
    content = f"#!/bin/sh\necho tiny v{version}\n".encode()
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as file:
        for name, data in (("tiny/README", b"read me"), ("tiny/tiny", content)):
            member = tarfile.TarInfo(name)
            member.size = len(data)
            file.addfile(member, io.BytesIO(data))
    return packed.getvalue()


@pytest.fixture
def offer(offered: dict[str, bytes], address: str) -> Callable[..., str]:
    """The vendor offers an archive of a tool that answers a version, and publishes a digest, which is given."""

    def publish(tool: Tool, version: str, published: str = "") -> str:
        path = tool.downloads[0].url.removeprefix(address)
        offered[path] = _archive(version)
        digest = published or hashlib.sha256(offered[path]).hexdigest()
        offered["/SHA256SUMS"] = f"{'0' * 64}  other.tar.gz\n{digest}  {path[1:]}\n".encode()
        return digest

    return publish


@pytest.fixture
def edges(tmp_path: Path) -> Edges:
    """A machine with an empty cache, the tiny module and nothing on PATH."""
    module = tmp_path / "tools" / "tiny"
    module.mkdir(parents=True)
    (module / "go.mod").write_text("module sophia/tools/tiny\n\ngo 1.26.0\n")
    (module / "go.sum").write_text("")
    (module / "main.go").write_text(MAIN)
    return Edges(go="1.26.3", cache=tmp_path / "cache", lock=ToolLock(tools={}), sources=tmp_path / "tools")


@pytest.fixture
def entries(edges: Edges) -> Mapping[str, Entry]:
    """Every tool, with a few bytes for each of its files."""
    cache = Cache(replace(edges, sources=Path(__file__).parents[2] / "tools"))

    def put(tool: Tool) -> Entry:
        cache.shelf(tool).mkdir(parents=True)
        with cache.staging(tool) as staging:
            for name in (*tool.programs, *tool.artefacts, *filter(None, [tool.plugin])):
                (staging / name).write_text(f"{tool.name} {tool.version} {name}")
            return cache.keep(tool, staging, "build", tool.version, "a test")

    return {tool.name: put(tool) for tool in recipes(read_versions(), Platform("linux", "amd64"))}


@pytest.fixture(scope="session")
def go() -> Path:
    """The real Go of this machine, which is new enough; where there is none, the error says how to install it."""
    return require_go(Edges.here(read_versions().go), "what the tests are about").program


@pytest.fixture
def tiny(address: str) -> Tool:
    """A tool that a vendor may offer as an archive with a file of checksums beside it."""
    build = Build(
        folder="tiny",
        version=VERSION,
        package=".",
        output="tiny",
        variables=(("main.version", VERSION),),
        seconds=1,
        size_mib=2,
        go_cache_mib=10,
    )
    download = Download(
        url=f"{address}/tiny-{Platform.current().architecture}.tar.gz",
        checksum=Checksum(url=f"{address}/SHA256SUMS", form="sums"),
        members=(("tiny/tiny", "tiny"),),
    )
    return Tool(
        name="tiny",
        version=VERSION,
        programs=("tiny",),
        probes=(Probe(program="tiny", arguments=("version",), pattern=r"^tiny v(\S+)$"),),
        downloads=(download,),
        build=build,
    )


@pytest.fixture
def script(tmp_path: Path) -> Callable[..., Path]:
    """Writes an executable shell script into a folder of its own and gives the folder."""

    def write(name: str, body: str, folder: str = "programs") -> Path:
        path = tmp_path / folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"#!/bin/sh\n{body}\n")
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
        return path.parent

    return write


@pytest.fixture
def take(edges: Edges, progress: Progress) -> Callable[..., Entry]:
    """Provides one tool with the given folders on PATH, on a machine that may differ in named ways."""

    def provide_one(tool: Tool, *folders: Path, **changes: Any) -> Entry:
        machine = replace(edges, search_path=os.pathsep.join(map(str, folders)), **changes)
        return provide([tool], machine, progress)[tool.name]

    return provide_one


@pytest.fixture
def start() -> Callable[..., "subprocess.Popen[str]"]:
    """Starts a set-up of tools in a process of its own, which can be killed."""

    def run(tool: Tool, edges: Edges, before: str = "") -> "subprocess.Popen[str]":
        program = "\n".join(
            [
                "import signal",
                "import sys",
                "from pathlib import Path, PosixPath",
                "from catalog.versions import ToolLock",
                "from rehearsal.toolchain.chain import provide",
                "from rehearsal.toolchain.edges import Edges",
                "from rehearsal.toolchain.progress import PlainProgress",
                "from rehearsal.toolchain.tool import *",
                before,
                (
                    f"edges = Edges(go={edges.go!r}, cache={edges.cache!r}, lock=ToolLock(tools={{}}),"
                    f" sources={edges.sources!r}, search_path={edges.search_path!r})"
                ),
                # As ./sophia does: a background job is started with SIGINT ignored.
                "signal.signal(signal.SIGINT, signal.default_int_handler)",
                f"provide(({tool!r},), edges, PlainProgress(sys.stdout))",
            ]
        )
        return subprocess.Popen(
            [sys.executable, "-c", program], cwd=Path(__file__).parents[2], stdout=subprocess.PIPE, text=True
        )

    return run
