"""What there was before a change of K3s, kept until the change is proven."""

from __future__ import annotations

import base64
import json
import os
import shutil
import stat
from pathlib import Path
from typing import TYPE_CHECKING, Any

from providers.host.remote.k3s_places import BEFORE, BINARY, DATA, MARKER, UNITS, folder, sync
from providers.host.remote.k3s_unit import FOLDER, active, show

if TYPE_CHECKING:
    from collections.abc import Iterable

INDEX = "index.json"


def keep(role: str, paths: Iterable[Path]) -> None:
    """Keep what there is, unless something older is kept: then what there is was never proven.

    Args:
        role: server or agent.
        paths: the files that the change writes or removes, beside the binary, the unit and the marker.
    """
    if (BEFORE / INDEX).is_file():
        return
    shutil.rmtree(BEFORE, ignore_errors=True)
    folder()
    BEFORE.mkdir(mode=0o700)
    shown = show(UNITS[role])
    kept = {str(path): _kept(path) for path in {*paths, FOLDER / UNITS[role], MARKER}}
    if BINARY.is_file():
        _link(BINARY, BEFORE / BINARY.name)
    index = {
        "files": kept,
        "binary": BINARY.is_file(),
        "data": DATA.is_dir() and any(DATA.iterdir()),
        "active": active(shown),
        "enabled": shown.get("UnitFileState") in {"enabled", "enabled-runtime"},
    }
    new = BEFORE / f".{INDEX}"
    with new.open("w", encoding="utf-8") as stream:
        json.dump(index, stream)
        stream.flush()
        os.fsync(stream.fileno())
    new.rename(BEFORE / INDEX)
    sync(BEFORE)


def before() -> dict[str, Any] | None:
    """Return what is kept; None where nothing is."""
    index = BEFORE / INDEX
    return json.loads(index.read_text(encoding="utf-8")) if index.is_file() else None


def drop() -> None:
    """Keep it no longer."""
    (BEFORE / INDEX).unlink(missing_ok=True)
    shutil.rmtree(BEFORE, ignore_errors=True)


def restore(index: dict[str, Any], *, but: Iterable[Path] = ()) -> None:
    """Put back all files as they were.

    Args:
        index: what is kept.
        but: files that stay as they are now.
    """
    staying = {str(path) for path in but}
    for path, kept in index["files"].items():
        if path not in staying:
            _put_back(Path(path), kept)
    if index["binary"]:
        new = BINARY.with_name(".k3s.sophia-old")
        new.unlink(missing_ok=True)
        _link(BEFORE / BINARY.name, new)
        new.rename(BINARY)
        # Two names of one file are left as they are by a rename.
        new.unlink(missing_ok=True)
    else:
        BINARY.unlink(missing_ok=True)


def _kept(path: Path) -> dict[str, Any] | None:
    if path.is_symlink() or not path.is_file():
        return None
    status = path.stat()
    content = base64.b64encode(path.read_bytes()).decode()
    owner = [status.st_uid, status.st_gid]
    return {"content": content, "mode": stat.S_IMODE(status.st_mode), "owner": owner, "time": status.st_mtime_ns}


def _put_back(path: Path, kept: dict[str, Any] | None) -> None:
    if kept is None:
        path.unlink(missing_ok=True)
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name(f".{path.name}.sophia-new")
    new.unlink(missing_ok=True)
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with open(descriptor, "wb") as stream:  # noqa: PTH123 - of a descriptor that is ours alone
        stream.write(base64.b64decode(kept["content"]))
        os.fchmod(stream.fileno(), kept["mode"])
        os.fchown(stream.fileno(), *kept["owner"])
    os.utime(new, ns=(kept["time"], kept["time"]))
    new.rename(path)


def _link(path: Path, other: Path) -> None:
    """Give a file a second name, or copy it where names cannot reach."""
    try:
        os.link(path, other)
    except OSError:
        shutil.copy2(path, other)
