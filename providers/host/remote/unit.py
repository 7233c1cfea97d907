"""Reads, changes and removes units of systemd, as many as are asked for at once."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

from providers.host.remote.common import StepFailedError, answer, run
from providers.host.remote.systemd import FOLDER, RUNNING, Shown, show
from providers.host.remote.unit_change import OWED, READ, is_enabled, write


def main(data: Any) -> list[Any]:
    """Do what `act` says with each of the `requests`, and return what became of each, in their order."""
    requests = data["requests"]
    if data["act"] == "write":
        return write(requests)
    shown = show([request["name"] for request in requests])
    act = _read if data["act"] == "read" else _remove
    return [answer(lambda request: act(request, shown[request["name"]]), request) for request in requests]


def _read(data: Any, shown: Shown) -> dict[str, Any]:
    name = data["name"]
    found: dict[str, Any] = {
        "masked": shown.get("LoadState") == "masked",
        "enabled": is_enabled(shown, wanted=data["enabled"]),
        "active": _active(shown, wanted=data["active"]),
        "current": not (OWED / name).exists() and _has_read(name, data["reads"], shown),
    }
    if data["content"]:
        file = FOLDER / name
        plain = file.is_file() and not file.is_symlink()
        found["content"] = file.read_text(encoding="utf-8", errors="backslashreplace") if plain else None
    return found


def _has_read(name: str, paths: list[str], shown: Shown) -> bool:
    """Return whether no file has changed since the unit started, or was made to read them."""
    if _active(shown, wanted=False) is False:
        return True
    ago = time.clock_gettime(time.CLOCK_MONOTONIC) - int(shown.get("ActiveEnterTimestampMonotonic") or 0) / 1e6
    started, stamp = time.time() - ago, READ / name
    last = max(started, stamp.stat().st_mtime) if stamp.exists() else started
    # One that is gone will be made anew. Two clocks are compared: they differ by moments.
    return all(Path(path).exists() and Path(path).stat().st_mtime <= last + 1 for path in paths)


def _active(shown: Shown, *, wanted: bool) -> bool:
    state = shown.get("ActiveState")
    # Neither yes nor no, unless it begins again and again.
    if state in {"activating", "deactivating"} and shown.get("SubState") != "auto-restart":
        return wanted
    return state in RUNNING


def _remove(data: Any, shown: Shown) -> None:  # noqa: ARG001 - as _read
    name = data["name"]
    file = FOLDER / name
    run(["systemctl", "disable", "--now", name])
    if file.is_file() and not file.is_symlink():
        file.unlink()
    run(["systemctl", "daemon-reload"])
    run(["systemctl", "reset-failed", name])
    if os.path.lexists(file):
        what = f"{file} is a link that was not made here"
        raise StepFailedError(what, "look at it and remove it by hand")
