"""A headless browser for tests, and ways to where only a network namespace leads."""

import asyncio
import os
import shutil
import socket
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager

import pytest
from playwright.sync_api import Browser, sync_playwright

from rehearsal.leading import lead
from rehearsal.machines import image
from rehearsal.toolchain import ToolError, progress_for

_LAST_SECONDS = 5.0
_CHROMIUM = ("chromium", "chromium-browser", "google-chrome")


def program() -> str:
    """Return Chromium's program, installed where that can be done here; without it the test is skipped, and says so."""
    found = next(filter(None, map(shutil.which, _CHROMIUM)), None)
    if found is None and os.geteuid() == 0:
        try:
            image.install(["chromium"], progress_for())
        except ToolError as error:
            pytest.skip(f"not proven: what a browser shows; {error}")
        found = shutil.which(_CHROMIUM[0])
    if found is None:
        pytest.skip("not proven: what a browser shows; it needs Chromium: sudo apt-get install chromium")
    return found


@contextmanager
def chromium(*arguments: str) -> Iterator[Browser]:
    """Give a headless Chromium.

    Args:
        arguments: more of its command line's.
    """
    with sync_playwright() as playwright:
        # Root has no sandbox of its own to run it in; what it opens is ours.
        started = playwright.chromium.launch(executable_path=program(), args=["--no-sandbox", *arguments])
        try:
            yield started
        finally:
            started.close()


@contextmanager
def led(connect: Callable[[], socket.socket]) -> Iterator[int]:
    """Lead whoever comes in at a port of loopback to where a function connects to; give the port.

    Args:
        connect: gives a new connection.
    """
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
    ready: Future[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = Future()

    async def serve() -> None:
        ended = asyncio.Event()
        async with await lead("127.0.0.1", port, connect):
            ready.set_result((asyncio.get_running_loop(), ended))
            await ended.wait()
        # Who came in at the last moment is led to the end: what an event loop leaves open falls on whatever comes next.
        if others := asyncio.all_tasks() - {asyncio.current_task()}:
            await asyncio.wait(others, timeout=_LAST_SECONDS)

    thread = threading.Thread(target=asyncio.run, args=(serve(),), daemon=True)
    thread.start()
    loop, ended = ready.result(10)
    try:
        yield port
    finally:
        loop.call_soon_threadsafe(ended.set)
        thread.join(10)
