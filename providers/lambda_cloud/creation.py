"""Creating something exactly once with an API that has no idempotency key."""

from collections.abc import Awaitable, Callable, Iterable
from typing import Final, Protocol, TypeVar

from providers.kit import ProviderError
from providers.lambda_cloud.clock import Clock, Waiting
from providers.lambda_cloud.errors import DUPLICATE, ApiError

ATTEMPTS: Final = 5
SETTLE_SECONDS: Final = 5.0


class Identified(Protocol):
    """Whatever the API lists with an id."""

    @property
    def id(self) -> str:
        """What the API knows it by."""


T = TypeVar("T", bound=Identified)


async def create_once(
    waiting: Waiting,
    clock: Clock,
    *,
    send: Callable[[], Awaitable[T]],
    listed: Callable[[], Awaitable[Iterable[T]]],
    before: Iterable[T],
    same: Callable[[T], bool],
) -> T:
    """Return the one thing that was created, also when the answer to the request was lost.

    Then the API is asked for what it lists: an identical thing that was not there before this create is its result and
    is taken over. Only when there is none is the request sent again.

    Args:
        waiting: who waits.
        clock: the API's.
        send: sends the request.
        listed: lists the things of this kind.
        before: what was listed before the first request; never taken over.
        same: whether a thing is what the request asked for.

    Raises:
        ApiError: when the API refuses, or gives no usable answer to any attempt.
        ProviderError: when several things could be the result.
    """
    known = {thing.id for thing in before}
    lost: ApiError | None = None
    for _ in range(ATTEMPTS):
        try:
            return await send()
        except ApiError as error:
            # After a lost answer, a duplicate may be our own.
            if not error.outcome_unknown and (lost is None or error.code != DUPLICATE):
                raise
            lost = error
        await clock.sleep(waiting, SETTLE_SECONDS)
        ours = [thing for thing in await listed() if thing.id not in known and same(thing)]
        if ours:
            return _only(ours, lost)
    raise lost or AssertionError


def _only(ours: list[T], lost: ApiError) -> T:
    if len(ours) == 1:
        return ours[0]
    what = f"{lost}; since then {len(ours)} identical things exist: {', '.join(sorted(thing.id for thing in ours))}"
    raise ProviderError(what, "delete all but one of them, and adopt that one with `import_`")
