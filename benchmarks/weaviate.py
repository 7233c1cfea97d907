"""The weaviate provider against the official Python client on the same server, the real one, started for this.

- the catalog's collections and their aliases, made by the engine and by the client.
- requests of a refresh, counted on the way to the server.
- a migration against the client's plain import (gRPC) of the same objects, which fills the migrated collection.
- hybrid search over REST, of a collection that the client filled.

By hand: ``python -m benchmarks.weaviate``, or with more objects ``--migrated 20000 --searched 100000``.
"""

import argparse
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import venv
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import psutil

import catalog
from benchmarks.checkout import ROOT
from benchmarks.memories import vector, words
from benchmarks.project import UP, Project, environment, project
from benchmarks.samples import Row, machine, ratio, show
from catalog.addons import cache_root
from components.weaviate import plan
from providers.kit.testing import Plugin
from providers.weaviate.copying import MARGIN_MS
from rehearsal.toolchain import ensure, progress_for
from tests.weaviate.server import Server

FOLDER = ROOT / "providers" / "weaviate"
CLIENT = "weaviate-client==4.23.0"
"""It needs an older gRPC than Pulumi, so it gets an environment of its own."""
DESTROY = ("pulumi", "destroy", "--yes", "--skip-preview", "--non-interactive")
REFRESH = ("pulumi", "refresh", "--yes", "--skip-preview", "--non-interactive")
ROUNDS = 3
CREATION = 1.5
REFRESHED = 100
REQUESTS = 2.0
MIGRATED = 5_000
THROUGHPUT = 0.8
SEARCHED = 5_000
SEARCHES = 500
WARM_UP = 50
GOAL_OF_SEARCH = 100_000
"""The number of objects that the goal of a search is for."""
SEARCH_MS = 50.0
CALL_SECONDS = 3_600.0

_NATIVE = """
import json
from pathlib import Path

from providers.weaviate import sdk

for name, said in json.loads(Path("collections.json").read_text()).items():
    sdk.Collection(name, **said)
"""

_ALONE = """
from providers.weaviate import sdk

sdk.Provider("alone")
"""

_CLIENT = """
import json
import os
import sys
import time
from contextlib import contextmanager

import weaviate
from weaviate.classes.init import Auth

from benchmarks.memories import memories

CHUNK = 5_000

taken = {"seconds": 0.0, "cpu": 0.0}

@contextmanager
def timed():
    seconds, cpu = time.perf_counter(), time.process_time()
    yield
    taken["seconds"] += time.perf_counter() - seconds
    taken["cpu"] += time.process_time() - cpu

def create(client, collections):
    with timed():
        for alias, one in collections.items():
            client.collections.create_from_dict(one)
            client.alias.create(alias_name=alias, target_collection=one["class"])

def fill(client, name, count):
    collection = client.collections.use(name)
    objects = memories(count)
    for start in range(0, count, CHUNK):
        some = [next(objects) for _ in range(min(CHUNK, count - start))]
        with timed(), collection.batch.dynamic() as batch:
            for one in some:
                batch.add_object(properties=one["properties"], uuid=one["id"], vector={"default": one["vector"]})
        if collection.batch.failed_objects:
            sys.exit(str(collection.batch.failed_objects[0].message))

with weaviate.connect_to_local(
    port=int(os.environ["REST_PORT"]),
    grpc_port=int(os.environ["GRPC_PORT"]),
    auth_credentials=Auth.api_key(os.environ["WEAVIATE_API_KEY"]),
) as client:
    told = json.load(sys.stdin)
    {"create": create, "fill": fill}[told.pop("do")](client, **told)
print(json.dumps(taken))
"""

