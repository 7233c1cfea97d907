"""Undoes a change of K3s that did not become healthy."""

from __future__ import annotations

import contextlib
import time
from typing import Any

from providers.host.remote.common import StepFailedError, run
from providers.host.remote.k3s_backup import drop, restore
from providers.host.remote.k3s_health import wait
from providers.host.remote.k3s_places import TOKEN, UNITS
from providers.host.remote.k3s_removal import kill, remove
from providers.host.remote.k3s_unit import systemctl

STOPPING_SECONDS = 120.0
LONGEST_SECONDS = 180.0
ANYTHING = {"external_ip": None, "mesh_ip": None, "encrypted": False, "proxied": False}


def undo(data: Any, index: Any, error: StepFailedError, *, rotated: bool) -> StepFailedError:
    """Put back what was before, have it run as it ran, and return the error that tells of both.

    Args:
        data: what was declared.
        index: what was kept.
        error: why the change was not proven.
        rotated: whether the cluster knows the new token by now; then its file stays.
    """
    unit = UNITS[data["role"]]
    if not index["binary"] and not index["data"]:
        outcome = _removed(data["role"])
    else:
        with contextlib.suppress(StepFailedError):
            run(["systemctl", "stop", unit], seconds=STOPPING_SECONDS)
        restore(index, but=[TOKEN] if rotated else [])
        run(["systemctl", "daemon-reload"])
        run(["systemctl", "reset-failed", unit])
        run(["systemctl", "enable" if index["enabled"] else "disable", unit])
        outcome = _again(data, unit) if index["active"] else _stopped(unit)
    drop()
    return StepFailedError(f"{error.what}; {outcome}", error.remedy, error.lines)


def _removed(role: str) -> str:
    try:
        remove(role)
    except StepFailedError as error:
        return f"nothing was there before, and not all could be removed again: {error.what}"
    return "nothing was there before, and all was removed again"


def _stopped(unit: str) -> str:
    with contextlib.suppress(StepFailedError):
        kill(unit)
    return "what was there before is there again, and did not run before either"


def _again(data: Any, unit: str) -> str:
    since = time.time()
    before = {**data, "version": None, "checks": ANYTHING, "patience": min(data["patience"], LONGEST_SECONDS)}
    try:
        systemctl("restart", "--no-block", unit)
        node = wait(before, since=since)
    except StepFailedError as error:
        return f"what was there before is there again, and does not run either: {error.what}"
    return f"what was there before runs again, {node['version']}"
