"""Detached processes are found again, and nobody else's is ever signalled."""

import json
import os
import signal
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path

import psutil
import pytest

from rehearsal.home import Folder
from rehearsal.process import Record, end, find, last_lines, log_of, spawn
from rehearsal.waiting import until

SLEEP = ("/bin/sleep", "600")
Start = Callable[[str, Sequence[str]], int]


def _claims(folder: Folder, name: str, process: psutil.Process) -> Record:
    """Write a record that says a process is ours, as one left over from before a reboot does."""
    record = Record(name, process.pid, process.create_time(), SLEEP)
    (folder.run / f"{name}.json").write_text(json.dumps(asdict(record)), encoding="utf-8")
    return record


def test_a_process_is_found_by_a_later_run(folder: Folder, program: Start) -> None:
    pid = program("etcd", SLEEP)
    assert find(folder, ["etcd"])["etcd"].pid == pid


def test_a_process_is_found_while_one_program_after_another_takes_its_place(
    folder: Folder, program: Start, tmp_path: Path
) -> None:
    script = tmp_path / "again.sh"
    script.write_text('[ $1 -gt 0 ] && exec /bin/sh "$0" $(($1 - 1)); exec sleep 600')
    pid = program("etcd", ("/bin/sh", str(script), "1500"))
    looks = 0
    while psutil.Process(pid).name() != "sleep":
        assert find(folder, ["etcd"]), f"lost at look {looks}"
        looks += 1
    assert looks > 10, "too few looks to meet a moment between two programs"


def test_a_process_is_found_without_its_record(folder: Folder, program: Start) -> None:
    pid = program("etcd", SLEEP)
    (folder.run / "etcd.json").unlink()
    found = find(folder, ["etcd"])["etcd"]
    assert (found.pid, found.command) == (pid, SLEEP), "its starter may have been killed before it wrote the record"


def test_a_damaged_record_loses_no_process(folder: Folder, program: Start) -> None:
    pid = program("etcd", SLEEP)
    (folder.run / "etcd.json").write_text('{"name": "etc', encoding="utf-8")
    assert find(folder, ["etcd"])["etcd"].pid == pid


def test_another_stacks_process_is_not_found(folder: Folder, program: Start) -> None:
    program("etcd", SLEEP)
    assert find(Folder(folder.home, "prod"), ["etcd"]) == {}


def test_a_stale_process_number_is_not_taken_for_ours(folder: Folder, bystander: psutil.Popen) -> None:
    _claims(folder, "etcd", bystander)
    assert find(folder, ["etcd"]) == {}


def test_a_stale_process_number_is_never_signalled(folder: Folder, bystander: psutil.Popen) -> None:
    end(folder, [_claims(folder, "etcd", bystander)], patience=0.2)
    assert bystander.poll() is None, "a program that got the number after a reboot must not be ended"


def test_an_ended_process_is_gone_and_forgotten(folder: Folder) -> None:
    record = spawn(folder, "etcd", SLEEP)
    end(folder, [record], patience=5)
    assert not psutil.pid_exists(record.pid)
    assert not (folder.run / "etcd.json").exists()


def test_a_process_that_ignores_the_request_is_killed(folder: Folder) -> None:
    deaf = (
        "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); time.sleep(600)"
    )
    record = spawn(folder, "stubborn", (sys.executable, "-c", deaf))
    until(lambda: log_of(folder, "stubborn").read_text() or None, seconds=10, failure=lambda: "it still listens")
    begun = time.monotonic()
    end(folder, [record], patience=0.5)
    assert find(folder, ["stubborn"]) == {}
    assert time.monotonic() - begun < 5


def test_a_process_outlives_the_signals_of_the_starters_terminal(program: Start) -> None:
    pid = program("etcd", SLEEP)
    assert os.getsid(pid) == pid != os.getsid(0)


def test_a_process_gets_nothing_of_the_callers_environment(program: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:1")
    environment = psutil.Process(program("etcd", SLEEP)).environ()
    assert environment.keys() == {"HOME", "PATH", "SOPHIA_REHEARSAL"}


def test_a_process_can_be_ended_by_a_broken_pipe(program: Start) -> None:
    pid = program("etcd", SLEEP)
    lines = Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines()
    ignored = next(int(line.split()[1], 16) for line in lines if line.startswith("SigIgn"))
    assert not ignored & (1 << (signal.SIGPIPE - 1)), "Python ignores SIGPIPE and its children would inherit that"


def test_a_process_that_died_is_not_found(folder: Folder) -> None:
    record = spawn(folder, "etcd", ("/bin/true",))
    until(lambda: True if find(folder, ["etcd"]) == {} else None, seconds=10, failure=lambda: "a dead one is found")
    end(folder, [record], patience=1)


def test_a_log_is_one_runs_and_the_one_before_is_kept(folder: Folder) -> None:
    for word in ("first", "second"):
        record = spawn(folder, "etcd", ("/bin/echo", word))
        until(lambda: log_of(folder, "etcd").read_text() or None, seconds=10, failure=lambda: "nothing was written")
        end(folder, [record], patience=1)
    log = log_of(folder, "etcd")
    assert (log.read_text(), log.with_suffix(".log.1").read_text()) == ("second\n", "first\n")


def test_the_log_of_a_run_that_wrote_too_much_is_not_kept(folder: Folder) -> None:
    log = log_of(folder, "etcd")
    with log.open("wb") as file:
        file.truncate(17 * 1024 * 1024)
    end(folder, [spawn(folder, "etcd", ("/bin/true",))], patience=1)
    assert not log.with_suffix(".log.1").exists()


def test_the_end_of_a_log_is_its_last_lines(folder: Folder) -> None:
    log = log_of(folder, "etcd")
    log.write_text("".join(f"line {number}\n" for number in range(100_000)), encoding="utf-8")
    assert last_lines(log, 2) == "line 99998\nline 99999"
