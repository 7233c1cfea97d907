"""Answers for names and takes connections until it is told to end: ``python -m rehearsal.internet --help``."""

import argparse
import asyncio
import ipaddress
import signal
import sys
from collections.abc import Sequence

from dnslib import QTYPE, RCODE, RR, A, DNSRecord
from dnslib.server import BaseResolver, DNSServer

from rehearsal.internet.zone import Zone

HTTPS = 443
"""The port that it takes connections at."""
_SECONDS = 60
"""How long its answers are good for."""


class Names(BaseResolver):  # type: ignore[misc]  # dnslib has no types
    """Gives each name its address, and says of others that they do not exist.

    Args:
        names: names, or all names below one as ``*.example.com``; ``name=address`` for one with an address of its own.
        address: the address of the others.
        zone: gives what the authority of a zone answers; none by default.
    """

    def __init__(self, names: Sequence[str], address: str, zone: Zone | None = None) -> None:
        self._zone = zone
        told = {name: own or address for name, _, own in (one.partition("=") for one in names)}
        self._exact = {name: own for name, own in told.items() if not name.startswith("*.")}
        self._below = {name.removeprefix("*"): own for name, own in told.items() if name.startswith("*.")}

    def resolve(self, request: DNSRecord, handler: object) -> DNSRecord:
        """Return the answer to a question."""
        del handler
        reply = request.reply()
        if self._zone and self._zone.has(str(request.q.qname)):
            self._zone.answer(request, reply)
            self._follow(request, reply)
            return reply
        address = self._address(str(request.q.qname).rstrip(".").lower())
        if address is None:
            reply.header.rcode = RCODE.NXDOMAIN
        elif request.q.qtype == QTYPE.A:
            reply.add_answer(RR(request.q.qname, QTYPE.A, rdata=A(address), ttl=_SECONDS))
        return reply

    def _follow(self, request: DNSRecord, reply: DNSRecord) -> None:
        """Add the address of a name outside of the zone that one of it is another name of."""
        targets = [str(one.rdata.label).rstrip(".") for one in reply.rr if one.rtype == QTYPE.CNAME]
        for target in targets if request.q.qtype == QTYPE.A else ():
            if address := self._address(target):
                reply.add_answer(RR(target, QTYPE.A, rdata=A(address), ttl=_SECONDS))

    def _address(self, name: str) -> str | None:
        if name in self._exact:
            return self._exact[name]
        # The longest says most: one below another may be elsewhere.
        return next(
            (self._below[end] for end in sorted(self._below, key=len, reverse=True) if name.endswith(end)), None
        )


async def _greet(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.close()


async def _serve(address: str, names: Sequence[str], zone: Zone | None) -> None:
    ended = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, ended.set)
    resolver = Names(names, address, zone)
    servers = [DNSServer(resolver, address=address, port=53, tcp=tcp) for tcp in (False, True)]
    for server in servers:
        server.start_thread()
    async with await asyncio.start_server(_greet, address, HTTPS):
        await ended.wait()
    for server in servers:
        server.stop()


def main() -> int:
    """Serve one address, and return what the process ends with."""
    parser = argparse.ArgumentParser(prog="python -m rehearsal.internet", description=__doc__)
    parser.add_argument("--zone", help="a zone and the address of its authority, which is asked: example.com=192.0.2.1")
    parser.add_argument("address", type=ipaddress.IPv4Address, help="its address, of its own network namespace")
    parser.add_argument(
        "names",
        nargs="*",
        help="names that have the address; *.example.com: all below example.com; name=address: another",
    )
    arguments = parser.parse_args()
    zone = Zone(*arguments.zone.split("=")) if arguments.zone else None
    asyncio.run(_serve(str(arguments.address), arguments.names, zone))
    return 0


if __name__ == "__main__":
    sys.exit(main())
