"""A port scan: every port is listened on inside a machine, and knocked at from a place; open means that it answered."""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from subprocess import CompletedProcess
from typing import Any, Final

from tests.host.declarations import ROWS

TCP: Final = (1, 22, 23, 80, 111, 443, 2379, 2380, 3000, 5001, 5432, 6443, 8080, 9090, 10250, 30000, 32767, 65535)
UDP: Final = (53, 161, 500, 5353, 8472, 30000, 51820, 51821, 65535)
"""The table's ports, and a sample of others. Not WireGuard's own, which answers nobody it does not know."""
SCANNED: Final = {f"tcp {port}" for port in TCP} | {f"udp {port}" for port in UDP}
PYTHON: Final = ("/usr/bin/python3", "-I", "-c")
Run = Callable[[Sequence[str], str], CompletedProcess[str]]

LISTEN: Final = """
import asyncio, json, sys

class Echo(asyncio.DatagramProtocol):
    def connection_made(self, transport):
        self.transport = transport
    def datagram_received(self, data, address):
        self.transport.sendto(data, address)

async def greet(reader, writer):
    writer.close()

async def main(given):
    loop = asyncio.get_running_loop()
    for host in ("0.0.0.0", "::"):
        for port in given["tcp"]:
            try:
                await asyncio.start_server(greet, host, port)
            except OSError:
                pass
        for port in given["udp"]:
            try:
                await loop.create_datagram_endpoint(Echo, (host, port))
            except OSError:
                pass
    open("/run/test-listens", "w").close()
    await asyncio.Event().wait()

asyncio.run(main(json.loads(sys.argv[1])))
"""
KNOCK: Final = """
import asyncio, json, sys

class Listen(asyncio.DatagramProtocol):
    def __init__(self):
        self.answered = asyncio.Event()
    def connection_made(self, transport):
        transport.sendto(b"knock")
    def datagram_received(self, data, address):
        self.answered.set()
    def error_received(self, error):
        pass

async def tcp(host, port, seconds):
    try:
        _, writer = await asyncio.wait_for(asyncio.open_connection(host, port), seconds)
    except (OSError, asyncio.TimeoutError):
        return False
    writer.close()
    return True

async def udp(host, port, seconds):
    loop = asyncio.get_running_loop()
    transport, listen = await loop.create_datagram_endpoint(Listen, remote_addr=(host, port))
    try:
        await asyncio.wait_for(listen.answered.wait(), seconds)
    except asyncio.TimeoutError:
        return False
    finally:
        transport.close()
    return True

async def main(given):
    host, seconds = given["host"], given["seconds"]
    knocks = [("tcp", p, tcp(host, p, seconds)) for p in given["tcp"]]
    knocks += [("udp", p, udp(host, p, seconds)) for p in given["udp"]]
    found = await asyncio.gather(*(knock for _, _, knock in knocks))
    opened = [f"{kind} {port}" for (kind, port, _), answered in zip(knocks, found) if answered]
    print(json.dumps(opened))

asyncio.run(main(json.load(sys.stdin)))
"""


@contextmanager
def listening(inside: Run) -> Iterator[None]:
    """Listen on every port inside a machine while the block runs, where nothing listens yet."""
    ports = json.dumps({"tcp": TCP, "udp": UDP})
    start = ["systemd-run", "--quiet", "--collect", "--unit=test-listens", *PYTHON, LISTEN, ports]
    done = inside(start, "")
    assert done.returncode == 0, done.stderr
    try:
        wait = "for i in $(seq 100); do [ -e /run/test-listens ] && exit 0; sleep 0.1; done; exit 1"
        assert inside(["sh", "-c", wait], "").returncode == 0, "the listener does not start"
        yield
    finally:
        inside(["sh", "-c", "systemctl stop test-listens; rm -f /run/test-listens"], "")


def scan(place: Run, host: str, *, seconds: float = 1.5) -> set[str]:
    """Return the ports of a machine that answer, as `tcp 22`.

    Args:
        place: runs a command where the scan comes from.
        host: the machine's address.
        seconds: how long an answer is waited for.
    """
    given: dict[str, Any] = {"host": host, "tcp": TCP, "udp": UDP, "seconds": seconds}
    done = place([*PYTHON, KNOCK], json.dumps(given))
    assert done.returncode == 0, done.stderr
    return set(json.loads(done.stdout))


def of_the_table(*sources: str, rows: Iterable[Any] = ROWS) -> set[str]:
    """Return which of the scanned ports the table opens to somebody who is all of the sources."""
    opened = (row for row in rows if {*sources} & {*row["sources"]})
    return SCANNED & {f"{row['protocol']} {row.get('port')}" for row in opened}
