"""An SSH server in this process, for claims that need neither machine nor root: it runs commands as its own user."""

import asyncio
import contextlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Self

import asyncssh

from rehearsal.machines.testing import key_pair


class Loopback:
    """An SSH server on the loopback address.

    Args:
        public_key: what it admits.
    """

    def __init__(self, public_key: str) -> None:
        self.port = 0
        self.commands: list[str] = []
        """Every command line that was to be run."""
        self.sessions = 0
        """How many connections there were."""
        self._admitted = public_key
        self._host_key = key_pair()[0]
        self._loop = asyncio.new_event_loop()
        self._open: set[asyncssh.SSHServerConnection] = set()

    @property
    def host_key(self) -> str:
        """Its host key, in OpenSSH's form."""
        return asyncssh.import_private_key(self._host_key).export_public_key().decode().strip()

    def cut(self) -> None:
        """Cut all connections."""
        self._loop.call_soon_threadsafe(self._abort)

    @contextmanager
    def served(self) -> Iterator[Self]:
        """Serve it while the block runs."""
        ready = threading.Event()
        thread = threading.Thread(target=self._loop.run_until_complete, args=(self._serve(ready),))
        thread.start()
        ready.wait()
        try:
            yield self
        finally:
            self._loop.call_soon_threadsafe(self._end.set)
            thread.join()
            self._loop.close()

    async def _serve(self, ready: threading.Event) -> None:
        self._end = asyncio.Event()
        server = await asyncssh.listen(
            "127.0.0.1",
            0,
            server_factory=lambda: _Door(self),
            server_host_keys=[asyncssh.import_private_key(self._host_key)],
            authorized_client_keys=asyncssh.import_authorized_keys(self._admitted),
            process_factory=self._run,
            encoding=None,
        )
        self.port = server.sockets[0].getsockname()[1]
        ready.set()
        await self._end.wait()
        server.close()
        self._abort()
        await server.wait_closed()
        tasks = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        await asyncio.wait(tasks, timeout=5) if tasks else None

    def _abort(self) -> None:
        for one in list(self._open):
            one.abort()

    async def _run(self, process: asyncssh.SSHServerProcess[bytes]) -> None:
        self.commands.append(process.command or "")
        pipe = asyncio.subprocess.PIPE
        child = await asyncio.create_subprocess_shell(process.command or "", stdin=pipe, stdout=pipe, stderr=pipe)
        assert child.stdin
        assert child.stdout
        assert child.stderr
        told = [_pass(child.stdout, process.stdout), _pass(child.stderr, process.stderr)]
        given = asyncio.ensure_future(_pass(process.stdin, child.stdin))
        await asyncio.gather(*told)
        given.cancel()
        await asyncio.gather(given, return_exceptions=True)
        code = await child.wait()
        with contextlib.suppress(OSError, asyncssh.Error):
            process.exit(code)


async def _pass(reader: Any, writer: Any) -> None:
    with contextlib.suppress(OSError, asyncssh.Error):
        while data := await reader.read(4096):
            writer.write(data)
    with contextlib.suppress(OSError, asyncssh.Error):
        writer.write_eof()


class _Door(asyncssh.SSHServer):
    def __init__(self, server: Loopback) -> None:
        self._server = server

    def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
        self._server.sessions += 1
        self._server._open.add(conn)  # noqa: SLF001 - the two are one
        self._conn = conn

    def connection_lost(self, exc: Exception | None) -> None:
        del exc
        self._server._open.discard(self._conn)  # noqa: SLF001 - the two are one
