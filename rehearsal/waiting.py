"""Waiting with a bound."""

from collections.abc import Callable
from typing import TypeVar

from tenacity import Retrying, retry_if_result, stop_after_delay, wait_fixed

from rehearsal.error import RehearsalError

T = TypeVar("T")


def until(probe: Callable[[], T | None], *, seconds: float, failure: Callable[[], str]) -> T:
    """Return the first result of a probe that is not None.

    Args:
        probe: asked every 50 ms.
        seconds: how long it is asked.
        failure: the message when the time is up.

    Raises:
        RehearsalError: when the time is up.
    """
    retrying = Retrying(
        stop=stop_after_delay(seconds),
        wait=wait_fixed(0.05),
        retry=retry_if_result(lambda result: result is None),
        retry_error_callback=lambda _: None,
    )
    result = retrying(probe)
    if result is None:
        raise RehearsalError(failure())
    return result
