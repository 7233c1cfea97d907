"""A web server in a thread, which starts and ends at once.

``uvicorn.Server`` looks ten times a second whether it should end, and sleeps before it does: a third of a second for
each account that a test serves.
"""

import asyncio
import socket
import ssl
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager

import uvicorn
from uvicorn.server import ServerState

from rehearsal.error import RehearsalError
from rehearsal.transport import BreakableProtocol

_PATIENCE_SECONDS = 10.0

_Running = tuple[asyncio.AbstractEventLoop, asyncio.Event]


@contextmanager
def serving(
    configuration: uvicorn.Config, listener: socket.socket, secure: ssl.SSLContext | None = None
) -> Iterator[None]:
    """Serve a web application until the block ends.

    Args:
        configuration: the application and how it is served.
        listener: a socket that listens.
        secure: how it speaks TLS; plain HTTP by default.

    Raises:
        RehearsalError: when it does not end.
    """
    ready: Future[_Running] = Future()
    thread = threading.Thread(
        target=asyncio.run, args=(_serve(configuration, listener, secure, ready),), name="serving", daemon=True
    )
    thread.start()
    loop, ended = ready.result(_PATIENCE_SECONDS)
    try:
        yield
    finally:
        loop.call_soon_threadsafe(ended.set)
        thread.join(_PATIENCE_SECONDS)
    if thread.is_alive():
        message = "a web server does not end; end the process that serves it"
        raise RehearsalError(message)


async def _serve(
    configuration: uvicorn.Config,
    listener: socket.socket,
    secure: ssl.SSLContext | None,
    ready: "Future[_Running]",
) -> None:
    configuration.load()
    state = ServerState()
    loop, ended = asyncio.get_running_loop(), asyncio.Event()
    server = await loop.create_server(lambda: BreakableProtocol(configuration, state, {}), sock=listener, ssl=secure)
    ready.set_result((loop, ended))
    await ended.wait()
    server.close()
    for connection in list(state.connections):
        connection.transport.abort()
    for task in list(state.tasks):
        task.cancel()
    await asyncio.gather(*state.tasks, return_exceptions=True)
