"""Requests to a host that come at nearly the same time go as one: it answers seven with the work of one."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Final

PAUSE_SECONDS: Final = 0.03
"""How long nothing more comes in before what has come goes."""
MOST_PAUSES: Final = 6
"""How many such pauses the first one waits at most."""

Request = Mapping[str, Any]
Send = Callable[[Sequence[Request], float], Awaitable[Sequence[Any]]]


class Gathering:
    """Requests that go together, once no more come in.

    Args:
        send: sends all of them, with the seconds that they may take, and returns an answer for each.
        close: called when no more can join.
    """

    def __init__(self, send: Send, close: Callable[[], object]) -> None:
        self._send = send
        self._close = close
        self._requests: list[Request] = []
        self._seconds = 0.0
        self._answers = asyncio.ensure_future(self._go())

    async def ask(self, request: Request, seconds: float) -> Any:
        """Join with a request, and return its answer; whatever fails for all fails for each.

        Args:
            request: what is asked for.
            seconds: how long it may take.
        """
        place = len(self._requests)
        self._requests.append(request)
        self._seconds = max(self._seconds, seconds)
        # One that is given up must not end the others.
        return (await asyncio.shield(self._answers))[place]

    async def _go(self) -> Sequence[Any]:
        for _ in range(MOST_PAUSES):
            before = len(self._requests)
            await asyncio.sleep(PAUSE_SECONDS)
            if len(self._requests) == before:
                break
        self._close()
        return await self._send(self._requests, self._seconds)
