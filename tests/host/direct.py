"""Resources used as Python objects, for what no public input allows: without their guards, or killed on the way."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from providers.host.connection import Connection
from providers.host.handshake import Way
from providers.host.ssh import Hosts
from providers.kit import Operation
from rehearsal.machines import Room

T = TypeVar("T")

OPERATION = Operation("urn:pulumi:dev::sophia::host:index:Firewall::m")


def directly(room: Room, key: str, address: str, act: Callable[[Hosts, Connection], Awaitable[T]]) -> T:
    """Return what is done with a host, whose key is pinned at first sight.

    Args:
        room: where the host is.
        key: the private key that it admits.
        address: how it is reached.
        act: what is done.
    """

    async def done() -> T:
        hosts = Hosts(Way(key, room.gate))
        try:
            connection = await hosts.meet(Connection(addresses=(address,)), step="meeting")
            return await act(hosts, connection)
        finally:
            await hosts.close()

    return asyncio.run(done())
