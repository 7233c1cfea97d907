"""Reads, changes and removes units of systemd."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

from providers.host.remote.common import StepFailedError, journal, last_lines, run
from providers.host.remote.staging import place

FOLDER = Path("/etc/systemd/system")
# A file here says that a unit has to be restarted, and goes when it was; at a boot all units start anew.
OWED = Path("/run/sophia/restarts")
# When a unit was last made to read its files, as the time of a file; gone at a boot, when all units read them.
READ = Path("/run/sophia/read")
# A look costs a process and systemd's own time, and all hosts of a stack are looked at together.
POLL_SECONDS = 0.2
# One that ends at once is active for a moment.
SETTLED_SECONDS = 0.4
# What systemd answers for units that say nothing about being enabled, or of which nobody decides here.
UNDECIDED = {"static", "indirect", "generated", "transient", "alias", "linked", "linked-runtime"}


def main(data: Any) -> Any:
    """Do what `act` says."""
    name = data["name"]
    if data["act"] == "read":
        return _read(name, data)
    if data["act"] == "remove":
        _remove(name)
        return {}
    _write(name, data)
    return {}


def _systemctl(*arguments: str, seconds: float = 60) -> None:
    went = run(["systemctl", *arguments], seconds=seconds)
    if went.returncode:
        what = f"`systemctl {' '.join(arguments)}` failed"
        raise StepFailedError(what, "the lines below say why", last_lines(went.stderr + went.stdout))


def _show(name: str) -> dict[str, str]:
    names = "LoadState,ActiveState,SubState,UnitFileState,Result,Job,NeedDaemonReload,ActiveEnterTimestampMonotonic"
    shown = run(["systemctl", "show", name, "-p", names]).stdout
    return dict(line.split("=", 1) for line in shown.splitlines() if "=" in line)


def _read(name: str, data: Any) -> dict[str, Any]:
    shown = _show(name)
    found: dict[str, Any] = {
        "masked": shown.get("LoadState") == "masked",
        "enabled": _enabled(shown, wanted=data["enabled"]),
        "active": _active(shown, wanted=data["active"]),
        "current": not (OWED / name).exists() and _has_read(name, data["reads"], shown),
    }
    if data["content"]:
        file = FOLDER / name
        plain = file.is_file() and not file.is_symlink()
        found["content"] = file.read_text(encoding="utf-8", errors="backslashreplace") if plain else None
    return found


def _has_read(name: str, paths: list[str], shown: dict[str, str]) -> bool:
    """Return whether no file has changed since the unit started, or was made to read them."""
    if _active(shown, wanted=False) is False:
        return True
    ago = time.clock_gettime(time.CLOCK_MONOTONIC) - int(shown.get("ActiveEnterTimestampMonotonic") or 0) / 1e6
    started, stamp = time.time() - ago, READ / name
    last = max(started, stamp.stat().st_mtime) if stamp.exists() else started
    # One that is gone will be made anew. Two clocks are compared: they differ by moments.
    return all(Path(path).exists() and Path(path).stat().st_mtime <= last + 1 for path in paths)


def _enabled(shown: dict[str, str], *, wanted: bool) -> bool:
    state = shown.get("UnitFileState", "")
    if state in UNDECIDED:
        return wanted
    return state in {"enabled", "enabled-runtime"}


def _active(shown: dict[str, str], *, wanted: bool) -> bool:
    state = shown.get("ActiveState")
    # Neither yes nor no, unless it begins again and again.
    if state in {"activating", "deactivating"} and shown.get("SubState") != "auto-restart":
        return wanted
    return state in {"active", "reloading", "refreshing"}


def _write(name: str, data: Any) -> None:
    file = FOLDER / name
    before = _show(name)
    old = file.read_text(encoding="utf-8") if file.is_file() and not file.is_symlink() else None
    if before.get("LoadState") == "masked" and not data["masked"]:
        _systemctl("unmask", name)
    content = data["content"]
    changed = content is not None and content != old
    # What an interrupted run has begun, this one ends.
    owed = changed or (OWED / name).exists()
    if owed or data["restart"]:
        OWED.mkdir(parents=True, exist_ok=True)
        (OWED / name).touch()
    try:
        if owed:
            _put(file, content, enabled=data["enabled"])
        elif data["discard"] and old is not None:
            file.unlink()
            _systemctl("daemon-reload")
        # Only another definition needs a restart: it would end an SSH server before its new settings are refused.
        again = "restart" if changed or (owed and content is not None) else "reload-or-restart"
        _become(name, data, verb=again if owed or data["restart"] else "start")
        READ.mkdir(parents=True, exist_ok=True)
        (READ / name).touch()
        (OWED / name).unlink(missing_ok=True)
    except StepFailedError:
        if changed:
            _restore(name, file, old, before)
        raise


def _put(file: Path, content: str | None, *, enabled: bool) -> None:
    if content is not None:
        if file.is_symlink():
            file.unlink()
        place([{"path": str(file), "content": content, "mode": "0644", "owner": "root", "group": "root"}])
        if enabled:
            # Before the reload that is due anyway: each takes systemd 0.1 s and more.
            _systemctl("--no-reload", "enable", file.name)
    _systemctl("daemon-reload")


def _restore(name: str, file: Path, old: str | None, before: dict[str, str]) -> None:
    """Put back the unit as it was before a change that failed."""
    run(["systemctl", "stop", name])
    if old is None:
        run(["systemctl", "disable", name])
        file.unlink(missing_ok=True)
    else:
        place([{"path": str(file), "content": old, "mode": "0644", "owner": "root", "group": "root"}])
    run(["systemctl", "daemon-reload"])
    run(["systemctl", "reset-failed", name])
    (OWED / name).unlink(missing_ok=True)
    if old is not None and before.get("ActiveState") == "active":
        run(["systemctl", "start", name])


def _become(name: str, data: Any, *, verb: str) -> None:
    if data["masked"]:
        _systemctl("mask", "--now", name)
        return
    shown = _show(name)
    # A file beside its own may have changed, such as what says when a timer is due; systemd does not see a new folder.
    if shown.get("NeedDaemonReload") == "yes" or (verb == "reload-or-restart" and (FOLDER / f"{name}.d").is_dir()):
        _systemctl("daemon-reload")
    if shown.get("LoadState") == "not-found":
        if not data["active"] and not data["enabled"]:
            return
        what = "systemd knows no such unit"
        raise StepFailedError(what, "correct the name, or install the package that brings it first")
    if _enabled(shown, wanted=data["enabled"]) != data["enabled"]:
        _systemctl("enable" if data["enabled"] else "disable", name)
    if not data["active"]:
        if shown.get("ActiveState") not in {"inactive", "failed"}:
            _systemctl("stop", name, seconds=data["patience"])
        return
    if shown.get("ActiveState") != "active" or verb != "start":
        _begin(name, shown, verb, data["patience"])


def _begin(name: str, shown: dict[str, str], verb: str, patience: float) -> None:
    if shown.get("ActiveState") == "failed":
        run(["systemctl", "reset-failed", name])
    if verb == "reload-or-restart":
        # A unit whose reload fails stays active: only the command itself tells.
        _systemctl(verb, name, seconds=patience)
    else:
        _systemctl(verb, "--no-block", name)
    _wait(name, patience)


def _wait(name: str, patience: float) -> None:
    """Wait until a unit is active and stays it for a moment."""
    deadline = time.monotonic() + patience
    since: float | None = None
    while True:
        shown = _show(name)
        state = shown.get("ActiveState")
        jobs = shown.get("Job", "0").strip("0")
        if state == "active" and not jobs:
            since = since or time.monotonic()
            # A timer, a socket, a mount and what has done its work have no process that could end.
            lasts = not name.endswith(".service") or shown.get("SubState") == "exited"
            if lasts or time.monotonic() - since >= SETTLED_SECONDS:
                return
        elif not jobs and (state in {"failed", "inactive"} or shown.get("SubState") == "auto-restart"):
            what = f"does not become active: {state}, {shown.get('Result', 'unknown')}"
            raise StepFailedError(what, "the last lines of its journal say why", journal(name))
        else:
            since = None
        if time.monotonic() > deadline:
            what = f"is not active after {patience:g} s: {state}, {shown.get('SubState', 'unknown')}"
            raise StepFailedError(what, "the last lines of its journal say why; give it more patience", journal(name))
        time.sleep(POLL_SECONDS)


def _remove(name: str) -> None:
    file = FOLDER / name
    run(["systemctl", "disable", "--now", name])
    if file.is_file() and not file.is_symlink():
        file.unlink()
    run(["systemctl", "daemon-reload"])
    run(["systemctl", "reset-failed", name])
    if os.path.lexists(file):
        what = f"{file} is a link that was not made here"
        raise StepFailedError(what, "look at it and remove it by hand")
