"""Serves the account and its edge until it is told to end: ``python -m rehearsal.vercel_cloud --help``."""

import argparse
import asyncio
import os
import socket
import sys
from pathlib import Path
from typing import Any

import dns.exception
import dns.message
import dns.query
import dns.rdatatype
import uvicorn

from rehearsal.authority import AuthorityHost
from rehearsal.background import serving
from rehearsal.leading import until_told
from rehearsal.machines.names import Names
from rehearsal.machines.within import within
from rehearsal.vercel_cloud.certificates import Certificates
from rehearsal.vercel_cloud.edge import Edge
from rehearsal.vercel_cloud.place import API_PORT, EDGE_PORT, NAME, VercelHost
from rehearsal.vercel_cloud.records import Account
from rehearsal.vercel_cloud.server import Cloud

_HTTPS, _HTTP = 443, 80
_SECONDS = 2.0


async def _serve(home: Path, bundles: Path) -> None:
    place = VercelHost(home)
    told = place.told()
    if place.account.exists():
        account = Account.model_validate_json(place.account.read_text(encoding="utf-8"))
    else:
        account = Account.born(str(told["team"]), tuple(map(str, told["legacy"])))  # type: ignore[call-overload]  # a list
    leads = Leading(AuthorityHost(home), str(told["address"]), str(told["alias"]))
    cloud = Cloud(
        account, place.secrets()["VERCEL_API_TOKEN"], file=place.account, misconfigured=lambda host: not leads(host)
    )
    edge: Any = Edge(cloud.locked, bundles)
    there = Names(home).client(NAME)

    def listener(port: int) -> socket.socket:
        return within(there, lambda: socket.create_server((str(told["address"]), port)))

    secure = Certificates(place.folder).context()
    with (
        serving(_of(cloud.application()), socket.create_server((place.loopback, API_PORT))),
        serving(_of(edge), socket.create_server((place.loopback, EDGE_PORT)), secure),
        serving(_of(edge), listener(_HTTPS), secure),
        serving(_of(edge), listener(_HTTP)),
    ):
        await asyncio.Event().wait()


class Leading:
    """Tells whether a host leads to the edge, as the authority of the zone has it.

    Args:
        authority: the authority.
        address: the edge's address.
        alias: the name that hosts are another one of.
    """

    def __init__(self, authority: AuthorityHost, address: str, alias: str) -> None:
        self._authority, self._wanted = authority, {address, f"{alias}."}

    def __call__(self, host: str) -> bool:
        """Return whether it does; a zone that nobody answers for is somebody else's matter."""
        if not self._authority.zone:
            return True
        question = dns.message.make_query(f"{host}.", dns.rdatatype.A)
        try:
            answer = dns.query.tcp(question, self._authority.loopback, port=self._authority.port, timeout=_SECONDS)
        except (OSError, EOFError, dns.exception.DNSException):
            return False
        return bool(self._wanted & {record.to_text() for one in answer.answer for record in one})


def _of(application: Any) -> uvicorn.Config:
    return uvicorn.Config(
        application, ws="none", lifespan="off", log_level="warning", access_log=False, server_header=False
    )


def main() -> int:
    """Serve the account, and return what the process ends with."""
    parser = argparse.ArgumentParser(prog="python -m rehearsal.vercel_cloud", description=__doc__)
    parser.add_argument("home", type=Path, help="directory of all rehearsals")
    parser.add_argument("bundles", type=Path, help="the folder of the built bundles")
    arguments = parser.parse_args()
    os.umask(0o077)
    asyncio.run(until_told(_serve(arguments.home, arguments.bundles)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
