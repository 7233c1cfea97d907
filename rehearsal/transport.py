"""HTTP connections that can be broken off, as networks do."""

import asyncio
import socket
import struct
from typing import Any

from starlette.requests import Request
from typing_extensions import override
from uvicorn.protocols.http.h11_impl import H11Protocol

_TRANSPORT = "transport"


class BreakableProtocol(H11Protocol):
    """uvicorn's HTTP protocol, which also tells each request its connection."""

    @override
    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        # asyncio does this only where the listener names its protocol, and without it each answer waits 40 ms for an
        # acknowledgement.
        transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        # uvicorn copies this dictionary into the scope of each request of the connection.
        self.app_state = {**self.app_state, _TRANSPORT: transport}


async def hang_up(request: Request, *, reset: bool) -> None:
    """End the connection of a request without an answer.

    Args:
        request: the request.
        reset: whether its client sees a reset; otherwise the connection is closed.
    """
    transport = getattr(request.state, _TRANSPORT)
    if reset:
        linger = struct.pack("ii", 1, 0)
        transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
    transport.abort()
    # The protocol learns of it in the loop's next turn; until then it would take the missing answer for a fault.
    await asyncio.sleep(0)
