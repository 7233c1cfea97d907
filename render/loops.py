"""Event loops that the SDK works on, each closed by who gave it."""

import asyncio
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager


@contextmanager
def loops() -> Iterator[None]:
    """Give this thread an event loop, and one to each of the threads that the SDK's mocks answer in.

    All are closed with the block: whose threads have no loop, the SDK gives one that nobody closes (pulumi 3.259).
    """
    with ExitStack() as given, asyncio.Runner() as runner:
        runner.get_loop().set_default_executor(ThreadPoolExecutor(initializer=_give_loop, initargs=(given,)))
        yield


def _give_loop(given: ExitStack) -> None:
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    given.callback(loop.close)
