"""Running a program in a network namespace, and leading clients on loopback to what is there."""

import asyncio
import signal
import socket
from asyncio.subprocess import Process
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path

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


async def lead(host: str, port: int, connect: Callable[[], socket.socket]) -> asyncio.Server:
    """Lead whoever comes in on loopback to where a function connects to, each by a connection of its own.

    Return what listens there.

    Args:
        host: the address on loopback.
        port: the port there.
        connect: gives a new connection; called in a thread.
    """

    async def one(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            with suppress(OSError, httpx.HTTPError, LookupError):
                far = await asyncio.open_connection(sock=await asyncio.to_thread(connect))
                try:
                    await asyncio.gather(pump((reader, writer), far), pump(far, (reader, writer)))
                finally:
                    await close(far[1])
        finally:
            await close(writer)

    return await asyncio.start_server(one, host, port)


def connection(namespace: str, address: str, port: int) -> socket.socket:
    """Return a connection that begins in a network namespace.

    Args:
        namespace: the namespace.
        address: where it leads.
        port: the port there.
    """
    return within(namespace, lambda: socket.create_connection((address, port), timeout=_CONNECT_SECONDS))