_MEMORY: dict[str, Any] = {
    "name": "Memory",
    "behindAlias": True,
    "onBreakingChange": "migrate",
    "properties": [
        {"name": "content", "dataType": "text"},
        {"name": "source", "dataType": "text", "tokenization": "field"},
        {"name": "importance", "dataType": "int"},
    ],
    "vectors": {"default": {}},
    "invertedIndex": {"indexTimestamps": True},
}
_CHANGED = {**_MEMORY, "properties": [*_MEMORY["properties"][:2], {"name": "importance", "dataType": "number"}]}
_WRITER = {
    "name": "writer",
    "permissions": [
        {"action": f"{verb}_data", "collection": "Memory.*"} for verb in ("create", "read", "update", "delete")
    ],
}


class Taken(NamedTuple):
    """What something takes."""

    seconds: float
    cpu: float
    """Seconds of CPU time, the server's included."""


@dataclass(frozen=True)
class Official:
    """The official client, in a process of its own."""

    python: Path
    """The interpreter of its environment."""
    server: Server
    """The server that it talks to."""

    def took(self, do: str, **told: Any) -> Taken:
        """Return what the client takes for something once it is connected.

        Args:
            do: `create` or `fill`.
            told: about it.

        Raises:
            RuntimeError: it fails.
        """
        before = _cpu()
        done = subprocess.run(
            [self.python, "-c", _CLIENT],
            env={
                "PATH": os.environ["PATH"],
                "PYTHONPATH": str(ROOT),
                "REST_PORT": str(httpx.URL(self.server.url).port),
                "GRPC_PORT": str(self.server.grpc_port),
                **self.server.environment,
            },
            input=json.dumps({"do": do, **told}),
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            msg = f"the official client: exit code {done.returncode}\n{done.stderr[-2000:]}"
            raise RuntimeError(msg)
        taken = json.loads(done.stdout)
        return Taken(taken["seconds"], taken["cpu"] + _cpu() - before)


def _cpu() -> float:
    """Return the CPU time of the processes that were started and run: the server, and a plugin."""
    spent = [one.cpu_times() for one in psutil.Process().children()]
    return sum(one.user + one.system for one in spent)


def measure(migrated: int = MIGRATED, searched: int = SEARCHED) -> list[Row]:
    """Return the ratios, medians of several rounds.

    Args:
        migrated: how many objects are migrated.
        searched: how many objects the collection holds that is searched.
    """
    tools = ensure(catalog.load(), progress=progress_for())
    python = _environment_of_the_client()
    with tempfile.TemporaryDirectory(prefix="sophia-bench-") as name:
        folder = Path(name)
        (folder / "server").mkdir()
        server = Server(tools.weaviate, folder / "server")
        try:
            server.start()
            official = Official(python, server)
            settings = environment(folder, tools.bin, server.environment)
            return [
                *_creation(folder, settings, official),
                *_refresh(folder, settings, server),
                *_migration(migrated, official),
                *_search(searched, official),
            ]
        finally:
            server.close()


def _environment_of_the_client() -> Path:
    """Return the interpreter of the environment that has the official client; it is made where it is missing."""
    folder = cache_root(os.environ) / "benchmarks" / CLIENT.replace("==", "-")
    python = folder / "bin" / "python"
    if not python.exists():
        venv.create(folder, with_pip=True)
    # That all is there already takes a second to find.
    subprocess.run([python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", CLIENT], check=True)
    return python


def _plugins() -> Mapping[str, object]:
    return {"plugins": {"providers": [{"name": "weaviate", "path": str(FOLDER)}]}}


def _creation(folder: Path, settings: Mapping[str, str], official: Official) -> list[Row]:
    known = catalog.load()
    said = {name: plan.collection(name, one, known.weaviate, guarded=False) for name, one in known.collections.items()}
    files = {"__main__.py": _NATIVE, "collections.json": json.dumps(said)}
    programs = {
        "empty": project(folder / "empty", settings, {"__main__.py": ""}),
        "alone": project(folder / "alone", settings, {"__main__.py": _ALONE}, _plugins()),
        "native": project(folder / "native", settings, files, _plugins()),
    }
    for one in programs.values():
        one.initialise()
    # What is compared is measured in the same round: the machine's speed changes from minute to minute.
    rounds = [_round(programs, official) for _ in range(ROUNDS)]

    def median(name: str, less: str | None = None) -> float:
        return statistics.median(found[name] - (found[less] if less else 0.0) for found in rounds)

    count = len(said)
    by_engine = statistics.median((found["native"] - found["empty"]) / found["official"] for found in rounds)
    beyond_start = statistics.median((found["native"] - found["alone"]) / found["official"] for found in rounds)
    return [
        Row(f"{count} collections, official client", f"{median('official'):.2f} s"),
        Row("the same by up, less an empty program", f"{median('native', 'empty'):.2f} s"),
        Row("the same by up, less the provider alone", f"{median('native', 'alone'):.2f} s"),
        ratio("up less an empty program / client", by_engine, CREATION),
        Row("up less the provider alone / client", f"{beyond_start:.2f}"),
    ]


def _round(programs: Mapping[str, Project], official: Official) -> Mapping[str, float]:
    found = {}
    for name, one in programs.items():
        found[name], _ = one.timed(*UP)
        if name == "native":
            made = official.server.http.get("/schema").json()["classes"]
        one.timed(*DESTROY)
    behind = {one["class"].removesuffix("_v1"): one for one in made}
    found["official"] = official.took("create", collections=behind).seconds
    official.server.wipe()
    return found


def _refresh(folder: Path, settings: Mapping[str, str], server: Server) -> list[Row]:
    said = {
        f"memory-{number}": {
            "name": f"Memory{number}",
            "properties": [{"name": "content", "data_type": "text"}],
            "vectors": {"default": {"hnsw": {}}},
            "behind_alias": True,
        }
        for number in range(REFRESHED)
    }
    files = {"__main__.py": _NATIVE, "collections.json": json.dumps(said)}
    with _counting(server.url) as (url, requests):
        one = project(folder / "many", {**settings, "WEAVIATE_URL": url}, files, _plugins())
        one.initialise()
        one.timed(*UP)
        requests.clear()
        taken, _ = one.timed(*REFRESH)
    each = len(requests) / REFRESHED
    server.wipe()
    return [
        Row(f"refresh of {REFRESHED} collections ", f"{taken:.2f} s, {len(requests)} requests"),
        ratio("requests for each collection", each, REQUESTS),
    ]


@contextmanager
def _counting(url: str) -> Iterator[tuple[str, list[str]]]:
    """Give an address that leads to another, and the requests that came to it."""
    requests: list[str] = []
    onward = httpx.Client(base_url=url, timeout=60, trust_env=False)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _forward(self) -> None:
            requests.append(self.requestline)
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            names = ("Authorization", "Content-Type")
            headers = {name: self.headers[name] for name in names if name in self.headers}
            answer = onward.request(self.command, self.path, content=body, headers=headers)
            self.send_response(answer.status_code)
            for name, value in {"Content-Type": answer.headers.get("Content-Type", ""), "Content-Length": ""}.items():
                self.send_header(name, value or str(len(answer.content)))
            self.end_headers()
            self.wfile.write(answer.content)

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _forward  # noqa: N815 - the names it looks for

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name it has there
            """Say nothing."""

    proxy = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=proxy.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{proxy.server_port}", requests
    finally:
        proxy.shutdown()
        thread.join()
        proxy.server_close()
        onward.close()


def _migration(count: int, official: Official) -> list[Row]:
    """Return how fast objects are migrated; somebody may write to them, so that the fence is closed meanwhile."""
    server = official.server
    rounds = []
    with Plugin(FOLDER, server.environment, call_seconds=CALL_SECONDS) as plugin:
        plugin.configure()
        for _ in range(ROUNDS):
            plugin.create("Role", plugin.check("Role", _WRITER).inputs)
            made = plugin.create("Collection", plugin.check("Collection", _MEMORY).inputs)
            imported = official.took("fill", name="Memory_v1", count=count)
            there = plugin.read("Collection", made.id, made.outputs, made.inputs)
            wanted = plugin.check("Collection", _CHANGED).inputs
            # What was written a moment before is copied twice, and most of what is migrated is older.
            time.sleep(MARGIN_MS / 1000)
            begun, cpu = time.perf_counter(), _cpu()
            after = plugin.update("Collection", there.id, there.outputs, wanted, old_inputs=there.inputs)
            rounds.append((imported, Taken(time.perf_counter() - begun, _cpu() - cpu)))
            if after.outputs["objectCount"] != count:
                msg = f"{after.outputs['objectCount']} objects were migrated, and not {count}"
                raise RuntimeError(msg)
            server.wipe()
    relative = statistics.median(imported.seconds / migrated.seconds for imported, migrated in rounds)
    of_cpu = statistics.median(imported.cpu / migrated.cpu for imported, migrated in rounds)
    return [
        _rate(f"import of {count:,}, official client", count, [imported for imported, _ in rounds]),
        _rate(f"migration of {count:,}", count, [migrated for _, migrated in rounds]),
        Row("migration / import", f"{relative:.2f}", f"at least {THROUGHPUT}", relative >= THROUGHPUT),
        Row("the same by CPU time", f"{of_cpu:.2f}"),
    ]


def _rate(what: str, count: int, rounds: Sequence[Taken]) -> Row:
    seconds, cpu = (statistics.median(each) for each in zip(*rounds, strict=True))
    return Row(what, f"{count / seconds:,.0f} objects/s, {cpu:.1f} s of CPU time")


def _search(count: int, official: Official) -> list[Row]:
    server = official.server
    with Plugin(FOLDER, server.environment) as plugin:
        plugin.configure()
        plugin.create("Collection", plugin.check("Collection", _MEMORY).inputs)
    official.took("fill", name="Memory_v1", count=count)
    alpha = catalog.load().weaviate.hybrid_alpha
    chance = random.Random(2)  # noqa: S311 - no secret
    taken = [_searched(server, alpha, chance) for _ in range(WARM_UP + SEARCHES)][WARM_UP:]
    server.wipe()
    p50, p95 = _percentiles(taken)
    met = None if count < GOAL_OF_SEARCH else p95 < SEARCH_MS
    goal = f"under {SEARCH_MS:.0f} ms at {GOAL_OF_SEARCH:,}"
    return [
        Row(f"hybrid search of {count:,} objects, p50", f"{p50:.1f} ms"),
        Row(f"hybrid search of {count:,} objects, p95", f"{p95:.1f} ms", goal, met),
    ]


def _searched(server: Server, alpha: float, chance: random.Random) -> float:
    """Return the milliseconds of one search for words and a vector."""
    hybrid = f'{{query: "{words(chance, 4)}", vector: {vector(chance)}, alpha: {alpha}}}'
    query = f"{{Get{{Memory(limit: 10, hybrid: {hybrid}){{content source _additional{{id score}}}}}}}}"
    begun = time.perf_counter()
    answer = server.http.post("/graphql", json={"query": query}).raise_for_status().json()
    taken = time.perf_counter() - begun
    if answer.get("errors") or not answer["data"]["Get"]["Memory"]:
        msg = f"a search found nothing: {answer.get('errors')}"
        raise RuntimeError(msg)
    return taken * 1000


def _percentiles(taken: Sequence[float]) -> tuple[float, float]:
    cuts = statistics.quantiles(taken, n=20)
    return cuts[9], cuts[18]


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--migrated", type=int, default=MIGRATED, help="how many objects are migrated")
    parser.add_argument("--searched", type=int, default=SEARCHED, help="how many objects are searched")
    told = parser.parse_args()
    sys.stdout.write(f"{machine()}\n\n")
    show("The weaviate provider against the official client", measure(told.migrated, told.searched))


if __name__ == "__main__":
    main()
