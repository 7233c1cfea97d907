"""What the engine keeps about a stack, and the locks that killed engines leave behind."""

import json
import os
import socket
from pathlib import Path

import psutil
import pytest

from rehearsal.home import Folder
from rehearsal.state import State


def _put(folder: Folder, path: str, text: str = "{}") -> Path:
    file = folder.state / ".pulumi" / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
    return file


def _lock(folder: Folder, pid: int, hostname: str | None = None) -> Path:
    content = {"pid": pid, "username": "a", "hostname": hostname or socket.gethostname(), "timestamp": "2026-11-21"}
    return _put(folder, f"locks/organization/sophia/dev/{pid}.json", json.dumps(content))


@pytest.fixture
def ended() -> int:
    """The number of a process that is gone."""
    with psutil.Popen(["/bin/true"]) as process:
        process.wait()
    return int(process.pid)


def test_a_stack_that_was_never_initialised_has_no_file(folder: Folder) -> None:
    assert State(folder).file() is None


@pytest.mark.parametrize("suffix", [".json", ".json.gz", ".json.zst"])
def test_a_checkpoint_is_found_however_it_is_compressed(folder: Folder, suffix: str) -> None:
    file = _put(folder, f"stacks/sophia/dev{suffix}")
    assert State(folder).file() == file


def test_a_backup_alone_is_no_state(folder: Folder) -> None:
    _put(folder, "stacks/sophia/dev.json.bak")
    assert State(folder).file() is None


def test_removing_takes_one_stack_and_leaves_its_neighbour(folder: Folder) -> None:
    for stack in ("dev", "dev-2"):
        _put(folder, f"stacks/sophia/{stack}.json")
        _put(folder, f"stacks/sophia/{stack}.json.attrs")
        _put(folder, f"stacks/sophia/{stack}.json.bak")
        _put(folder, f"history/sophia/{stack}/{stack}-1.history.json")
        _put(folder, f"backups/sophia/{stack}/{stack}.1.json")
        _put(folder, f"locks/organization/sophia/{stack}/1.json")
    State(folder).remove()
    left = sorted(str(path.relative_to(folder.state)) for path in folder.state.rglob("*") if path.is_file())
    assert len(left) == 6
    assert all("dev-2" in path for path in left)


def test_the_lock_of_an_engine_that_is_gone_is_released(folder: Folder, ended: int) -> None:
    lock = _lock(folder, ended)
    assert State(folder).release_dead_locks() == (ended,)
    assert not lock.exists()


def test_a_number_that_went_to_another_program_holds_no_lock(folder: Folder) -> None:
    lock = _lock(folder, os.getpid())
    State(folder).release_dead_locks()
    assert not lock.exists()


def test_the_lock_of_an_engine_that_works_stays(folder: Folder, tmp_path: Path) -> None:
    engine = tmp_path / "pulumi"
    engine.symlink_to("/bin/sleep")
    with psutil.Popen([str(engine), "600"]) as process:
        lock = _lock(folder, process.pid)
        released = State(folder).release_dead_locks()
        process.kill()
    assert released == ()
    assert lock.exists()


def test_a_lock_of_another_machine_stays(folder: Folder, ended: int) -> None:
    lock = _lock(folder, ended, "another-machine")
    State(folder).release_dead_locks()
    assert lock.exists()


def test_a_lock_that_tells_nothing_stays(folder: Folder) -> None:
    lock = _put(folder, "locks/organization/sophia/dev/1.json", "")
    State(folder).release_dead_locks()
    assert lock.exists()
