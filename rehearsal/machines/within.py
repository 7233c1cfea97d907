"""Work that is done inside a network namespace by a thread of this program."""

import ctypes
import os
import threading
from collections.abc import Callable
from typing import Generic, TypeVar

from rehearsal.machines.names import path_of

T = TypeVar("T")

_CLONE_NEWNET = 0x40000000


def enter(namespace: str) -> None:
    """Move this thread into a network namespace: every socket that it makes from here on belongs there.

    Raises:
        OSError: when there is no such namespace, or the kernel refuses.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    descriptor = os.open(path_of(namespace), os.O_RDONLY | os.O_CLOEXEC)
    try:
        if libc.setns(descriptor, _CLONE_NEWNET):
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number), namespace)
    finally:
        os.close(descriptor)


class _Work(threading.Thread, Generic[T]):
    def __init__(self, namespace: str, act: Callable[[], T]) -> None:
        super().__init__(daemon=True)
        self._namespace = namespace
        self._act = act
        self.result: list[T] = []
        self.error: BaseException | None = None

    def run(self) -> None:
        try:
            enter(self._namespace)
            self.result.append(self._act())
        except BaseException as error:  # noqa: BLE001 - it is raised in the caller's thread
            self.error = error


def within(namespace: str, act: Callable[[], T]) -> T:
    """Return what a function returns that is called in a network namespace; this thread stays where it is."""
    work = _Work(namespace, act)
    work.start()
    work.join()
    if work.error:
        raise work.error
    return work.result[0]
