"""Programs of this computer that networks and roots are made with."""

import os
import shlex
import subprocess
from collections.abc import Sequence

from rehearsal.error import RehearsalError

PATH = "/usr/sbin:/usr/bin:/sbin:/bin"
"""Where they are, whatever the caller's PATH."""

_SECONDS = 60.0


def require_root() -> None:
    """Nothing is changed, and whoever may not make machines is told so.

    Raises:
        RehearsalError: when this is not root.
    """
    if os.geteuid() != 0:
        message = (
            "machines need root: they are made of network namespaces, mounts and control groups; nothing was made: "
            "run it with sudo"
        )
        raise RehearsalError(message)


def as_root() -> tuple[str, ...]:
    """Return the words before a command that root runs; whoever may become root without a password does."""
    return () if os.geteuid() == 0 else ("sudo", "--non-interactive")


def run(command: Sequence[str], *, text: str | None = None) -> str:
    """Run a program to its end and return what it wrote.

    Args:
        command: the program and its arguments.
        text: what it reads.

    Raises:
        RehearsalError: when it is not there or fails, with what it complained of.
    """
    shown = shlex.join(command)
    try:
        done = subprocess.run(
            command, input=text or "", env={"PATH": PATH}, capture_output=True, text=True, timeout=_SECONDS, check=False
        )
    except FileNotFoundError:
        message = f"{command[0]}: is not on this machine; run `./sophia setup`"
        raise RehearsalError(message) from None
    except subprocess.TimeoutExpired:
        message = f"`{shown}` did not end within {_SECONDS:.0f} s; end what holds it and try again"
        raise RehearsalError(message) from None
    if done.returncode:
        message = f"`{shown}` failed: {done.stderr.strip() or done.returncode}; `./sophia down --all` ends all machines"
        raise RehearsalError(message)
    return done.stdout
