"""Running a program in a network namespace, and leading clients on loopback to what is there."""

import asyncio
import signal
import socket
from asyncio.subprocess import Process
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Mapping, Sequence
from contextlib import ExitStack, asynccontextmanager, suppress
from functools import partial
from pathlib import Path
from typing import cast

import httpx

from rehearsal.machines.gate import close, pump
from rehearsal.machines.names import path_of
from rehearsal.machines.within import within

_CONNECT_SECONDS = 3.0
_KILLED_WITH_US = ("setpriv", "--pdeathsig", "KILL")


async def until_told(work: Coroutine[None, None, None]) -> None:
    """Do a work until it is done or the process is told to end, which cancels it.

    Args:
        work: the work.
    """
    task = asyncio.ensure_future(work)
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, task.cancel)
    with suppress(asyncio.CancelledError):
        await task


@asynccontextmanager
async def inside(
    namespace: str, program: Sequence[str], *, environment: Mapping[str, str], folder: Path
) -> AsyncIterator[Process]:
    """Run a program in a network namespace while the block does; it ends with this process, however that ends.

    Args:
        namespace: the namespace.
        program: the program and its arguments.
        environment: its whole environment.
        folder: where it runs.
    """
    enter = ("nsenter", f"--net={path_of(namespace)}", *_KILLED_WITH_US)
    running = await asyncio.create_subprocess_exec(*enter, *program, env=environment, cwd=folder)
    try:
        yield running
    finally:
        if running.returncode is None:
            running.terminate()
            await running.wait()


async def _connected(connect: Callable[[], socket.socket]) -> socket.socket:
    """Connect in a thread, which nobody can cancel: a connection that is not wanted any more is closed."""
    connecting = asyncio.ensure_future(asyncio.to_thread(connect))
    try:
        return await asyncio.shield(connecting)
    except asyncio.CancelledError:
        (await connecting).close()
        raise


@asynccontextmanager
async def leading(host: str, ports: Iterable[int], connect: Callable[[int], socket.socket]) -> AsyncIterator[None]:
    """Lead whoever comes in on loopback to where a function connects to, each by a connection of its own.

    While the block does; what is still open then is cut.

    Args:
        host: the address on loopback.
        ports: the ports there.
        connect: gives a new connection for one of the ports; called in a thread.
    """
    # Nothing else holds a connection that whoever came in has ended for one direction: it would be collected.
    connections: set[asyncio.Task[None]] = set()

    async def one(port: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = cast("asyncio.Task[None]", asyncio.current_task())
        connections.add(task)
        task.add_done_callback(connections.discard)
        with suppress(OSError, httpx.HTTPError, LookupError, asyncio.CancelledError):
            try:
                far = await asyncio.open_connection(sock=await _connected(partial(connect, port)))
                try:
                    await asyncio.gather(pump((reader, writer), far), pump(far, (reader, writer)))
                finally:
                    await close(far[1])
            finally:
                await close(writer)

    try:
        with ExitStack() as servers:
            for port in ports:
                servers.callback((await asyncio.start_server(partial(one, port), host, port)).close)
            yield
    finally:
        for task in connections:
            task.cancel()
        await asyncio.gather(*connections)


def connection(namespace: str, address: str, port: int) -> socket.socket:
    """Return a connection that begins in a network namespace.

    Args:
        namespace: the namespace.
        address: where it leads.
        port: the port there.
    """
    return within(namespace, lambda: socket.create_connection((address, port), timeout=_CONNECT_SECONDS))
