"""A socket to a host, through an HTTP proxy where there is one."""

import asyncio
import contextlib
import socket
from collections.abc import Iterator
from typing import Final
from urllib.parse import urlsplit

from typing_extensions import override

LONGEST_ANSWER: Final = 8192


class PromptSocket(socket.socket):
    """A socket that acknowledges what it receives at once.

    An SSH server sends the next small packet of a session without a terminal only when the last one is acknowledged
    (RFC 896), which Linux puts off for 40 ms: several times for each program that is run (tcp(7), TCP_QUICKACK, which
    holds until the kernel thinks otherwise; other systems have no such option).
    """

    @override
    def recv(self, bufsize: int, flags: int = 0, /) -> bytes:
        data = super().recv(bufsize, flags)
        if data and hasattr(socket, "TCP_QUICKACK"):
            self.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)
        return data


async def dial(address: str, port: int, proxy_url: str | None) -> socket.socket:
    """Return a connected socket that no byte has been read from.

    Args:
        address: the host.
        port: its port.
        proxy_url: `http://host:port` of a proxy that answers CONNECT; none: directly.

    Raises:
        OSError: nobody answers.
    """
    if proxy_url is None:
        return await _connected(address, port)
    parts = urlsplit(proxy_url)
    sock = await _connected(parts.hostname or "", parts.port or 0)
    with _closed_on_failure(sock):
        target = f"[{address}]:{port}" if ":" in address else f"{address}:{port}"
        loop = asyncio.get_running_loop()
        await loop.sock_sendall(sock, f"CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n\r\n".encode("ascii"))
        answer = b""
        # One byte at a time: what comes after the empty line is the host's.
        while not answer.endswith(b"\r\n\r\n"):
            byte = await loop.sock_recv(sock, 1)
            answer += byte
            if not byte or len(answer) > LONGEST_ANSWER:
                message = "the proxy gave no answer"
                raise ConnectionRefusedError(message)
        if answer.split(maxsplit=2)[1:2] != [b"200"]:
            message = "the proxy reaches nobody there"
            raise ConnectionRefusedError(message)
    return sock


async def _connected(address: str, port: int) -> socket.socket:
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(address, port, type=socket.SOCK_STREAM)
    family, kind, protocol, _, target = found[0]
    sock = PromptSocket(family, kind, protocol)
    with _closed_on_failure(sock):
        sock.settimeout(0)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        await loop.sock_connect(sock, target)
    return sock


@contextlib.contextmanager
def _closed_on_failure(sock: socket.socket) -> Iterator[None]:
    try:
        yield
    except BaseException:
        sock.close()
        raise
