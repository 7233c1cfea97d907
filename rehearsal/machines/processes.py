"""The processes of machines: each has one that waits for its first one, and all end with it."""

import os
import signal
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

import psutil

from rehearsal import marked
from rehearsal.error import RehearsalError
from rehearsal.home import Place
from rehearsal.machines.machine import MachineSpec
from rehearsal.process import end, find, last_lines, log_of, spawn
from rehearsal.waiting import until

_PROGRAM = Path(__file__).parent / "start.sh"
_ENDING = 5.0
"""Seconds within which the kernel ends all processes of a machine; measured: 0.1."""

_BOOT = 60.0
"""Seconds until a machine lets people in; measured: 1 alone, 3 for five at once."""


def start(folder: Place, spec: MachineSpec, *, namespace: Path, directory: Path, groups: Iterable[Path]) -> None:
    """Start a machine; it boots from here on.

    Args:
        folder: where its process belongs.
        spec: the machine.
        namespace: the file that its network is entered by.
        directory: its directory.
        groups: its control groups.
    """
    arguments = (str(namespace), str(directory), spec.name, *(str(group) for group in groups))
    spawn(folder, spec.id, ("/bin/sh", str(_PROGRAM), *arguments))


def started(folder: Place, machine_id: str) -> bool:
    """Return whether a machine was started and has not ended, whether or not it has booted."""
    return bool(find(folder, [machine_id]))


def wait(folder: Place, machine_id: str) -> int:
    """Return the machine's first process once people are let in.

    Raises:
        RehearsalError: when it ends before, or takes too long, with the end of its console.
    """

    def complaint(what: str) -> str:
        log = log_of(folder, machine_id)
        tail = last_lines(log, 15) or "(nothing)"
        return f"machine {machine_id} {what}; the end of {log}:\n{tail}\n`{folder.removal}` ends all machines"

    def up() -> int | None:
        waiting = find(folder, [machine_id])
        if not waiting:
            raise RehearsalError(complaint("ended while it booted"))
        init = _child(waiting[machine_id].pid)
        # Made by its SSH server, and removed when logins are opened; the outside's /run has the first, in no case both.
        run = Path(f"/proc/{init}/root/run")
        open_now = init and _is_init(init) and (run / "sshd.pid").exists() and not (run / "nologin").exists()
        return init if open_now else None

    return until(up, seconds=_BOOT, failure=lambda: complaint(f"lets nobody in after {_BOOT:.0f} s"))


def first_process(folder: Place, machine_id: str) -> int | None:
    """Return the number, outside, of a machine's first process; None when it does not run."""
    return next(iter(first_processes(folder, [machine_id]).values()), None)


def first_processes(folder: Place, machine_ids: Iterable[str]) -> dict[str, int]:
    """Return the numbers, outside, of the first processes of those machines that run."""
    waiting = {machine_id: _child(record.pid) for machine_id, record in find(folder, machine_ids).items()}
    return {machine_id: child for machine_id, child in waiting.items() if child}


def kill(folder: Place, machine_ids: Iterable[str]) -> None:
    """End machines at once, as a loss of power does.

    Raises:
        RehearsalError: when one lives on.
    """
    waiting = find(folder, machine_ids)
    for record in waiting.values():
        child = _child(record.pid)
        for pid in (child, record.pid):
            if pid:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
    end(folder, waiting.values(), patience=_ENDING)
    if left := find(folder, waiting):
        message = f"machines {', '.join(left)}: their processes live on after a kill; run `{folder.removal}` again"
        raise RehearsalError(message)


def strays(folder: Place) -> tuple[str, ...]:
    """Return the ids of all machines that have a process, also of those that nothing else is left of."""
    prefix = f"{folder.path}/"
    marks = (marked.mark_of(process, "SOPHIA_REHEARSAL") for process in psutil.process_iter())
    return tuple(sorted({mark.removeprefix(prefix) for mark in marks if mark and mark.startswith(prefix)}))


def _child(pid: int) -> int | None:
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="utf-8").split()
    except OSError:
        return None
    return int(children[0]) if children else None


def _is_init(pid: int) -> bool:
    """Whether it has become the machine's systemd: before that its root is the outside's."""
    try:
        return Path(f"/proc/{pid}/comm").read_text(encoding="utf-8").strip() == "systemd"
    except OSError:
        return False
