"""The two ways to a server: through its Service, inside of the cluster, and through the gateway, as clients come."""

import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import anyio
import httpx2
from anyio import BrokenResourceError, ClosedResourceError, EndOfStream
from anyio.abc import SocketAttribute, SocketStream
from typing_extensions import override

SECONDS = 20.0
"""How long a server may take to answer one request."""


@dataclass(frozen=True, slots=True)
class Way:
    """A way to one server's MCP endpoint."""

    name: str
    """How reports call it."""
    url: str
    """The endpoint, as the server or the gateway knows it."""
    target: str
    """Where requests really go: URL of the endpoint with another host or path in front."""
    trust: ssl.SSLContext
    """Whom to trust, and who one is."""
    headers: dict[str, str] = field(default_factory=dict, repr=False)
    """What is sent with each request: a token, where there is one."""
    proxy: str | None = None
    """The proxy that it is reached through."""

    @asynccontextmanager
    async def client(
        self, *, anonymous: bool = False, told: Callable[[httpx2.Response], None] | None = None
    ) -> AsyncIterator[httpx2.AsyncClient]:
        """Open a client of the endpoint.

        Args:
            anonymous: whether it shows no token.
            told: told of each answer, before its body has come.
        """

        async def note(answer: httpx2.Response) -> None:
            if told:
                told(answer)

        inner = httpx2.AsyncHTTPTransport(verify=self.trust, trust_env=False, proxy=self.proxy)
        transport = _Rerouted(inner, httpx2.URL(self.url), httpx2.URL(self.target))
        headers = {} if anonymous else self.headers
        timeout = httpx2.Timeout(SECONDS)
        hooks = {"response": [note]}
        async with httpx2.AsyncClient(
            transport=transport, headers=headers, timeout=timeout, event_hooks=hooks
        ) as client:
            yield client


@dataclass(slots=True)
class _Rerouted(httpx2.AsyncBaseTransport):
    """Sends what is for one origin to another, which is told the first one's name as every request has it."""

    inner: httpx2.AsyncHTTPTransport
    origin: httpx2.URL
    target: httpx2.URL

    @override
    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        if self.origin.scheme == "https":
            request.extensions = {**request.extensions, "sni_hostname": self.origin.host}
        # Where only a prefix is put in front, what follows the endpoint's own path stays.
        path = request.url.raw_path.decode()
        own, there = self.origin.raw_path.decode(), self.target.raw_path.decode()
        if path.startswith(own):
            path = there + path[len(own) :]
        elif there != own:
            path = there.removesuffix(own) + path
        request.url = self.target.copy_with(raw_path=path.encode())
        return await self.inner.handle_async_request(request)

    @override
    async def aclose(self) -> None:
        await self.inner.aclose()


@asynccontextmanager
async def forwarded(gate: str, address: str, port: int) -> AsyncIterator[int]:
    """Listen on loopback and lead every connection through an HTTP proxy; yield the port.

    A client that is told of the proxy would check the certificate against the address instead of the name.

    Args:
        gate: URL of the proxy.
        address: where connections are led.
        port: the port there.
    """
    place = urlsplit(gate)

    async def lead(here: SocketStream) -> None:
        # However it ends, nobody waits for it: the client tells what it made of that.
        with suppress(OSError, BrokenResourceError, ClosedResourceError, EndOfStream):
            async with here, await anyio.connect_tcp(place.hostname or "", place.port or 0) as there:
                await there.send(f"CONNECT {address}:{port} HTTP/1.1\r\n\r\n".encode())
                answer = b""
                while b"\r\n\r\n" not in answer:
                    answer += await there.receive()
                if b" 200" in answer.split(b"\r\n", 1)[0]:
                    async with anyio.create_task_group() as both:
                        both.start_soon(_pass, here, there)
                        both.start_soon(_pass, there, here)

    listener = await anyio.create_tcp_listener(local_host="127.0.0.1")
    async with listener, anyio.create_task_group() as serving:
        serving.start_soon(listener.serve, lead)
        yield listener.extra(SocketAttribute.local_port)  # noqa: S610 - a listener's attribute, not Django's
        serving.cancel_scope.cancel()


async def _pass(source: SocketStream, sink: SocketStream) -> None:
    with suppress(OSError, BrokenResourceError, ClosedResourceError):
        async for chunk in source:
            await sink.send(chunk)
        await sink.send_eof()
