"""What machines find outside of themselves: programs in places of their own there, each with a public address."""

import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from rehearsal.error import RehearsalError
from rehearsal.home import Place
from rehearsal.machines import Room
from rehearsal.machines.client import Client
from rehearsal.machines.names import path_of
from rehearsal.process import end_changed, find, last_lines, log_of, spawn
from rehearsal.waiting import until

_SECONDS = 20.0
_ENDING, _ENDING_OURS = 2.0, 5.0
_ROOT = Path(__file__).resolve().parents[1]
_LISTENS = ":01BB 00000000:0000 0A"
"""Port 443, in the state LISTEN, as /proc/net/tcp has it."""


def start(folder: Place, room: Room, name: str, address: str, program: Sequence[str]) -> None:
    """Make a program run with exactly this command at this address, and take connections at port 443.

    Args:
        folder: where its process belongs.
        room: where the machines are.
        name: its name, and that of its place.
        address: its address, one of 198.19.255.20 and up.
        program: absolute path of the program, and its arguments.

    Raises:
        RehearsalError: when it does not start, with the end of its log.
    """
    client = Client(room.names.client(name), address)
    command = ("/usr/bin/env", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", *client.command(program))
    if name in end_changed(folder, {name: command}, patience=_ENDING):
        return
    room.client(name, address)  # made if it is not there
    pid = spawn(folder, name, command).pid

    def listens() -> bool:
        with suppress(OSError):
            # Until the program is in its place, what it shows is this computer's own.
            there = Path(f"/proc/{pid}/ns/net").samefile(path_of(client.namespace))
            return there and _LISTENS in Path(f"/proc/{pid}/net/tcp").read_text(encoding="ascii")
        return False

    wait(folder, name, listens)


def serve(
    folder: Place, room: Room, name: str, address: str, module: str, *arguments: str, serves: Callable[[], bool]
) -> None:
    """Make a module of ours run with exactly these arguments, and with a place of its own at this address.

    Args:
        folder: where its process belongs.
        room: where the machines are.
        name: its name, and that of its place.
        address: the address of that place.
        module: the module, with its package.
        arguments: what it is given; others are another command, and restart what runs.
        serves: tells whether it answers.

    Raises:
        RehearsalError: when it does not start, with the end of its log.
    """
    command = ("/usr/bin/env", "-C", str(_ROOT), sys.executable, "-m", module, *arguments)
    if name in end_changed(folder, {name: command}, patience=_ENDING_OURS):
        return
    room.client(name, address)  # made if it is not there
    spawn(folder, name, command)
    wait(folder, name, serves)


def wait(folder: Place, name: str, serves: Callable[[], bool]) -> None:
    """Return as soon as a process that was started serves.

    Args:
        folder: where it belongs.
        name: its name.
        serves: tells whether it does.

    Raises:
        RehearsalError: it ended by itself, with the end of its log, or does not serve in time.
    """

    def served() -> bool | None:
        if name not in find(folder, [name]):
            message = f"{name} ended by itself:\n{last_lines(log_of(folder, name), 10)}"
            raise RehearsalError(message)
        return serves() or None

    until(served, seconds=_SECONDS, failure=lambda: f"{name} takes no connection within {_SECONDS:.0f} s")
