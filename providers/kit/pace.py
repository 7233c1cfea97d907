"""Calling an API no faster than it allows."""

import asyncio
from types import TracebackType

from providers.kit.operation import sleep


class Pace:
    """Lets one caller through per interval, in the order they came; waits end when the run is cancelled.

    Args:
        interval_seconds: least time between two callers; 0 lets all through.
    """

    def __init__(self, interval_seconds: float) -> None:
        self._interval = interval_seconds
        self._turn = asyncio.Lock()
        self._next = float("-inf")

    async def __aenter__(self) -> None:
        clock = asyncio.get_running_loop()
        async with self._turn:
            # A timer of the loop may fire a clock tick early, and the other side counts.
            while (left := self._next - clock.time()) > 0:
                await sleep(left)
            self._next = clock.time() + self._interval

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Leave; the next caller's time is counted from this one's start."""
