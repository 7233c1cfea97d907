"""``machines shell``: by hand on a machine of the rehearsal, as its console would let one be in the cloud."""

import os
import pty
import subprocess
import sys
from collections.abc import Iterable, Sequence

from ops.error import InputError
from rehearsal.machines import Machine, Room
from rehearsal.machines.command import require_root
from rehearsal.machines.room import INSIDE

_SHELL = ("/bin/bash", "--login")


def shell(room: Room, name: str, command: Sequence[str]) -> int:
    """Run a program, or a shell, as root on a machine; return its exit code.

    Args:
        room: where the machines are.
        name: the machine's name, or its id where several have the name.
        command: the program and its arguments, which get this program's streams; a login shell when there is none.

    Raises:
        InputError: no machine that runs has the name, or several have.
        RehearsalError: this is not root, or the machine ended meanwhile.
    """
    require_root()
    machine_id = chosen(name, room.list())
    entry = room.entry(machine_id, command or _SHELL)
    if command or not sys.stdin.isatty():
        return subprocess.run(entry, env=INSIDE, check=False).returncode
    # A terminal of its own: in this one it could not control jobs, and Ctrl-C would end this program instead.
    environment = {**INSIDE, "TERM": os.environ.get("TERM", "dumb")}
    words = [f"{key}={value}" for key, value in environment.items()]
    return os.waitstatus_to_exitcode(pty.spawn(["/usr/bin/env", "-i", *words, *entry]))


def chosen(name: str, machines: Iterable[Machine]) -> str:
    """Return the id of the machine of a name.

    Args:
        name: its name or its id.
        machines: all machines, running or not.

    Raises:
        InputError: no machine that runs has it, or several have.
    """
    running = [machine.spec for machine in machines if machine.running]
    found = [spec.id for spec in running if name in {spec.name, spec.id}]
    if len(found) == 1:
        return found[0]
    if found:
        msg = f"{name}: {len(found)} machines have that name; choose by id: {', '.join(sorted(found))}"
        raise InputError(msg)
    known = ", ".join(sorted(spec.name for spec in running))
    remedy = f"choose one of: {known}" if known else "run `./sophia up dev` first"
    msg = f"{name}: no machine of the rehearsal has that name and runs; {remedy}"
    raise InputError(msg)
