"""Runs the authority where no machine is, and leads there from loopback: ``python -m rehearsal.authority --help``."""

import argparse
import asyncio
import os
import signal
import sys
from contextlib import suppress
from pathlib import Path

from rehearsal.authority.place import DNS, NAME, PORT, AuthorityHost
from rehearsal.leading import connection, lead
from rehearsal.machines.command import PATH
from rehearsal.machines.names import AUTHORITY, Names, path_of

_KILLED_WITH_US = ("setpriv", "--pdeathsig", "KILL")


async def _serve(home: Path, program: list[str]) -> None:
    host, namespace = AuthorityHost(home), Names(home).client(NAME)
    enter = ("nsenter", f"--net={path_of(namespace)}", *_KILLED_WITH_US)
    command = (*enter, *program, "--config", str(host.configuration))
    server = await asyncio.create_subprocess_exec(*command, env={"PATH": PATH}, cwd=host.folder)
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, server.terminate)
    await lead(host.loopback, PORT, lambda: connection(namespace, AUTHORITY, DNS))
    try:
        await server.wait()
    finally:
        with suppress(ProcessLookupError):
            server.terminate()


def main() -> int:
    """Serve the zone, and return what the process ends with."""
    parser = argparse.ArgumentParser(prog="python -m rehearsal.authority", description=__doc__)
    parser.add_argument("home", type=Path, help="directory of all rehearsals")
    parser.add_argument("zone", help="the zone, for whoever looks at the process")
    parser.add_argument("program", nargs=argparse.REMAINDER, help="what starts Knot")
    arguments = parser.parse_args()
    os.umask(0o077)
    asyncio.run(_serve(arguments.home, arguments.program))
    return 0


if __name__ == "__main__":
    sys.exit(main())
