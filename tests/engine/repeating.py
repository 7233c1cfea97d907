"""Something that is done again and again beside a block."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def repeating(act: Callable[[], object], *, every: float = 0.0) -> Iterator[None]:
    """Do something again and again until the block ends.

    Args:
        act: does it once.
        every: seconds between the end of one and the next.
    """
    ended = threading.Event()

    def run() -> None:
        while not ended.wait(every):
            act()

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
