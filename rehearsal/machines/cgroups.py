"""The control groups of machines, in every hierarchy that this computer has."""

import time
from contextlib import suppress
from pathlib import Path

from rehearsal.error import RehearsalError

ROOT = Path("/sys/fs/cgroup")
"""Where hierarchies are mounted."""

_PERIOD = 100_000
"""Microseconds over which processors are shared out; the kernel's own."""

_PATIENCE = 10.0
"""Seconds until the kernel has let go of the last process of a group that was ended."""


def hierarchies() -> tuple[Path, ...]:
    """Return the root of every hierarchy: the one of version 2, or those of version 1 and systemd's own."""
    if (ROOT / "cgroup.procs").exists():
        return (ROOT,)
    return tuple(sorted(path for path in ROOT.iterdir() if not path.is_symlink() and (path / "cgroup.procs").exists()))


def create(tag: str, name: str) -> tuple[Path, ...]:
    """Make a machine's group in every hierarchy, and return them.

    Args:
        tag: of the home; the group above.
        name: of the machine.

    Raises:
        RehearsalError: when there is no hierarchy, or it cannot be written to.
    """
    try:
        return tuple(_create(root, root / tag / name) for root in hierarchies())
    except OSError as error:
        message = (
            f"{error.filename}: no control group can be made there ({error.strerror}); machines need them writable"
        )
        raise RehearsalError(message) from None


def _create(root: Path, group: Path) -> Path:
    group.mkdir(parents=True, exist_ok=True)
    for place in (group.parent, group):
        # A group of version 1 without processors and memory takes no process.
        for file in ("cpuset.cpus", "cpuset.mems"):
            above, here = place.parent / file, place / file
            if root.name == "cpuset" and above.exists() and not here.read_text(encoding="utf-8").strip():
                here.write_text(above.read_text(encoding="utf-8"), encoding="utf-8")
        delegated = place.parent / "cgroup.subtree_control"
        if root == ROOT and delegated.exists():
            for controller in (place.parent / "cgroup.controllers").read_text(encoding="utf-8").split():
                with suppress(OSError):  # one that cannot be delegated is not there for the machine
                    delegated.write_text(f"+{controller}", encoding="utf-8")
    return group


def confine(tag: str, name: str, cores: float) -> None:
    """Let a machine have no more than so much of the processors.

    Args:
        tag: of the home.
        name: of the machine.
        cores: how many, or a part of one.

    Raises:
        RehearsalError: when no hierarchy limits processors.
    """
    quota = round(cores * _PERIOD)
    for root in hierarchies():
        # The limit of version 2, and that of version 1 (Linux, admin-guide/cgroup-v2 and scheduler/sched-bwc).
        for file, limit in (("cpu.max", f"{quota} {_PERIOD}"), ("cpu.cfs_quota_us", f"{quota}")):
            place = root / tag / name / file
            if place.exists():
                place.write_text(limit, encoding="utf-8")
                return
    message = f"{ROOT}: nothing there limits the processors of machine {name}; the cpu controller must be mounted"
    raise RehearsalError(message)


def remove(tag: str, name: str | None = None) -> None:
    """Delete a machine's groups, or those of all machines of a home; their processes have ended.

    Raises:
        RehearsalError: when one still holds a process, naming it.
    """
    tops = [root / tag / name if name else root / tag for root in hierarchies()]
    for top in tops:
        # What a container runtime has stopped in order to end it dies of no signal until it goes on (version 1).
        for state in top.rglob("freezer.state"):
            with suppress(OSError):
                state.write_text("THAWED", encoding="utf-8")
    for top in tops:
        groups = sorted((path for path in top.rglob("*") if path.is_dir()), key=lambda path: len(path.parts))
        for group in (*reversed(groups), top):
            _remove(group)


def _remove(group: Path) -> None:
    deadline = time.monotonic() + _PATIENCE
    while True:
        try:
            group.rmdir()
        except FileNotFoundError:
            return
        except OSError as error:
            if time.monotonic() > deadline:
                message = (
                    f"{group}: cannot be deleted ({error.strerror}); `cat {group}/cgroup.procs` names what is in it"
                )
                raise RehearsalError(message) from None
            time.sleep(0.02)
        else:
            return
