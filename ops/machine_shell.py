"""``machines shell``: by hand on a machine of the rehearsal, as its console would let one be in the cloud."""

import os
import pty
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence

from ops.error import InputError
from rehearsal import Account
from rehearsal.machines import Machine
from rehearsal.machines.command import require_root
from rehearsal.machines.room import INSIDE

_SHELL = ("/bin/bash", "--login")


def shell(account: Account, name: str, command: Sequence[str]) -> int:
    """Run a program, or a shell, as root on a machine; return its exit code.

    Args:
        account: whose machines they are.
        name: the machine's name, or its id where several have the name.
        command: the program and its arguments, which get this program's streams; a login shell when there is none.

    Raises:
        InputError: no machine that runs has the name, or several have.
        RehearsalError: this is not root, or the machine ended meanwhile.
    """
    require_root()
    machine_id = chosen(name, account.room.list(), _names(account))
    entry = account.room.entry(machine_id, command or _SHELL)
    if command or not sys.stdin.isatty():
        return subprocess.run(entry, env=INSIDE, check=False).returncode
    # A terminal of its own: in this one it could not control jobs, and Ctrl-C would end this program instead.
    environment = {**INSIDE, "TERM": os.environ.get("TERM", "dumb")}
    words = [f"{key}={value}" for key, value in environment.items()]
    return os.waitstatus_to_exitcode(pty.spawn(["/usr/bin/env", "-i", *words, *entry]))


def chosen(name: str, machines: Iterable[Machine], names: Mapping[str, str]) -> str:
    """Return the id of the machine of a name.

    Args:
        name: its name or its id.
        machines: all machines, running or not.
        names: what the account calls them, by id; one without is called by its host name.

    Raises:
        InputError: no machine that runs has it, or several have.
    """
    running = {m.spec.id: names.get(m.spec.id, m.spec.name) for m in machines if m.running}
    found = [machine_id for machine_id, known in running.items() if name in {machine_id, known}]
    if len(found) == 1:
        return found[0]
    if found:
        msg = f"{name}: {len(found)} machines have that name; choose by id: {', '.join(sorted(found))}"
        raise InputError(msg)
    remedy = f"choose one of: {', '.join(sorted(running.values()))}" if running else "run `./sophia up dev` first"
    msg = f"{name}: no machine of the rehearsal has that name and runs; {remedy}"
    raise InputError(msg)


def _names(account: Account) -> Mapping[str, str]:
    if not account.status().running:
        return {}
    with account.control() as control:
        return {one.id: one.name for one in control.state().instances if one.live and one.name}
