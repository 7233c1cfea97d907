"""Keeps the machines of a home equal to its account until it is told to end: ``python -m rehearsal.machines HOME``."""

import argparse
import asyncio
import signal
import sys
from pathlib import Path

from rehearsal.error import RehearsalError
from rehearsal.machines.gate import Gate
from rehearsal.machines.keeper import Keeper
from rehearsal.machines.room import Room


def main() -> int:
    """Serve the gate and follow the account, and return what the process ends with.

    SIGTERM and SIGINT end it; the machines go on.
    """
    parser = argparse.ArgumentParser(prog="python -m rehearsal.machines", description=__doc__)
    parser.add_argument("home", type=Path, help="directory of all rehearsals, absolute")
    parser.add_argument("--programs", type=Path, help="directory of what machines find at /opt/rehearsal")
    parser.add_argument("--base", type=Path, required=True, help="root that new machines write over")
    arguments = parser.parse_args()
    room = Room(arguments.home, arguments.base, arguments.programs)
    keeper = Keeper(room)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: keeper.end())

    async def settled() -> None:
        await asyncio.to_thread(keeper.settle)

    try:
        room.open()
        with Gate(room, settled):
            keeper.run()
    except RehearsalError as error:
        sys.stderr.write(f"rehearsal.machines: {error}\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
