"""Several ways to the same thing, tried so that a slow one holds nobody up."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

T = TypeVar("T")


async def first(
    attempts: Sequence[Callable[[], Awaitable[T]]],
    head_start_seconds: float,
    discard: Callable[[T], Awaitable[None]],
) -> T:
    """Return the first success.

    The next attempt joins when one has failed or after the head start, whichever is sooner.

    Args:
        attempts: the attempts, the preferred first.
        head_start_seconds: how long one runs before the next one joins.
        discard: ends what a later attempt won besides.

    Raises:
        ExceptionGroup: all have failed.
    """
    waiting = list(attempts)
    running: set[asyncio.Task[T]] = set()
    failures: list[Exception] = []
    won: list[T] = []
    try:
        while not won and (waiting or running):
            if waiting:
                running.add(asyncio.ensure_future(_run(waiting.pop(0))))
            timeout = head_start_seconds if waiting else None
            done, running = await asyncio.wait(running, timeout=timeout, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                error = task.exception()
                if isinstance(error, Exception):
                    failures.append(error)
                elif not won:
                    won.append(task.result())
                else:
                    await discard(task.result())
    finally:
        for task in running:
            task.cancel()
        for result in await asyncio.gather(*running, return_exceptions=True):
            if not isinstance(result, BaseException):
                await discard(result)
    if not won:
        message = "all attempts failed"
        raise ExceptionGroup(message, failures)
    return won[0]


async def _run(attempt: Callable[[], Awaitable[T]]) -> T:
    return await attempt()
