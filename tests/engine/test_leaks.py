"""After all that other tests did to a stack, none of its secrets stands where it can be read."""

import base64
import json
import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil
import pytest

from ops.secret_search import Search
from rehearsal.waiting import until
from tests.engine.repeating import repeating
from tests.engine.test_recovery import SOON, engines, started, updating, words_of

pytestmark = pytest.mark.engine

EVERY_SECONDS = 0.05
YOUNG = 2.0
"""Seconds after which a process is no other program any more than it was made to be."""


def test_no_secret_is_left_by_a_rotation_a_crash_and_all_that_came_before(dev):
    opened = json.loads(dev.by_hand("dev", "pulumi", "env", "open", "rehearsal/sophia/dev-secrets", "sophia"))
    given = {name: value for group in opened.values() for name, value in group.items()}
    search = Search({name: given[name] for name in given.keys() - {"DOCKERHUB_USERNAME", "WEAVIATE_URL"}})
    with repeating(Called(search).look, every=EVERY_SECONDS):
        for words in (("preview", "dev"), ("secrets", "rotate", "dev", "POSTGRES_EXPORTER_PASSWORD")):
            done = dev.sophia(*words)
            search.look("outputs", words[0], (done.stdout + done.stderr).encode())
        search.look("outputs", "crash", crashed(dev).encode())
        done = dev.sophia("drift", "dev")
        search.look("outputs", "drift", (done.stdout + done.stderr).encode())
        search.look("outputs", "report", Path(dev.answer("report", "dev")["file"]).read_bytes())
    assert search.places["samples"] > 100
    assert search.found == set()

    with planted(dev, given["OPENAI_API_KEY"]) as planted_at:
        answer = dev.answer("secrets", "search", "dev", code=1)
    found = {(row["kind"], row["form"]) for row in answer["found"] if row["name"] == "OPENAI_API_KEY"}
    assert found == planted_at, "what was put there for this test is found, or the search proves nothing"
    assert [row for row in answer["found"] if row["name"] != "OPENAI_API_KEY"] == []
    assert answer["secrets"] > 45
    assert answer["forms"] == ["plain", "JSON", "URL", "base64", "hex"]
    assert all(
        answer["places"][kind] for kind in ("states", "logs", "disks", "files", "caches", "processes", "objects")
    )


def crashed(checkout) -> str:
    """End the engine of an `up` as a crash does, where cores are dumped; return what all of it and the next printed."""
    checkout.kubectl("dev", "-n", "sophia-mcp", "delete", "deployment", "mcp-asana")
    soft, hard = resource.getrlimit(resource.RLIMIT_CORE)
    resource.setrlimit(resource.RLIMIT_CORE, (hard, hard))
    try:
        with started(checkout) as process:
            engine = until(lambda: working(checkout), seconds=SOON, failure=lambda: "no engine has begun")
            os.kill(engine.pid, signal.SIGABRT)
            told = process.communicate(timeout=120)
    finally:
        resource.setrlimit(resource.RLIMIT_CORE, (soft, hard))
    assert process.returncode == 1
    done = checkout.sophia("up", "dev")
    return "".join((*told, done.stdout, done.stderr))


def working(checkout) -> psutil.Process | None:
    """Return the engine of an update that has started its plugins; none when there is none yet."""
    plugins = [process for process in engines(checkout) if "pulumi-" in "".join(words_of(process)[:1])]
    return next(iter(updating(checkout)), None) if len(plugins) > 1 else None


class Called:
    """What every process of this computer is called with, looked at while it is young: later its words are the same.

    Args:
        search: what is looked for.
    """

    def __init__(self, search: Search) -> None:
        self._search = search
        self._since: dict[int, float] = {}

    def look(self) -> None:
        """Look at those that have begun not long ago."""
        now = time.monotonic()
        self._since = {pid: self._since.get(pid, now) for pid in psutil.pids()}
        words = []
        for pid, since in self._since.items():
            if now - since < YOUNG:
                with suppress(OSError):
                    words.append(Path(f"/proc/{pid}/cmdline").read_bytes())
        self._search.look("samples", "processes", b"\0".join(words))


@contextmanager
def planted(checkout, value: str) -> Iterator[set[tuple[str, str]]]:
    """Leave a secret where it may not be, in another form at each place; say where."""
    log = checkout.home / "account/logs/planted.log"
    log.write_text(f"x{value.encode().hex()}", encoding="utf-8")
    where = ("-n", "sophia-mcp", "configmap", "planted")
    encoded = base64.b64encode(f"user:{value}".encode()).decode()
    checkout.kubectl("dev", "create", *where, f"--from-literal=key={encoded}")
    words = [sys.executable, "-c", "import time; time.sleep(600)", value]
    try:
        with subprocess.Popen(words) as process:
            try:
                # The datastore keeps a ConfigMap as it is, and Secrets encrypted.
                yield {("logs", "hex"), ("objects", "base64"), ("disks", "base64"), ("processes", "plain")}
            finally:
                process.kill()
    finally:
        log.unlink()
        checkout.kubectl("dev", "delete", *where)
