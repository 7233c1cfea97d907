"""By hand on machines of a checkout's rehearsals, as somebody does who is in a hurry."""

import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

from benchmarks.checkout import Checkout
from rehearsal.account import Account
from rehearsal.machines import Room
from rehearsal.machines.room import INSIDE


def on(checkout: Checkout, machine: str, script: str, *, check: bool = True) -> str:
    """Run a script as root on a machine, and return what it printed."""
    done = Room(checkout.home).enter(id_of(checkout, machine), ["sh", "-euc", script])
    assert not check or done.returncode == 0, f"{script}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def id_of(checkout: Checkout, machine: str) -> str:
    """Return the id of a machine that lives."""
    with Account(checkout.home).control() as control:
        return control.state().instance(machine).id


@contextmanager
def running(checkout: Checkout, machine: str, script: str) -> Iterator[list[str]]:
    """Run a script as root on a machine while the block runs; its lines are in the list afterwards."""
    entry = Room(checkout.home).entry(id_of(checkout, machine), ["sh", "-uc", script])
    lines: list[str] = []
    with subprocess.Popen(entry, env=INSIDE, stdout=subprocess.PIPE, text=True, start_new_session=True) as process:
        try:
            yield lines
        finally:
            # What was entered by has a child in the machine, which holds the pipe too.
            os.killpg(process.pid, signal.SIGKILL)
            lines += process.communicate()[0].splitlines()
