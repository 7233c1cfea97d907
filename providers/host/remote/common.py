"""What every program on a host shares: how it answers, fails, runs commands and writes files."""

from __future__ import annotations

import os
import subprocess
import traceback
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

REPORT = "report it: this is a defect of the provider"


class StepFailedError(Exception):
    """A step failed in a way the user can act on.

    Args:
        what: what failed; never a secret.
        remedy: what to do about it.
        lines: the last lines of the log concerned.
    """

    def __init__(self, what: str, remedy: str, lines: Sequence[str] = ()) -> None:
        super().__init__(what)
        self.what = what
        self.remedy = remedy
        self.lines = list(lines)


def answer(main: Callable[[Any], Any], data: Any) -> dict[str, Any]:
    """Return what a program answers: its result, or what failed."""
    try:
        return {"result": main(data)}
    except StepFailedError as error:
        return {"error": {"what": error.what, "remedy": error.remedy, "lines": error.lines}}
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        return {
            "error": {"what": f"{where}{error.strerror or type(error).__name__}", "remedy": "mend it, then run again"}
        }
    except Exception as error:  # noqa: BLE001 - its text may hold a secret, its place does not
        frame = traceback.extract_tb(error.__traceback__)[-1]
        what = f"{type(error).__name__} in {frame.filename.rpartition('.')[2]}:{frame.lineno}"
        return {"error": {"what": what, "remedy": REPORT}}


def run(arguments: Sequence[str], *, seconds: float = 60, given: str | None = None) -> subprocess.CompletedProcess[str]:
    """Run a command to its end and return how it went; its output is text.

    Args:
        arguments: the command.
        seconds: how long it may take.
        given: its standard input.

    Raises:
        StepFailedError: it does not exist, or takes too long.
    """
    try:
        return subprocess.run(
            list(arguments),
            input=given or "",
            capture_output=True,
            text=True,
            errors="replace",
            timeout=seconds,
            check=False,
            env={**os.environ, "LC_ALL": "C.UTF-8", "SYSTEMD_PAGER": "", "SYSTEMD_COLORS": "0"},
        )
    except FileNotFoundError:
        what = f"there is no command {arguments[0]!r}"
        raise StepFailedError(what, "install the package that brings it") from None
    except subprocess.TimeoutExpired:
        what = f"`{' '.join(arguments)}` took more than {seconds:g} s"
        raise StepFailedError(what, "look at what it waits for, then run again") from None


def last_lines(text: str, most: int = 15) -> list[str]:
    """Return the last lines of a text that are not empty."""
    return [line.rstrip() for line in text.splitlines() if line.strip()][-most:]


def journal(unit: str, most: int = 15) -> list[str]:
    """Return the last lines of a unit's journal."""
    return last_lines(run(["journalctl", "-u", unit, "-n", str(most), "-o", "cat", "--no-pager"], seconds=10).stdout)
