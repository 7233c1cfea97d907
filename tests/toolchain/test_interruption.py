"""Set-ups that are killed, interrupted or run twice at once."""

import signal
import subprocess
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from rehearsal.toolchain.cache import Entry
from rehearsal.toolchain.edges import Edges
from rehearsal.toolchain.tool import Tool

Take = Callable[..., Entry]
Start = Callable[..., "subprocess.Popen[str]"]
Builds = Callable[[], list[int]]

PATIENCE = 30


@pytest.fixture
def slow(edges: Edges, script: Callable[..., Path], tmp_path: Path, go: Path) -> Callable[[str], Edges]:
    """A machine whose Go notes each build and waits by a shell command before it begins."""

    def machine(wait: str) -> Edges:
        begin = f'[ "$1" = build ] && {{ echo $$ >> {tmp_path}/builds; {wait}; }}'
        return replace(edges, search_path=str(script("go", f'{begin}\nexec {go} "$@"')))

    return machine


@pytest.fixture
def builds(tmp_path: Path) -> Builds:
    """The process ids of the builds that began so far."""

    def read() -> list[int]:
        noted = tmp_path / "builds"
        return [int(line) for line in noted.read_text().splitlines()] if noted.exists() else []

    return read


@pytest.fixture
def begun(tiny: Tool, slow: Callable[[str], Edges], start: Start, builds: Builds) -> "subprocess.Popen[str]":
    """A set-up in mid-build."""
    process = start(tiny, slow(f"sleep {PATIENCE}"))
    _until(builds, "the build")
    return process


def _until(condition: Callable[[], object], what: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, f"{what} did not begin within {PATIENCE} s"
        time.sleep(0.02)


def _end(process: "subprocess.Popen[str]", number: signal.Signals) -> None:
    process.send_signal(number)
    process.communicate(timeout=PATIENCE)


def _gone(pid: int) -> bool:
    return not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE


def _left(edges: Edges) -> list[str]:
    kept = {"tools", "tiny", "lock", "build.log"}
    return [path.name for path in edges.cache.rglob("*") if path.name not in kept]


def test_after_a_kill_in_mid_build_the_next_set_up_builds(
    tiny: Tool, take: Take, go: Path, begun: "subprocess.Popen[str]", edges: Edges
) -> None:
    _end(begun, signal.SIGKILL)
    assert not list(edges.cache.rglob("manifest.json"))
    assert take(tiny, go.parent).manifest.source == "build"


def test_what_a_killed_set_up_left_running_is_ended_by_the_next(
    tiny: Tool, take: Take, go: Path, begun: "subprocess.Popen[str]", builds: Builds
) -> None:
    _end(begun, signal.SIGKILL)
    assert not _gone(builds()[0]), "a kill of the set-up alone leaves its build running, else this proves nothing"
    take(tiny, go.parent)
    assert _gone(builds()[0])


def test_what_a_killed_set_up_left_on_disk_is_removed_by_the_next(
    tiny: Tool, take: Take, go: Path, begun: "subprocess.Popen[str]", edges: Edges
) -> None:
    _end(begun, signal.SIGKILL)
    entry = take(tiny, go.parent)
    assert set(_left(edges)) == {entry.folder.name, "manifest.json"}


def test_an_interrupted_build_ends_its_go(begun: "subprocess.Popen[str]", builds: Builds) -> None:
    _end(begun, signal.SIGINT)
    assert _gone(builds()[0])


def test_an_interrupted_build_leaves_a_clean_cache(begun: "subprocess.Popen[str]", edges: Edges) -> None:
    _end(begun, signal.SIGINT)
    assert _left(edges) == []


def test_two_set_ups_at_once_build_once(
    tiny: Tool, slow: Callable[[str], Edges], start: Start, builds: Builds, tmp_path: Path
) -> None:
    seen = tmp_path / "seen"
    machine = slow(f"until [ -e {seen} ]; do sleep 0.02; done")
    first = start(tiny, machine)
    _until(builds, "the first build")
    second = start(tiny, machine)
    assert second.stdout is not None
    told = second.stdout.readline()
    seen.touch()
    for process in (first, second):
        process.communicate(timeout=PATIENCE)
    assert (first.returncode, second.returncode, len(builds())) == (0, 0, 1)
    assert told == "Waiting for another set-up to finish tiny 1.2.3\n"
