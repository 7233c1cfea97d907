"""K3s' unit: what systemd says of it, and whether two texts of it are the same."""

from __future__ import annotations

import time
from pathlib import Path

from providers.host.remote.common import StepFailedError, last_lines, run

FOLDER = Path("/etc/systemd/system")
FOR_PEOPLE = ("Description=", "Documentation=")
NAMES = "LoadState,ActiveState,SubState,UnitFileState,Result,NRestarts,NeedDaemonReload,ExecMainStartTimestampMonotonic"
LINES = 15

Shown = dict[str, str]


def show(name: str) -> Shown:
    """Return what systemd knows of a unit."""
    shown = run(["systemctl", "show", "-p", NAMES, "--", name]).stdout
    return dict(line.split("=", 1) for line in shown.splitlines() if "=" in line)


def active(shown: Shown) -> bool:
    """Return whether a unit runs, or is about to without having failed."""
    if shown.get("ActiveState") == "activating":
        return shown.get("SubState") != "auto-restart"
    return shown.get("ActiveState") in {"active", "reloading"}


def started(shown: Shown) -> float:
    """Return when its main process was started, in seconds since 1970; the end of time where none runs."""
    at = int(shown.get("ExecMainStartTimestampMonotonic") or 0) / 1e6
    if not at or shown.get("ActiveState") not in {"active", "activating", "reloading"}:
        return float("inf")
    return time.time() - (time.clock_gettime(time.CLOCK_MONOTONIC) - at)


def journal(name: str, since: float | None) -> list[str]:
    """Return the last lines that K3s wrote, since a moment; what systemd says of it where it wrote none."""
    begin = [] if since is None else [f"--since=@{since:.3f}"]
    # From the end on: counted from a moment on, they would be the first ones.
    base = ["journalctl", "-o", "cat", "--no-pager", "--reverse", "-n", str(LINES), *begin]
    # Its very last lines may bear its name alone: their process had ended before the journal looked whose it was.
    for chosen in (["SYSLOG_IDENTIFIER=k3s"], ["-u", name]):
        lines = last_lines(run([*base, *chosen], seconds=10).stdout, LINES)
        if lines:
            return lines[::-1]
    return []


def systemctl(*arguments: str, seconds: float = 90) -> None:
    """Run systemctl.

    Raises:
        StepFailedError: it fails.
    """
    went = run(["systemctl", *arguments], seconds=seconds)
    if went.returncode:
        what = f"`systemctl {' '.join(arguments)}` failed"
        raise StepFailedError(what, "the lines below say why", last_lines(went.stderr + went.stdout))


def same(one: str | None, other: str) -> bool:
    """Return whether two unit files say the same, but for comments, spaces and what is for people."""
    return one is not None and directives(one) == directives(other)


def service(text: str) -> list[str]:
    """Return what a unit file says of its process, which takes a restart to hold."""
    lines = directives(text)
    start = lines.index("[Service]") if "[Service]" in lines else len(lines)
    end = next((at for at in range(start + 1, len(lines)) if lines[at].startswith("[")), len(lines))
    return lines[start:end]


def directives(text: str) -> list[str]:
    """Return what a unit file says, section by section."""
    joined = text.replace("\\\n", " ")
    lines = [" ".join(line.split()) for line in joined.splitlines()]
    return [line for line in lines if line and line[0] not in "#;" and not line.startswith(FOR_PEOPLE)]
