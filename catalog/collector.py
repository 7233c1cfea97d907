"""The garbage collector, held back where nearly all that is made stays."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def paused() -> Iterator[None]:
    """Hold the garbage collector back inside: each pass would walk all that was made, and find nothing.

    Measured: 3,200 servers load in 0.8 s instead of 1.6 s, 640 render in 16 s instead of 32 s with a tenth more memory,
    and time per server no longer grows with their number.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()
