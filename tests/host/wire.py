"""A wire to the machines that can be cut: a proxy that passes everything on until it is told otherwise."""

import asyncio
import contextlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

CHUNK = 4096


class Wire:
    """Passes connections on to another proxy.

    Args:
        behind: host and port of that proxy.
    """

    def __init__(self, behind: tuple[str, int]) -> None:
        self.url = ""
        self.opened = 0
        """How many connections there were."""
        self._behind = behind
        self._loop = asyncio.new_event_loop()
        self._writers: set[asyncio.StreamWriter] = set()
        self._left: int | None = None
        self._flowing = asyncio.Event()
        self._flowing.set()

    def cut(self, after_bytes: int = 0) -> None:
        """Cut all connections once, after some more bytes towards the machines."""
        self._loop.call_soon_threadsafe(self._arm, after_bytes)

    def freeze(self, *, frozen: bool) -> None:
        """Pass nothing on any more, and say so to nobody; or go on."""
        self._loop.call_soon_threadsafe(self._flowing.clear if frozen else self._flowing.set)

    def mend(self) -> None:
        """Forget a cut that has not come."""
        self._left = None
        self.freeze(frozen=False)

    @contextmanager
    def served(self) -> Iterator["Wire"]:
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
        server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.url = "http://{}:{}".format(*server.sockets[0].getsockname())
        ready.set()
        await self._end.wait()
        server.close()
        self._drop()
        tasks = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.opened += 1
        with contextlib.suppress(OSError, asyncio.CancelledError):
            far_reader, far_writer = await asyncio.open_connection(*self._behind)
            self._writers |= {writer, far_writer}
            await asyncio.gather(self._pass(reader, far_writer, counted=True), self._pass(far_reader, writer))
            self._writers -= {writer, far_writer}

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, counted: bool = False) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(CHUNK):
                await self._flowing.wait()
                if counted and self._left is not None:
                    self._left -= len(data)
                    if self._left <= 0:
                        self._left = None
                        self._drop()
                        return
                writer.write(data)
                await writer.drain()
        writer.close()

    def _arm(self, after_bytes: int) -> None:
        self._left = after_bytes or None
        if not after_bytes:
            self._drop()

    def _drop(self) -> None:
        for writer in self._writers:
            writer.transport.abort()


def wire_to(proxy_url: str) -> Wire:
    """Return a wire to a proxy, not yet served."""
    parts = urlsplit(proxy_url)
    return Wire((parts.hostname or "", parts.port or 0))
