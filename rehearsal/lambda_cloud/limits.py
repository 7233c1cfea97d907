"""How fast the API lets itself be asked (its documentation, 1.10.0), on the virtual clock."""

from collections import deque

from rehearsal.lambda_cloud.clock import Clock

REQUEST_SECONDS = 1.0
"""Between two requests of any kind, on average."""

LAUNCH_SECONDS = 12.0
"""Between two launches."""

LAUNCHES_PER_MINUTE = 5
"""Launches within any minute."""

JITTER_SECONDS = 0.05
"""How much earlier than their pace requests may arrive, in real time: a busy machine delays some and not others, and on
a fast clock those milliseconds are many virtual seconds. On the real clock it is next to nothing."""

_MINUTE = 60.0


class Gate:
    """Lets one through per interval.

    It is the virtual scheduling form of a leaky bucket: an early one passes as long as the sum of what all came too
    early stays within the tolerance.

    Args:
        interval: virtual seconds.
    """

    def __init__(self, interval: float) -> None:
        self._interval = interval
        self._due = float("-inf")

    def open(self, now: float, tolerance: float) -> bool:
        """Return whether one may pass now."""
        return now >= self._due - tolerance

    def enter(self, now: float) -> None:
        """Let one pass."""
        self._due = max(now, self._due) + self._interval


class Limits:
    """The rate limits of an account.

    Args:
        clock: the account's time.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._requests = Gate(REQUEST_SECONDS)
        self._launches = Gate(LAUNCH_SECONDS)
        self._recent: deque[float] = deque(maxlen=LAUNCHES_PER_MINUTE)

    def admit(self, *, launch: bool) -> bool:
        """Return whether a request may pass, and count it if so; a refused one costs nothing.

        Args:
            launch: whether it is a launch, which passes a second gate.
        """
        now = self._clock.now
        tolerance = JITTER_SECONDS * self._clock.speed
        if not self._requests.open(now, tolerance):
            return False
        if launch and not self._may_launch(now, tolerance):
            return False
        self._requests.enter(now)
        if launch:
            self._launches.enter(now)
            self._recent.append(now)
        return True

    def _may_launch(self, now: float, tolerance: float) -> bool:
        full = len(self._recent) == LAUNCHES_PER_MINUTE and now < self._recent[0] + _MINUTE - tolerance
        return not full and self._launches.open(now, tolerance)
