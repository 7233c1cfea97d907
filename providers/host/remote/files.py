"""Reads, writes and removes sets of files."""

from __future__ import annotations

import grp
import os
import pwd
import stat
from pathlib import Path
from typing import TYPE_CHECKING, Any

from providers.host.remote.staging import place

if TYPE_CHECKING:
    from collections.abc import Sequence

# A file that somebody has blown up is told of by its size.
MOST_BYTES = 4 * 2**20


def main(data: Any) -> Any:
    """Do what `act` says."""
    if data["act"] == "read":
        return {path: _found(path) for path in data["paths"]}
    if data["act"] == "write":
        made = place(data["files"])
        for path in data["gone"]:
            Path(path).unlink(missing_ok=True)
        return {"made": made}
    _remove(data["files"])
    return {}


def _found(path: str) -> dict[str, Any]:
    try:
        status = os.lstat(path)
    except (FileNotFoundError, NotADirectoryError):
        return {"kind": "missing"}
    if not stat.S_ISREG(status.st_mode):
        return {"kind": _kind(status.st_mode)}
    return {
        "kind": "file",
        "content": _content(path, status.st_size),
        "mode": f"{stat.S_IMODE(status.st_mode):04o}",
        "owner": _user(status.st_uid),
        "group": _group(status.st_gid),
    }


def _kind(mode: int) -> str:
    kinds = {stat.S_IFDIR: "directory", stat.S_IFLNK: "symbolic link"}
    return kinds.get(stat.S_IFMT(mode), "special file")


def _content(path: str, size: int) -> str:
    if size > MOST_BYTES:
        return f"({size} bytes)"
    return Path(path).read_bytes().decode(errors="backslashreplace")


def _user(number: int) -> str:
    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return str(number)


def _group(number: int) -> str:
    try:
        return grp.getgrgid(number).gr_name
    except KeyError:
        return str(number)


def _remove(files: Sequence[dict[str, Any]]) -> None:
    """Remove files that are still what was written; of a secret one nobody knows what that was."""
    for file in files:
        path = Path(file["path"])
        content = file["content"]
        unchanged = content is None or (path.is_file() and path.read_bytes() == content.encode())
        if unchanged and not path.is_symlink() and path.is_file():
            path.unlink()
