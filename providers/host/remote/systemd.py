"""What systemd says of units, and what it is told: a question and an order are each one process for many units."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from providers.host.remote.common import StepFailedError, last_lines, run

if TYPE_CHECKING:
    from collections.abc import Sequence

FOLDER = Path("/etc/systemd/system")
NAMES = "LoadState,ActiveState,SubState,UnitFileState,Result,Job,NeedDaemonReload,ActiveEnterTimestampMonotonic"
# What systemd answers for units that say nothing about being enabled, or of which nobody decides here.
UNDECIDED = {"static", "indirect", "generated", "transient", "alias", "linked", "linked-runtime"}
ENABLED = {"enabled", "enabled-runtime"}
RUNNING = {"active", "reloading", "refreshing"}

Shown = dict[str, str]


def show(units: Sequence[str]) -> dict[str, Shown]:
    """Return what systemd knows of units, by name."""
    if not units:
        return {}
    blocks = run(["systemctl", "show", "-p", NAMES, "--", *units]).stdout.split("\n\n")
    found = [dict(line.split("=", 1) for line in block.splitlines() if "=" in line) for block in blocks]
    return dict(zip(units, [*found, *({} for _ in units)], strict=False))


def wanted(name: str) -> bool:
    """Return whether something wants a unit at boot: by the links, as systemd remembers what it once answered."""
    return any(FOLDER.glob(f"*.wants/{name}"))


def active(unit: Shown) -> bool:
    """Return whether a unit runs."""
    return unit.get("ActiveState") in RUNNING


def systemctl(*arguments: str, seconds: float = 60) -> None:
    """Run systemctl.

    Raises:
        StepFailedError: it fails.
    """
    went = run(["systemctl", *arguments], seconds=seconds)
    if went.returncode:
        what = f"`systemctl {' '.join(arguments)}` failed"
        raise StepFailedError(what, "the lines below say why", last_lines(went.stderr + went.stdout))


def persist(*names: str) -> None:
    """Have units start at boot, as their files say.

    Raises:
        StepFailedError: systemd refuses.
    """
    missing = [name for name in names if not wanted(name)]
    if missing:
        systemctl("--no-reload", "enable", *missing)
    # It takes 0.1 s and more; what systemd has not read yet it reads at boot.
    if any(unit.get("NeedDaemonReload") == "yes" for unit in show(names).values()):
        systemctl("daemon-reload")
