"""Virtual time: real time, so many times faster."""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

EPOCH = datetime(2026, 11, 1, tzinfo=UTC)
"""When the virtual time of every new account begins."""


class Clock:
    """Seconds of virtual time since the account was born.

    It stands still until it runs, so that a test decides what time it is; then a second of real time is ``speed``
    seconds of it.

    Args:
        seconds: where it stands.
        real: the real clock, in seconds.
    """

    def __init__(self, seconds: float = 0.0, *, real: Callable[[], float] = time.monotonic) -> None:
        self._real = real
        self._since = real()
        self._seconds = seconds
        self.speed = 0.0

    @property
    def now(self) -> float:
        """Seconds of virtual time."""
        return self._seconds + (self._real() - self._since) * self.speed

    @property
    def today(self) -> datetime:
        """The virtual date and time."""
        return self.date(self.now)

    @staticmethod
    def date(seconds: float) -> datetime:
        """Return the virtual date and time that so many seconds are."""
        return EPOCH + timedelta(seconds=seconds)

    def run(self, speed: float) -> None:
        """Make it run from where it stands.

        Args:
            speed: seconds of virtual time per second of real time; 0 stops it.
        """
        self._set(self.now)
        self.speed = speed

    def advance(self, seconds: float) -> None:
        """Move it forward.

        Args:
            seconds: of virtual time.

        Raises:
            ValueError: when it would go back.
        """
        if seconds < 0:
            message = f"the clock goes forward only, not by {seconds} s; give a positive number of seconds"
            raise ValueError(message)
        self._set(self.now + seconds)

    def real_seconds(self, virtual: float) -> float:
        """Return how many seconds of real time a duration takes; none while it stands still."""
        return virtual / self.speed if self.speed else 0.0

    def _set(self, seconds: float) -> None:
        self._seconds, self._since = seconds, self._real()
