"""Runs the authority where no machine is, and leads there from loopback: ``python -m rehearsal.authority --help``."""

import argparse
import asyncio
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from rehearsal.authority.place import DNS, NAME, PORT, AuthorityHost
from rehearsal.leading import connection, inside, leading, until_told
from rehearsal.machines.command import PATH
from rehearsal.machines.names import AUTHORITY, Names


async def _serve(home: Path, program: Sequence[str]) -> None:
    host, namespace = AuthorityHost(home), Names(home).client(NAME)
    command = (*program, "--config", str(host.configuration))
    async with (
        inside(namespace, command, environment={"PATH": PATH}, folder=host.folder) as server,
        leading(host.loopback, [PORT], lambda _: connection(namespace, AUTHORITY, DNS)),
    ):
        await server.wait()


def main() -> int:
    """Serve the zone, and return what the process ends with."""
    parser = argparse.ArgumentParser(prog="python -m rehearsal.authority", description=__doc__)
    parser.add_argument("home", type=Path, help="directory of all rehearsals")
    parser.add_argument("zone", help="the zone, for whoever looks at the process")
    parser.add_argument("program", nargs=argparse.REMAINDER, help="what starts Knot")
    arguments = parser.parse_args()
    os.umask(0o077)
    asyncio.run(until_told(_serve(arguments.home, arguments.program)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
