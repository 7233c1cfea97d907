"""Leading clients on loopback to something that runs in a network namespace."""

import asyncio
import socket
from collections.abc import Callable
from contextlib import suppress

import httpx

from rehearsal.machines.gate import close, pump
from rehearsal.machines.within import within

_CONNECT_SECONDS = 3.0


async def lead(host: str, port: int, connect: Callable[[], socket.socket]) -> None:
    """Lead whoever comes in on loopback to where a function connects to, each by a connection of its own.

    Args:
        host: the address on loopback.
        port: the port there.
        connect: gives a new connection; called in a thread.
    """

    async def one(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            with suppress(OSError, httpx.HTTPError, LookupError):
                far = await asyncio.open_connection(sock=await asyncio.to_thread(connect))
                await asyncio.gather(pump((reader, writer), far), pump(far, (reader, writer)))
                await close(far[1])
        finally:
            await close(writer)

    await asyncio.start_server(one, host, port)


def connection(namespace: str, address: str, port: int) -> socket.socket:
    """Return a connection that begins in a network namespace.

    Args:
        namespace: the namespace.
        address: where it leads.
        port: the port there.
    """
    return within(namespace, lambda: socket.create_connection((address, port), timeout=_CONNECT_SECONDS))
