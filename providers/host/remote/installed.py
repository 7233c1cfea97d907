"""Files and units of ours that outlive a reboot."""

from __future__ import annotations

from pathlib import Path

from providers.host.remote.common import StepFailedError, run


def owned(path: Path, text: str, mode: str = "0644") -> dict[str, str]:
    """Return a file of root's, as it is placed."""
    return {"path": str(path), "content": text, "mode": mode, "owner": "root", "group": "root"}


def differs(path: Path, text: str) -> str | None:
    """Return in words how a file differs from a text; None if it does not."""
    try:
        present = path.read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        return f"{path} is missing"
    return None if present == text else f"{path} was changed"


def enabled(unit: str) -> bool:
    """Return whether a unit starts at boot."""
    return run(["systemctl", "is-enabled", "--quiet", unit]).returncode == 0


def active(unit: str) -> bool:
    """Return whether a unit runs now."""
    return run(["systemctl", "is-active", "--quiet", unit]).returncode == 0


def persist(*units: str, changed: bool) -> None:
    """Have units start at boot, with one reload of systemd for all of them: each takes it 0.1 s and more.

    Args:
        units: their names.
        changed: whether a unit file has changed.

    Raises:
        StepFailedError: systemd refuses.
    """
    missing = [unit for unit in units if not enabled(unit)]
    if missing:
        systemctl("--no-reload", "enable", *missing)
    if missing or changed:
        systemctl("daemon-reload")


def systemctl(*arguments: str) -> None:
    """Run systemctl.

    Raises:
        StepFailedError: it fails.
    """
    done = run(["systemctl", *arguments])
    if done.returncode:
        what = f"`systemctl {' '.join(arguments)}` failed: {done.stderr.strip()}"
        raise StepFailedError(what, "look at `systemctl --failed` on the host, then run again")
