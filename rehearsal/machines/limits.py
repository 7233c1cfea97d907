"""Limits of this computer that all machines share, because all of them have one kernel and one root."""

from pathlib import Path

from rehearsal.error import RehearsalError

INSTANCES = Path("/proc/sys/fs/inotify/max_user_instances")
"""How many watchers of files all processes of one user may have together; usually 128, and a node has about 30."""

ENOUGH = 8192
"""As many as 200 nodes have."""


def raise_limits() -> None:
    """Make this computer admit as many watchers of files as nodes need; a limit that is higher stays.

    Raises:
        RehearsalError: when it cannot be raised.
    """
    try:
        if int(INSTANCES.read_text(encoding="utf-8")) < ENOUGH:
            INSTANCES.write_text(str(ENOUGH), encoding="utf-8")
    except (OSError, ValueError) as error:
        message = (
            f"{INSTANCES}: cannot be raised to {ENOUGH} ({error}), and nodes would not start for want of watchers; "
            f"run `sysctl fs.inotify.max_user_instances={ENOUGH}` as this computer's root"
        )
        raise RehearsalError(message) from None
