"""The gate from this computer to the machines: an HTTP proxy on loopback whose connections begin at the runner."""

import asyncio
import ipaddress
import re
import socket
import threading
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

from dnslib import DNSError, DNSRecord
from dnslib.label import DNSLabelError

from rehearsal.address import require_free
from rehearsal.error import RehearsalError
from rehearsal.machines.names import INTERNET
from rehearsal.machines.room import Room
from rehearsal.machines.within import enter

_HEAD_SECONDS = 10.0
_CONNECT_SECONDS = 3.0
"""All machines are on this computer: one that has not answered by then will not. Who asks may do so once for each of a
hundred objects, as the engine does for those of custom kinds."""
_CHUNK = 256 * 1024
_HOST = re.compile(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?", re.IGNORECASE)

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]
"""Both directions of a connection."""


@dataclass(slots=True)
class Gate:
    """Serves a room's gate in a thread while the block runs: CONNECT to any address, and nothing else of a proxy.

    A name is what machines would find under it.

    Args:
        room: the room; it is open.
        settled: answers ``GET /settled`` when it returns.
    """

    room: Room
    settled: Callable[[], Awaitable[None]] | None = None
    _loop: asyncio.AbstractEventLoop = field(default_factory=asyncio.new_event_loop, init=False)
    _thread: threading.Thread | None = field(default=None, init=False)
    _failure: OSError | None = field(default=None, init=False)
    _connections: set[asyncio.Task[None]] = field(default_factory=set, init=False)

    def __enter__(self) -> Self:
        place = urlsplit(self.room.gate)
        host, port = str(place.hostname), int(place.port or 0)
        require_free(host, {port: "the gate to the machines"})
        # Made here, where this computer's loopback is; every later socket is the thread's, which lives at the runner.
        listener = socket.create_server((host, port), backlog=128)
        ready = threading.Event()
        self._thread = threading.Thread(target=self._serve, args=(listener, ready), name="gate", daemon=True)
        self._thread.start()
        ready.wait()
        if self._failure:
            message = f"the gate cannot be served at the runner ({self._failure}); `./sophia down --all` clears it up"
            raise RehearsalError(message)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        if self._thread:
            self._thread.join()

    def _serve(self, listener: socket.socket, ready: threading.Event) -> None:
        try:
            enter(self.room.runner.namespace)
            asyncio.set_event_loop(self._loop)
            server = self._loop.run_until_complete(asyncio.start_server(self._accept, sock=listener))
        except OSError as error:
            self._failure = error
            return
        finally:
            ready.set()
        self._loop.run_forever()
        server.close()
        for task in self._connections:
            task.cancel()
        self._loop.run_until_complete(asyncio.gather(*self._connections, return_exceptions=True))
        self._loop.run_until_complete(self._loop.shutdown_asyncgens())
        self._loop.close()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task:
            self._connections.add(task)
            task.add_done_callback(self._connections.discard)
        try:
            # Cancelled is what the end of the gate does to connections that are open.
            quiet = (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, asyncio.CancelledError)
            with suppress(*quiet):
                head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), _HEAD_SECONDS)
                await self._answer(head.split(b"\r\n", 1)[0].decode("latin-1"), reader, writer)
        finally:
            await close(writer)

    async def _answer(self, request: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        method, _, rest = request.partition(" ")
        target = rest.partition(" ")[0]
        if method == "CONNECT":
            await _connect(target, reader, writer)
        elif (method, target) == ("GET", "/healthz"):
            await _say(writer, "200 OK", "ok")
        elif (method, target) == ("GET", "/settled") and self.settled:
            await self.settled()
            await _say(writer, "200 OK", "ok")
        else:
            await _say(writer, "405 Method Not Allowed", "this is a gate: CONNECT HOST:PORT")


async def _connect(target: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    host, _, port = target.rpartition(":")
    if not _HOST.fullmatch(host) or not port.isdecimal():
        await _say(writer, "400 Bad Request", f"{target}: is no IPv4 address or name, and port")
        return
    try:
        opened, early = await _open(await _address(host), int(port), reader)
    except TimeoutError:
        await _say(writer, "504 Gateway Timeout", f"{target}: does not answer")
        return
    except OSError as error:
        await _say(writer, "502 Bad Gateway", f"{target}: {error.strerror or error}")
        return
    far_reader, far_writer = opened
    writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
    far_writer.write(early)
    try:
        near, far = (reader, writer), (far_reader, far_writer)
        await asyncio.gather(pump(near, far), pump(far, near))
    finally:
        await close(far_writer)


async def _address(host: str) -> str:
    with suppress(ValueError):
        return str(ipaddress.IPv4Address(host))
    # Its thread is made by the gate's, and so it is at the runner too.
    return await asyncio.to_thread(_resolved, host)


def _resolved(name: str) -> str:
    try:
        answer = DNSRecord.parse(DNSRecord.question(name).send(INTERNET, timeout=_CONNECT_SECONDS))
    except (DNSError, DNSLabelError, UnicodeError) as error:
        raise OSError(str(error)) from None
    if not answer.rr:
        message = "there is no such name"
        raise OSError(message)
    return str(answer.rr[0].rdata)


async def _open(host: str, port: int, reader: asyncio.StreamReader) -> tuple[Streams, bytes]:
    """The connection, and what the asker has sent too early; the asker may give up, and then so does this."""
    opening = asyncio.ensure_future(asyncio.open_connection(host, port))
    heard = asyncio.ensure_future(reader.read(_CHUNK))
    try:
        await asyncio.wait({opening, heard}, timeout=_CONNECT_SECONDS, return_when=asyncio.FIRST_COMPLETED)
        if heard.done() and not heard.result():
            raise ConnectionAbortedError
        opened = await asyncio.wait_for(opening, 0.0 if not heard.done() and not opening.done() else _CONNECT_SECONDS)
        return opened, heard.result() if heard.done() else b""
    finally:
        opening.cancel()
        heard.cancel()
        await asyncio.wait({heard})


async def pump(source: Streams, target: Streams) -> None:
    """Pass on what comes in on one connection to another, until it ends.

    Args:
        source: the connection that is read.
        target: the one that is written to.
    """
    reader, writer = source[0], target[1]
    heard = source[1].get_extra_info("socket")
    try:
        while data := await reader.read(_CHUNK):
            # As whoever asks does by itself where no gate is between: the kernel would wait for 40 ms.
            heard.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)
            writer.write(data)
            await writer.drain()
        if writer.can_write_eof():
            writer.write_eof()
    except OSError:
        # Cut on one side is cut on the other: the pump of the other direction ends by it too.
        writer.transport.abort()


async def _say(writer: asyncio.StreamWriter, status: str, text: str) -> None:
    body = f"{text}\n".encode()
    head = f"HTTP/1.1 {status}\r\nContent-Type: text/plain\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    writer.write(head.encode() + body)
    await writer.drain()


async def close(writer: asyncio.StreamWriter) -> None:
    """End a connection, whatever has become of it."""
    writer.close()
    with suppress(OSError):
        await writer.wait_closed()
