"""A disk without room is one clear error, before the work where that can be known."""

import errno
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from rehearsal.toolchain.tool import ToolError

_MIB = 1024 * 1024
_NO_ROOM = (errno.ENOSPC, errno.EDQUOT)
_NO_RIGHT = (errno.EACCES, errno.EPERM, errno.EROFS)
_ELSEWHERE = "choose another place with SOPHIA_CACHE (tools) or GOCACHE (what Go keeps)"


def require_space(needs: Sequence[tuple[Path, int]], free_bytes: Callable[[Path], int], what: str) -> None:
    """Every file system has the room that the work needs.

    Args:
        needs: pairs of a folder, which need not exist yet, and the MiB that will be written below it.
        free_bytes: tells how much is free at an existing folder.
        what: the work, for the message.

    Raises:
        ToolError: a file system has less.
    """
    by_device: defaultdict[int, list[tuple[Path, int]]] = defaultdict(list)
    for folder, mebibytes in needs:
        existing = next(place for place in (folder, *folder.absolute().parents) if place.exists())
        by_device[existing.stat().st_dev].append((existing, mebibytes))
    for places in by_device.values():
        needed = sum(mebibytes for _, mebibytes in places)
        place = places[0][0]
        free = free_bytes(place) // _MIB
        if free < needed:
            raise disk_full(place, f"{what} needs up to {needed} MiB and {free} MiB are free")


@contextmanager
def writing(place: Path, what: str) -> Iterator[None]:
    """A disk that fills up in mid-work, or that may not be written to, is told as such.

    Args:
        place: the folder that is written to.
        what: the work, for the message.

    Raises:
        ToolError: the file system has no room left or refuses.
    """
    try:
        yield
    except OSError as error:
        if error.errno in _NO_ROOM:
            raise disk_full(place, f"{what} stopped and left nothing") from error
        if error.errno in _NO_RIGHT:
            problem = f"{error.filename or place} may not be written to ({error.strerror})"
            raise ToolError(problem, f"make it yours, or {_ELSEWHERE}, and run `./sophia setup` again") from error
        raise


def disk_full(place: Path, why: str) -> ToolError:
    """The error for a disk without room.

    Args:
        place: the folder that is to be written to.
        why: what needed the room.
    """
    remedy = f"free some room (`df -h {place}` shows it) or {_ELSEWHERE}, and run `./sophia setup` again"
    return ToolError(f"the disk of {place} is full: {why}", remedy)
