"""What leads the conformance suite to servers, by the ways that only this process can go.

The suite is a program of its own, which knows an address and no more: no token, no certificate, no name to ask for.
"""

import asyncio
import contextlib
import json
import secrets
import socket
from collections.abc import AsyncIterator, Generator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field

import httpx2
import uvicorn
from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route
from typing_extensions import override

from ops.gate.reach import Way

_OF_THE_CONNECTION = frozenset({"connection", "content-length", "host", "keep-alive", "origin", "transfer-encoding"})
"""Headers that are not led on as they come."""
_METHODS = ["GET", "POST", "DELETE", "OPTIONS", "PUT", "PATCH"]


@dataclass(slots=True)
class Relay:
    """Listens on loopback while it is open."""

    authority: str
    """Host and port where it listens."""
    _led: dict[str, tuple[httpx2.AsyncClient, str, frozenset[str]]] = field(default_factory=dict)

    @asynccontextmanager
    async def to(self, way: Way, forbidden: frozenset[str]) -> AsyncIterator[str]:
        """Lead requests to a server until the block ends; yield the URL, which nobody guesses.

        Args:
            way: how the server is reached.
            forbidden: tools that may not be called, because they change something.
        """
        key = secrets.token_urlsafe(24)
        async with way.client() as client:
            self._led[key] = (client, way.url, forbidden)
            try:
                yield f"http://{self.authority}/{key}"
            finally:
                del self._led[key]

    async def lead(self, request: Request) -> Response:
        """Answer a request with what the server answers."""
        led = self._led.get(request.path_params["key"])
        if led is None:
            return PlainTextResponse("nothing is led on from here", 404)
        client, url, forbidden = led
        body = await request.body()
        if (tool := _called(body)) in forbidden:
            problem = f"the gate does not call {tool}, which does not say that it only reads"
            return JSONResponse({"error": problem}, status_code=403)
        headers = [
            (name, value)
            for name, value in request.headers.items()
            if name not in _OF_THE_CONNECTION
            # What is meant for another host must come there as that; what is meant for here, for the server itself.
            or (name in {"host", "origin"} and value.rpartition("//")[2] != self.authority)
        ]
        try:
            answer = await client.send(
                client.build_request(request.method, url, headers=headers, content=body), stream=True
            )
        except httpx2.TransportError as error:
            return PlainTextResponse(f"the connection fails: {error or type(error).__name__}", 502)
        led_back = StreamingResponse(_stream(answer), answer.status_code, background=BackgroundTask(answer.aclose))
        led_back.raw_headers = [(name.lower(), value) for name, value in answer.headers.raw if _stays(name)]
        return led_back


@asynccontextmanager
async def relay() -> AsyncIterator[Relay]:
    """Listen on a free port of loopback until the block ends."""
    with socket.create_server(("127.0.0.1", 0), backlog=128) as listener:
        opened = Relay(f"127.0.0.1:{listener.getsockname()[1]}")
        app = Starlette(routes=[Route("/{key}", opened.lead, methods=_METHODS)])
        server = _Server(
            uvicorn.Config(app, log_config=None, ws="none", lifespan="off", timeout_graceful_shutdown=1, http="h11")
        )
        serving = asyncio.create_task(server.serve(sockets=[listener]))
        try:
            yield opened
        finally:
            server.should_exit = True
            with contextlib.suppress(asyncio.CancelledError):
                await serving


class _Server(uvicorn.Server):
    """A server in a program that handles its signals itself."""

    @override
    @contextmanager
    def capture_signals(self) -> Generator[None]:
        yield


async def _stream(answer: httpx2.Response) -> AsyncIterator[bytes]:
    # The suite tells what it makes of an answer that ends early.
    with contextlib.suppress(httpx2.TransportError):
        async for chunk in answer.aiter_raw():
            yield chunk


def _stays(name: bytes) -> bool:
    return name.lower().decode("latin-1") not in _OF_THE_CONNECTION - {"content-length"}


def _called(body: bytes) -> str:
    """Return the tool that a request calls, or nothing."""
    try:
        message = json.loads(body)
        return str(message["params"]["name"]) if message["method"] == "tools/call" else ""
    except (ValueError, KeyError, TypeError):
        return ""
