"""What many want to know at the same time, asked for in one request."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

from providers.weaviate.client import Sleep

T = TypeVar("T")


class Together(Generic[T]):
    """A question that one request answers for all who ask it meanwhile.

    Args:
        ask: sends the request, for the names of all who ask.
    """

    def __init__(self, ask: Callable[[Sequence[str], Sleep], Awaitable[T]]) -> None:
        self._ask = ask
        self._turn = asyncio.Lock()
        self._names: dict[str, None] = {}
        self._next: asyncio.Future[T] | None = None

    async def answer(self, name: str, sleep: Sleep) -> T:
        """Return the answer to a request that was sent after this call.

        Args:
            name: what is asked about.
            sleep: waits between two attempts.
        """
        self._names[name] = None
        if self._next is None:
            self._next = asyncio.ensure_future(self._send(sleep))
        return await asyncio.shield(self._next)

    async def _send(self, sleep: Sleep) -> T:
        async with self._turn:
            # Whoever comes from now on shares the next request: this one may have been answered too early for them.
            names, self._names, self._next = [*self._names], {}, None
            return await self._ask(names, sleep)
