"""What a data service must offer so that it can be backed up, and what all of them have in common."""

import hashlib
import json
import os
import subprocess
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, TypeVar

T = TypeVar("T")

REACHED_WITHIN = 60.0
"""Seconds in which a service must be reached: what a new pod may reach is not known everywhere in its first ones."""

_ENDS_WITHIN = 15.0
"""Seconds that a program has to clean up: a pod that is told to end has 30."""

Checksums = Mapping[str, str]
"""What there is, by table, collection or keyspace, with a digest of its content that no order of it changes."""


class BackupError(RuntimeError):
    """It cannot be done; the message says why and what to do, and holds no secret."""


def reached(connect: Callable[[], T]) -> T:
    """Return what a connection gives, which is tried again where nobody takes it.

    Args:
        connect: tries; it raises ``OSError``.

    Raises:
        OSError: nobody has taken it within 60 s.
    """
    until = time.monotonic() + REACHED_WITHIN
    while True:
        try:
            return connect()
        except OSError:
            if time.monotonic() > until:
                raise
            time.sleep(1.0)


def run(*command: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Return what a program said and ended with; where this one is told to end, so is that one, which may clean up.

    Args:
        command: program and arguments.
        cwd: where it runs; here by default.
    """
    with subprocess.Popen(
        command,
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PGAPPNAME": "backup"},
    ) as child:
        try:
            out, err = child.communicate()
        except BaseException:
            stop(child)
            raise
    return subprocess.CompletedProcess(command, child.returncode, out, err)


def stop(child: subprocess.Popen[Any]) -> None:
    """End a program: it is asked first.

    Args:
        child: its process.
    """
    child.terminate()
    try:
        child.wait(_ENDS_WITHIN)
    except subprocess.TimeoutExpired:
        child.kill()


class Service(ABC):
    """One data service."""

    @abstractmethod
    def dump(self, folder: Path) -> Checksums:
        """Write all that it holds into a folder, as of one moment where the service can, and return its checksums."""

    @abstractmethod
    def try_out(self, folder: Path) -> Checksums:
        """Load what a dump holds beside what there is, return its checksums, and leave nothing behind."""

    @abstractmethod
    def load(self, folder: Path) -> Checksums:
        """Load what a dump holds in its place, and return the checksums of what is there then.

        Raises:
            BackupError: something is there that would be lost.
        """


def checksum(items: Iterable[Any]) -> str:
    """Return how many items there are, and a digest that their order does not change.

    >>> checksum([1, {"b": 2, "a": 1}]) == checksum([{"a": 1, "b": 2}, 1])
    True
    >>> checksum([1]) == checksum([1, 1])
    False
    """
    count, total = 0, 0
    for item in items:
        text = json.dumps(item, sort_keys=True, separators=(",", ":")).encode()
        total += int.from_bytes(hashlib.sha256(text).digest())
        count += 1
    return f"{count}:{total % 2**256:064x}"


def holding(checksums: Checksums) -> list[str]:
    """Return the names of what holds anything, beside what migrations note of themselves.

    >>> holding({"db.knowledge.base": "0:0", "db.migrations.applied": "3:f", "keys": "1:e"})
    ['keys']
    """
    return sorted(one for one, found in checksums.items() if not found.startswith("0:") and ".migrations." not in one)
