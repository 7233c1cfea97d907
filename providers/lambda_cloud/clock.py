"""The API's clock: every interval, poll and deadline of the provider is told in its seconds."""

import time
from dataclasses import dataclass
from typing import Protocol


class Waiting(Protocol):
    """Who waits: an operation of the kit, whose sleep raises when the run is cancelled."""

    async def sleep(self, seconds: float) -> None:
        """Return after so many real seconds."""


@dataclass(frozen=True)
class Clock:
    """A clock that runs so many times faster than real time.

    Args:
        speed: 1 for Lambda itself; more for a rehearsal of it.
    """

    speed: float = 1.0

    def now(self) -> float:
        """Return the API's seconds since a moment that never changes while the process lives."""
        return time.monotonic() * self.speed

    def real(self, seconds: float) -> float:
        """Return how many real seconds so many of the API's are."""
        return seconds / self.speed

    async def sleep(self, waiting: Waiting, seconds: float) -> None:
        """Return after so many of the API's seconds.

        Args:
            waiting: the operation that waits; when its run is cancelled, this raises.
            seconds: of the API's clock.
        """
        if seconds > 0:
            await waiting.sleep(self.real(seconds))

    async def tick(self, waiting: Waiting, interval_seconds: float) -> None:
        """Return at the next whole multiple of an interval: all who poll so wake together and share one request."""
        await self.sleep(waiting, interval_seconds - self.now() % interval_seconds)
