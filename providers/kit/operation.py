"""What a resource knows about the operation it is part of, and how one ends early."""

import asyncio
from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from dataclasses import dataclass

from providers.kit.errors import ProviderError

CANCELLED: ContextVar[asyncio.Event | None] = ContextVar("cancelled", default=None)
"""Set when the run is cancelled; each process that serves a provider has one."""

SAYING: ContextVar[Callable[[str, str], Awaitable[None]] | None] = ContextVar("saying", default=None)
"""Shows a line beside the resource of a URN."""


def cancelled() -> bool:
    """Return whether the run has been cancelled."""
    event = CANCELLED.get()
    return event is not None and event.is_set()


async def sleep(seconds: float) -> None:
    """Wait, unless the run is cancelled: requests in flight finish, waits do not.

    Args:
        seconds: how long.

    Raises:
        ProviderError: the run is cancelled.
    """
    event = CANCELLED.get()
    if event is None:
        await asyncio.sleep(seconds)
        return
    if not event.is_set():
        try:
            await asyncio.wait_for(event.wait(), max(seconds, 0))
        except TimeoutError:
            return
    what = "cancelled while waiting"
    raise ProviderError(what, "run the command again, it goes on from what was done")


@dataclass(frozen=True)
class Operation:
    """One create, read, update or delete of one resource."""

    urn: str
    """The resource's URN."""
    timeout: float | None = None
    """Seconds it may take, from the resource's ``custom_timeouts``; None where the user set none."""

    @property
    def stack(self) -> str:
        """Name of the stack."""
        return self._part(0).rpartition(":")[2]

    @property
    def project(self) -> str:
        """Name of the project."""
        return self._part(1)

    @property
    def token(self) -> str:
        """Type token of the resource."""
        return self._part(2).rpartition("$")[2]

    @property
    def name(self) -> str:
        """Logical name of the resource."""
        return self._part(3)

    @property
    def cancelled(self) -> bool:
        """Whether the run has been cancelled."""
        return cancelled()

    async def sleep(self, seconds: float) -> None:
        """Wait, unless the run is cancelled.

        Args:
            seconds: how long.

        Raises:
            ProviderError: the run is cancelled.
        """
        await sleep(seconds)

    async def say(self, text: str) -> None:
        """Show a line beside the resource, until the next one: how far a long operation has come.

        Args:
            text: the line.
        """
        saying = SAYING.get()
        if saying is not None:
            await saying(self.urn, text)

    def _part(self, index: int) -> str:
        parts = self.urn.split("::", 3)
        return parts[index] if index < len(parts) else ""
