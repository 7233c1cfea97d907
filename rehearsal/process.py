"""Detached processes that are found again by any later run, and never mistaken for anyone else's.

Each carries in its environment a mark that names the service it is. A record in ``run/`` says which process to look at
first; without one, as when the starter was killed before it wrote it, all processes are looked at.
"""

import json
import os
import signal
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil

from rehearsal import marked
from rehearsal.error import RehearsalError
from rehearsal.home import Place, write_private
from rehearsal.waiting import until

_MARK = "SOPHIA_REHEARSAL"
_BEGINNING = 2.0
_KEPT_LOG_BYTES = 16 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Record:
    """A process that was started for a service."""

    name: str
    """Name of the service."""
    pid: int
    started: float
    """Seconds since the epoch."""
    command: tuple[str, ...]
    """Program and arguments."""


def spawn(folder: Place, name: str, command: Sequence[str]) -> Record:
    """Start a process in a session of its own, so that it outlives this program and its terminal.

    Its environment is the mark and nothing of the caller's: no proxy, no credential.

    Args:
        folder: where it belongs.
        name: name of the service.
        command: absolute path of the program, and its arguments.
    """
    log = _fresh_log(folder, name)
    pid = os.posix_spawn(
        command[0],
        list(command),
        {"HOME": str(folder.path), "PATH": "/usr/bin:/bin", _MARK: _mark(folder, name)},
        file_actions=[
            (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
            (os.POSIX_SPAWN_OPEN, 1, str(log), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600),
            (os.POSIX_SPAWN_DUP2, 1, 2),
        ],
        setsid=True,
        setsigdef=[signal.SIGPIPE, signal.SIGXFSZ],
    )
    process = psutil.Process(pid)
    _environment(process)  # so that a later look finds the mark
    record = Record(name, pid, process.create_time(), tuple(command))
    write_private(_record_file(folder, name), json.dumps(asdict(record), indent=1))
    return record


def find(folder: Place, names: Iterable[str]) -> dict[str, Record]:
    """Return the processes that run for these services, by name of the service."""
    found: dict[str, Record] = {}
    lost: dict[str, str] = {}
    for name in names:
        record = _read(_record_file(folder, name))
        if record is not None and _carries(record.pid, _mark(folder, name)):
            found[name] = record
        else:
            lost[_mark(folder, name)] = name
    if lost:
        found.update(_search(lost))
    return found


def end(folder: Place, records: Iterable[Record], *, patience: float) -> None:
    """End processes and forget them: those that ignore a request to end are killed.

    Args:
        folder: where they belong.
        records: the processes.
        patience: seconds between the request and the kill.
    """
    ended = tuple(records)
    ours = (_ours(record.pid, _mark(folder, record.name)) for record in ended)
    marked.end((process for process in ours if process), patience=patience)
    for record in ended:
        _record_file(folder, record.name).unlink(missing_ok=True)


def end_changed(folder: Place, commands: Mapping[str, Sequence[str]], *, patience: float) -> AbstractSet[str]:
    """End the processes of these services whose command is another one now; return the names of those that go on.

    Args:
        folder: where they belong.
        commands: what each service's process must have been started with, by name of the service.
        patience: seconds between the request and the kill.
    """
    running = find(folder, commands)
    changed = {name: record for name, record in running.items() if record.command != tuple(commands[name])}
    end(folder, changed.values(), patience=patience)
    return running.keys() - changed.keys()


def log_of(folder: Place, name: str) -> Path:
    """Return the file that a service writes its log to."""
    return folder.logs / f"{name}.log"


def last_lines(log: Path, count: int) -> str:
    """Return the end of a log, at most ``count`` lines."""
    if not log.exists():
        return ""
    with log.open("rb") as file:
        file.seek(max(0, log.stat().st_size - 64 * 1024))
        return "\n".join(file.read().decode(errors="replace").splitlines()[-count:])


def _fresh_log(folder: Place, name: str) -> Path:
    """A log is one run's; the run before is kept beside it unless it is too large to keep."""
    log = log_of(folder, name)
    if log.exists():
        if log.stat().st_size <= _KEPT_LOG_BYTES:
            log.replace(log.with_suffix(".log.1"))
        else:
            log.unlink()
    return log


def _mark(folder: Place, name: str) -> str:
    return str(folder.path / name)


def _record_file(folder: Place, name: str) -> Path:
    return folder.run / f"{name}.json"


def _read(file: Path) -> Record | None:
    """A record that cannot be read is no record: the search finds what it was about."""
    try:
        data = json.loads(file.read_text(encoding="utf-8"))
        return Record(str(data["name"]), int(data["pid"]), float(data["started"]), tuple(data["command"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _ours(pid: int, mark: str) -> psutil.Process | None:
    """The process with this number if it carries the mark; a process that has died carries none."""
    try:
        process = psutil.Process(pid)
    except psutil.NoSuchProcess:
        return None
    return process if _environment(process).get(_MARK) == mark else None


def _environment(process: psutil.Process) -> Mapping[str, str]:
    """The environment of a process, asked for until it can be read: one that has died, or is somebody else's, has none.

    While a program takes the place of another in a process, its environment reads as empty. That is so for a moment
    after a start too, when the kernel lets the starter go on. What was read is what counts: the next look may fall into
    the next such moment.
    """

    def read() -> Mapping[str, str] | None:
        try:
            return process.environ() or ({} if process.status() == psutil.STATUS_ZOMBIE else None)
        except (psutil.Error, OSError):
            return {}

    with suppress(RehearsalError):
        return until(read, seconds=_BEGINNING, failure=lambda: "it has none")
    return {}


def _carries(pid: int, mark: str) -> bool:
    return _ours(pid, mark) is not None


def _search(marks: dict[str, str]) -> dict[str, Record]:
    found: dict[str, Record] = {}
    for process in psutil.process_iter():
        name = marks.get(marked.mark_of(process, _MARK) or "")
        if name is None:
            continue
        with suppress(psutil.Error):
            found[name] = Record(name, process.pid, process.create_time(), tuple(process.cmdline()))
    return found
