"""Files that change all together or not at all.

Each is written beside its place, the old one is kept by a second name, and only then are all renamed. Whatever fails on
the way puts back what was there. Names of ours that an interrupted run has left are removed by the next.
"""

from __future__ import annotations

import contextlib
import errno
import grp
import hashlib
import os
import pwd
import signal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from providers.host.remote.common import StepFailedError, last_lines, run

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

NEW = ".sophia-new"
OLD = ".sophia-old"
ENDS = {signal.SIGHUP, signal.SIGINT, signal.SIGTERM}
REMEDIES = {
    errno.ENOSPC: "make room on the host's disk, then run again",
    errno.EDQUOT: "raise the quota there, then run again",
    errno.EROFS: "it lies on a read-only file system: mount it writable, then run again",
    errno.EBUSY: "something is mounted there: unmount it, then run again",
    errno.EXDEV: "something is mounted there: unmount it, then run again",
    errno.EPERM: "it is immutable or append-only (lsattr shows it): chattr -i -a, then run again",
    errno.ENOTDIR: "something else than a directory lies on the way to it: move that away, then run again",
    errno.EISDIR: "a directory lies there: move that away, then run again",
}


def place(files: Sequence[dict[str, Any]]) -> list[str]:
    """Make files what is wanted, and return the paths where nothing was before.

    Args:
        files: each with path, content, mode, owner and group.

    Raises:
        StepFailedError: one cannot be; then all are what they were.
    """
    # Whoever ends our session does so a moment later.
    signal.pthread_sigmask(signal.SIG_BLOCK, ENDS)
    try:
        return _place(files)
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, ENDS)


def _place(files: Sequence[dict[str, Any]]) -> list[str]:
    wanted = [(file, _account(file)) for file in files]
    changing = [(file, ids) for file, ids in wanted if not _is(file, ids)]
    made = [file["path"] for file, _ in changing if not os.path.lexists(file["path"])]
    try:
        for file, ids in changing:
            with _named(file["path"]):
                _stage(file, ids)
        for file, _ in changing:
            _check(file)
        for file, _ in changing:
            with _named(file["path"]):
                _keep(file["path"])
        _rename([file["path"] for file, _ in changing])
    finally:
        for file in files:
            for suffix in (NEW, OLD):
                with contextlib.suppress(OSError):
                    Path(_beside(file["path"], suffix)).unlink()
    return made


def _is(file: dict[str, Any], ids: tuple[int, int]) -> bool:
    path = Path(file["path"])
    if path.is_symlink() or not path.is_file():
        if path.is_dir() and not path.is_symlink():
            what = f"{path}: {os.strerror(errno.EISDIR)}"
            raise StepFailedError(what, REMEDIES[errno.EISDIR])
        return False
    status = path.stat()
    same = (status.st_mode & 0o7777, status.st_uid, status.st_gid) == (int(file["mode"], 8), *ids)
    content = file["content"].encode()
    return same and status.st_size == len(content) and path.read_bytes() == content


def _account(file: dict[str, Any]) -> tuple[int, int]:
    try:
        return pwd.getpwnam(file["owner"]).pw_uid, grp.getgrnam(file["group"]).gr_gid
    except KeyError:
        what = f"{file['path']}: the host has no user {file['owner']!r} or no group {file['group']!r}"
        raise StepFailedError(what, "name an account that exists there, or install what brings it first") from None


def _beside(path: str, suffix: str) -> str:
    folder, _, name = path.rpartition("/")
    return f"{folder}/.{name}{suffix}"


def _stage(file: dict[str, Any], ids: tuple[int, int]) -> None:
    new = Path(_beside(file["path"], NEW))
    new.parent.mkdir(parents=True, exist_ok=True)
    new.unlink(missing_ok=True)
    content = file["content"].encode()
    descriptor = os.open(new, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    with open(descriptor, "w+b") as stream:  # noqa: PTH123 - of a descriptor that follows no link
        stream.write(content)
        stream.flush()
        os.fchown(stream.fileno(), *ids)
        os.fchmod(stream.fileno(), int(file["mode"], 8))
        if (known := _modified(Path(file["path"]), content)) is not None:
            # Whoever has read it need not read it again for another mode.
            os.utime(stream.fileno(), ns=(known, known))
        os.fsync(stream.fileno())
        stream.seek(0)
        if hashlib.sha256(stream.read()).digest() != hashlib.sha256(content).digest():
            what = f"{file['path']}: what was written is not what is read back"
            raise StepFailedError(what, "look at the host's disk and kernel log")


def _modified(path: Path, content: bytes) -> int | None:
    """Return when a file got its content, if it is this one."""
    plain = path.is_file() and not path.is_symlink()
    return path.stat().st_mtime_ns if plain and path.read_bytes() == content else None


def _check(file: dict[str, Any]) -> None:
    if file.get("check"):
        went = run([*file["check"], _beside(file["path"], NEW)])
        if went.returncode:
            what = f"{file['path']}: {file['check'][0]} does not accept it; no file was changed"
            raise StepFailedError(what, "correct its content", last_lines(went.stderr + went.stdout))


def _keep(path: str) -> None:
    """Give the old file a second name; what cannot be linked cannot be replaced either."""
    old = Path(_beside(path, OLD))
    old.unlink(missing_ok=True)
    if os.path.lexists(path):
        os.link(path, old, follow_symlinks=False)


def _rename(paths: Sequence[str]) -> None:
    done: list[str] = []
    try:
        for path in paths:
            with _named(path):
                Path(_beside(path, NEW)).replace(path)
            done.append(path)
        for folder in {os.path.dirname(path) for path in paths}:  # noqa: PTH120 - a text, and as it is
            _sync(folder or "/")
    except BaseException:
        for path in reversed(done):
            old = Path(_beside(path, OLD))
            if os.path.lexists(old):
                old.replace(path)
            else:
                Path(path).unlink(missing_ok=True)
        raise


def _sync(folder: str) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def _named(path: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno else type(error).__name__
        remedy = REMEDIES.get(error.errno or 0, "mend it, then run again")
        what = f"{path}: {reason}; no file was changed"
        raise StepFailedError(what, remedy) from None
