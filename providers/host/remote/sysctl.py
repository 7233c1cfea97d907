"""Reads, sets and forgets kernel parameters."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import Any

from providers.host.remote.common import StepFailedError
from providers.host.remote.staging import place

HEAD = "# Written by Pulumi, and put back by it.\n"


def main(data: Any) -> Any:
    """Do what `act` says."""
    path = Path(f"/etc/sysctl.d/60-{data['name']}.conf")
    if data["act"] == "remove":
        path.unlink(missing_ok=True)
        return {}
    if data["act"] == "read":
        return _read(path, data["keys"])
    _write(path, data["values"])
    return {}


def parameter(key: str) -> Path:
    """Return where the kernel has a parameter."""
    # As sysctl has it: the separator that comes first is the one that separates.
    dotted = "." in key and ("/" not in key or key.index(".") < key.index("/"))
    return Path("/proc/sys") / (key.translate(str.maketrans("./", "/.")) if dotted else key)


def _running(key: str) -> str | None:
    try:
        return " ".join(parameter(key).read_text(encoding="utf-8").split())
    except OSError:
        return None


def _recorded(path: Path) -> dict[str, str]:
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    except FileNotFoundError:
        return {}
    pairs = [line.partition("=") for line in lines if "=" in line and line.strip()[:1] not in {"#", ";"}]
    return {key.strip(): " ".join(value.split()) for key, _, value in pairs}


def _read(path: Path, keys: list[str]) -> dict[str, str]:
    """Return what each key is: one text where file and kernel agree, both where they do not."""
    recorded = _recorded(path)
    found = {}
    for key in sorted({*keys, *recorded}):
        running, written = _running(key), recorded.get(key)
        if running is not None and running == written:
            found[key] = running
        else:
            found[key] = f"{running or 'unknown'} (file: {written or 'absent'})"
    return found


def _write(path: Path, values: dict[str, str]) -> None:
    before = {key: _running(key) for key in values}
    unknown = sorted(key for key, value in before.items() if value is None)
    if unknown:
        what = f"the kernel has no {', '.join(unknown)}; nothing was set"
        raise StepFailedError(what, "correct the name, or load the module that brings it first")
    done: list[str] = []
    try:
        for key, value in values.items():
            if before[key] != value:
                done.append(key)
                _set(key, value)
        content = HEAD + "".join(f"{key} = {value}\n" for key, value in values.items())
        place([{"path": str(path), "content": content, "mode": "0644", "owner": "root", "group": "root"}])
    except BaseException:
        for key in reversed(done):
            with contextlib.suppress(OSError):
                parameter(key).write_text(f"{before[key]}\n", encoding="utf-8")
        raise


def _set(key: str, value: str) -> None:
    try:
        parameter(key).write_text(f"{value}\n", encoding="utf-8")
    except OSError as error:
        what = f"{key} = {value}: {os.strerror(error.errno or 0)}; nothing was set"
        raise StepFailedError(
            what, "give a value that the kernel takes; some change only outside of containers"
        ) from None
    if _running(key) != value:
        what = f"{key} = {value}: the kernel makes it {_running(key)}; nothing was set"
        raise StepFailedError(what, "give the value as the kernel tells it")
