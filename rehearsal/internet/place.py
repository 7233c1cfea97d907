"""Where that host is: a place outside of the machines, with the address that they ask for names."""

import sys
from collections.abc import Sequence
from pathlib import Path

from rehearsal.error import RehearsalError
from rehearsal.home import Place
from rehearsal.machines import Room
from rehearsal.machines.client import Client
from rehearsal.machines.names import INTERNET
from rehearsal.process import end, find, last_lines, log_of, spawn
from rehearsal.waiting import until

NAME = "internet"
"""The name under which its process is found again."""

_ROOT = Path(__file__).resolve().parents[2]
_SECONDS = 20.0
_ENDING = 2.0
_LISTENS = ":01BB 00000000:0000 0A"
"""Port 443, in the state LISTEN, as /proc/net/tcp has it."""


def start(folder: Place, room: Room, names: Sequence[str]) -> None:
    """Make it answer for exactly these names.

    Args:
        folder: where its process belongs.
        room: where the machines are.
        names: names, or all names below one as ``*.example.com``.

    Raises:
        RehearsalError: when it does not start.
    """
    client = Client(room.names.client(NAME), INTERNET)
    # `python -m` finds the package in the directory it is started in.
    python = ("/usr/bin/env", "-C", str(_ROOT), sys.executable, "-m", "rehearsal.internet", client.address, *names)
    command = ("/usr/bin/env", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", *client.command(python))
    running = find(folder, [NAME])
    if NAME in running and running[NAME].command == command:
        return
    room.client(NAME, INTERNET)  # made if it is not there
    end(folder, running.values(), patience=_ENDING)
    pid = spawn(folder, NAME, command).pid

    def listens() -> bool | None:
        if NAME not in find(folder, [NAME]):
            message = f"{NAME} ended by itself:\n{last_lines(log_of(folder, NAME), 10)}"
            raise RehearsalError(message)
        return _LISTENS in Path(f"/proc/{pid}/net/tcp").read_text(encoding="ascii") or None

    until(listens, seconds=_SECONDS, failure=lambda: f"{NAME} takes no connection within {_SECONDS:.0f} s")
