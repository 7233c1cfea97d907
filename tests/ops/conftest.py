"""What was recorded from the real engine and API server, and a stand-in for the engine's CLI that repeats it."""

import gc
import json
import signal
import sys
import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

import policies
from ops.cli import main
from ops.deployment import Deployment
from ops.engine import Engine
from render import Graph, render

RECORDED = Path(__file__).parent / "recorded"

COLLECTIONS = {
    "/api/v1/nodes": "nodes",
    "/api/v1/pods": "pods",
    "/api/v1/namespaces/sophia-mcp/events": "events",
    "/apis/apps/v1/replicasets": "replica_sets",
    "/apis/apps/v1/statefulsets": "stateful_sets",
}

HISTORY = 'if sys.argv[1:3] == ["stack", "history"]:\n    sys.exit(print("[]"))\n'
"""A stack that was never updated."""


class Clock(datetime):
    """A clock that stands."""

    @classmethod
    def now(cls, tz=None):
        return datetime(2026, 11, 30, 12, tzinfo=tz)


Recorded = Callable[[str], str]
StandIn = Callable[[str], Engine]
Cluster = Callable[..., httpx.Client]


@pytest.fixture(scope="session")
def recorded() -> Recorded:
    """Gives what was recorded (pulumi 3.259.0, Kubernetes 1.36.0), trimmed to what a reader may look at."""
    return lambda name: (RECORDED / name).read_text(encoding="utf-8")


@pytest.fixture
def stand_in(tmp_path: Path) -> Iterator[StandIn]:
    """Gives an engine whose CLI is a program of our own, in Python, so that it may treat signals as it likes.

    It is started in an empty project, with nothing on its PATH but itself and the system's programs.
    """
    project, program = tmp_path / "project", tmp_path / "bin/pulumi"
    project.mkdir()
    program.parent.mkdir()

    def engine(body: str) -> Engine:
        prelude = f"import os, signal, subprocess, sys, time\nRECORDED = {str(RECORDED)!r}\n{HISTORY}"
        program.write_text(f"#!{sys.executable} -S\n{prelude}{body}\n", encoding="utf-8")
        program.chmod(0o755)
        environment = {"PATH": f"{program.parent}:/usr/bin:/bin"}
        return Engine("dev", project=project, environment=environment, run_file=tmp_path / "run/engine.json")

    # What holds an engine that has ended, its pipes among it, is collected here at the latest.
    warnings.filterwarnings("ignore", "unclosed file|subprocess .* is still running", ResourceWarning)
    yield engine
    gc.collect(1)


@pytest.fixture
def replayed(stand_in: StandIn) -> Callable[..., Engine]:
    """Gives an engine that repeats a recording, writes to its error stream and leaves with a code."""

    def engine(name: str, code: int = 0, stderr: str = "") -> Engine:
        return stand_in(
            f"print(open(f'{{RECORDED}}/{name}').read(), end='')\nsys.stderr.write({stderr!r})\nsys.exit({code})"
        )

    return engine


CENTRAL = ("egress-proxy", "health-monitor", "mcp-gateway", "mcp-orchestration", "registry-v2")
DATA = ("postgresql", "valkey", "weaviate")
RUNNING = ("mcp-github", *CENTRAL, *DATA)
"""How the names of the pods begin that the stack with one server has."""


@dataclass
class Api:
    """An API server that answers with what was recorded, for the objects whose names begin as asked."""

    shown: tuple[str, ...]
    asked: list[httpx.Request]

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        document = json.loads((RECORDED / f"{COLLECTIONS[request.url.path]}.json").read_text(encoding="utf-8"))
        fields = dict(word.split("=") for word in request.url.params.get("fieldSelector", "").split(",") if word)
        document["items"] = [item for item in document["items"] if self._is_asked_for(item, fields)]
        return httpx.Response(200, json=document)

    def _is_asked_for(self, item: Mapping[str, Any], fields: Mapping[str, str]) -> bool:
        flat = {"reason": item.get("reason"), "involvedObject.uid": item.get("involvedObject", {}).get("uid")}
        shown = "involvedObject" in item or item["metadata"]["name"].startswith(self.shown)
        return shown and all(flat[field] == value for field, value in fields.items())


@pytest.fixture
def api() -> Callable[..., Api]:
    """Gives an API server that has the one node, and the objects whose names begin with one of the given words."""
    return lambda *names: Api(("sophia-development", *names), [])


@pytest.fixture
def cluster(api: Callable[..., Api]) -> Iterator[Cluster]:
    """Gives a client of such a server."""
    clients: list[httpx.Client] = []

    def client(*names: str) -> httpx.Client:
        clients.append(httpx.Client(base_url="https://api.invalid", transport=httpx.MockTransport(api(*names))))
        return clients[-1]

    yield client
    for made in clients:
        made.close()


@pytest.fixture(scope="session")
def graph() -> Graph:
    """The graph of the dev stack with one server."""
    return render("dev", choices={"sophia:mcp_servers": ["github"]})


@pytest.fixture
def deployment(graph: Graph, cluster: Cluster) -> Callable[..., Deployment]:
    """Gives that stack's deployment, with an engine that stands in and a cluster that was recorded."""
    return lambda engine, *names: Deployment("dev", graph, engine, cluster(*(names or RUNNING)))


@dataclass(frozen=True)
class Left:
    """What a verb left with."""

    code: int
    out: str
    err: str


Sophia = Callable[..., Left]


@pytest.fixture
def sophia(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Sophia]:
    """Runs a verb in this process, as ``./sophia`` does in its own."""
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}

    def run(*words: str) -> Left:
        monkeypatch.setattr(sys, "argv", ["sophia", *words])
        with pytest.raises(SystemExit) as left:
            main()
        shown = capsys.readouterr()
        code = left.value.code
        return Left(code if isinstance(code, int) else int(code is not None), shown.out, shown.err)

    yield run
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.fixture
def later(monkeypatch):
    """The day is one on which every exemption has ended."""
    context = policies.context
    monkeypatch.setattr(policies, "context", lambda *words, **about: context(*words, **about, today=date(2027, 6, 1)))
