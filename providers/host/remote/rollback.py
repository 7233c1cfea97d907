"""A change that the host undoes by itself unless it is confirmed in time, whatever becomes of the connection.

A file named `armed` is the right to decide: whoever renames it, the timer's script or the confirmation, has decided,
and the other one finds it gone. All of it lives in `/run`: a reboot disarms, and brings back what was kept before.
"""

from __future__ import annotations

import os
import shutil
import time
from pathlib import Path
from typing import TYPE_CHECKING

from providers.host.remote.common import StepFailedError, journal, run

if TYPE_CHECKING:
    from collections.abc import Mapping

RUN = Path("/run/sophia")
PATIENCE_SECONDS = 10.0
SCRIPT = """#!/bin/sh
# Undoes a change that nobody confirmed.
cd {folder} || exit 1
mv armed rolling-back 2>/dev/null || exit 0
set -eu
{commands}
mv rolling-back rolled-back
"""


class Rollback:
    """The one change of a kind that may be pending on this host.

    Args:
        kind: what is changed; names the folder and the units.
    """

    def __init__(self, kind: str) -> None:
        self.folder = RUN / kind
        self._unit = f"sophia-{kind}-rollback"

    @property
    def state(self) -> str:
        """`armed`, `rolling-back`, `rolled-back`, `confirmed`, or empty where nothing was ever armed."""
        names = ("armed", "rolling-back", "rolled-back", "confirmed")
        return next((name for name in names if (self.folder / name).exists()), "")

    def begin(self, files: Mapping[str, str]) -> bool:
        """Undo what an ended run left armed, then make the folder afresh with these files; return whether it undid."""
        left = self.state
        if left == "armed":
            run(["/bin/sh", str(self.folder / "rollback")])
            self._stop_timer()
        deadline = time.monotonic() + PATIENCE_SECONDS
        while self.state == "rolling-back" and time.monotonic() < deadline:
            time.sleep(0.1)
        if self.state == "rolling-back":
            what = "the host is still undoing an earlier change"
            raise StepFailedError(what, "wait a minute, then run again", journal(f"{self._unit}.service"))
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(mode=0o700, parents=True)
        for name, text in files.items():
            (self.folder / name).write_text(text, encoding="utf-8")
        return left == "armed"

    def arm(self, commands: str, seconds: float) -> None:
        """Have the host run shell commands in the folder after some seconds, unless the change is confirmed before."""
        script = self.folder / "rollback"
        script.write_text(SCRIPT.format(folder=self.folder, commands=commands), encoding="utf-8")
        (self.folder / "armed").touch()
        timer = [
            "systemd-run",
            "--quiet",
            "--collect",
            f"--unit={self._unit}",
            f"--on-active={seconds:g}s",
            "--timer-property=AccuracySec=100ms",
            "/bin/sh",
            str(script),
        ]
        started = run(timer)
        if started.returncode:
            # One of a change that nobody knows of any more has its name.
            self._stop_timer()
            started = run(timer)
        if started.returncode:
            (self.folder / "armed").unlink()
            what = f"no rollback could be armed, so nothing was changed: {started.stderr.strip()}"
            raise StepFailedError(what, "look at the state of systemd on the host (`systemctl --failed`)")

    def confirm(self) -> None:
        """Keep the change.

        Raises:
            StepFailedError: the host has undone it already.
        """
        try:
            os.rename(self.folder / "armed", self.folder / "confirmed")  # noqa: PTH104 - atomic is the point
        except FileNotFoundError:
            what = "the confirmation came too late: the host has undone the change, and what was before holds"
            raise StepFailedError(what, "run again; give more rollbackSeconds if the host is slow") from None
        self._stop_timer()

    def abandon(self) -> None:
        """Take back the arming of a change that was not made."""
        (self.folder / "armed").unlink(missing_ok=True)
        self._stop_timer()

    def outcome(self) -> str:
        """Return the state once nothing is pending any more, or the pending one after some patience."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while self.state in {"armed", "rolling-back"} and time.monotonic() < deadline:
            time.sleep(0.1)
        if self.state == "rolling-back":
            what = "the host could not undo the change"
            raise StepFailedError(what, "repair it over a console", journal(f"{self._unit}.service"))
        return self.state

    def _stop_timer(self) -> None:
        run(["systemctl", "stop", f"{self._unit}.timer"])  # one that has gone off is gone
