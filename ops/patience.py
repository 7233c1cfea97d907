"""The end of an engine that tells nothing any more, because a provider hangs."""

import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import Final, Self

SILENCE: Final = 300.0
"""Seconds without an event: longer than a provider waits for a host or an API before it gives up by itself."""
_LOOKS: Final = 20
"""How often within that time it is looked."""


class Patience:
    """Ends something that has been silent for too long.

    Args:
        end: ends it; called once more when that did not help.
        seconds: how long it may be silent.
    """

    def __init__(self, end: Callable[[], None], seconds: float = SILENCE) -> None:
        self._end, self._seconds = end, seconds
        self._heard = time.monotonic()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="patience", daemon=True)
        self.ended = False
        """Whether it was silent for too long, and was ended."""

    def heard(self) -> None:
        """Know that it told something."""
        self._heard = time.monotonic()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._over.wait(self._seconds / _LOOKS):
            if time.monotonic() - self._heard > self._seconds:
                # The first request lets it finish what it has begun, which may be what hangs.
                self.ended = True
                self._end()
                self.heard()
