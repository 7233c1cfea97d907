"""A headless browser for tests, and ways to where only a network namespace leads."""

import os
import shutil
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from anyio.from_thread import start_blocking_portal
from playwright.sync_api import Browser, sync_playwright

from rehearsal.leading import leading
from rehearsal.machines import image
from rehearsal.toolchain import ToolError, progress_for

_SECONDS = 10
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
    with (
        start_blocking_portal() as portal,
        portal.wrap_async_context_manager(leading("127.0.0.1", [port], lambda _: connect())),
    ):
        yield port
