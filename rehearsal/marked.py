"""Processes that are known by a mark in their environment, which all they start inherits, and how processes end.

A process number may be given to another program after a crash or a reboot, and a recorded start time moves when the
clock is set; the mark stays with the process and nothing else has it.
"""

import os
import time
from collections.abc import Iterable, Sequence
from contextlib import suppress

import psutil


def mark_of(process: psutil.Process, variable: str) -> str | None:
    """Return the mark that a process carries in a variable; one that has died, or is somebody else's, carries none."""
    try:
        mark: str | None = process.environ().get(variable)
    except (psutil.Error, OSError):
        return None
    return mark


def end(processes: Iterable[psutil.Process], *, patience: float) -> None:
    """End processes: those that ignore a request to end are killed.

    Args:
        processes: the processes; some may have ended already.
        patience: seconds between the request and the kill, and after the kill.
    """
    asked = tuple(processes)
    for process in asked:
        with suppress(psutil.NoSuchProcess):
            process.terminate()
    for process in _left(asked, patience):
        with suppress(psutil.NoSuchProcess):
            process.kill()
    _left(asked, patience)


def _left(processes: Sequence[psutil.Process], patience: float) -> list[psutil.Process]:
    """Those that have not ended when all have, or when the time is up."""
    deadline = time.monotonic() + patience
    while (left := [process for process in processes if not _has_ended(process)]) and time.monotonic() < deadline:
        time.sleep(0.02)
    return left


def _has_ended(process: psutil.Process) -> bool:
    """A dead process stays in the table until its parent takes notice: this program, or an init that may be slow."""
    with suppress(ChildProcessError):
        os.waitpid(process.pid, os.WNOHANG)
    try:
        return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True
