"""Deleting something that machines may still be using."""

import random
from collections.abc import Awaitable, Callable
from typing import Final

from providers.kit import ProviderError
from providers.lambda_cloud.clock import Clock, Waiting
from providers.lambda_cloud.errors import ApiError

# A machine takes about half a minute to terminate; ten give a slow region its time.
PATIENCE_SECONDS: Final = 600.0
FIRST_PAUSE_SECONDS: Final = 5.0
LONGEST_PAUSE_SECONDS: Final = 30.0


async def delete_when_free(
    waiting: Waiting,
    clock: Clock,
    delete: Callable[[], Awaitable[None]],
    *,
    in_use: str,
    patience_seconds: float | None = None,
) -> None:
    """Delete a thing, waiting while machines that are being terminated still use it.

    What does not exist any more counts as deleted.

    Args:
        waiting: who waits.
        clock: the API's.
        delete: sends the request.
        in_use: the API's code for "still in use".
        patience_seconds: how long it may be in use, on the API's clock; ten minutes when none.

    Raises:
        ApiError: when the API refuses for another reason, or does not answer.
        ProviderError: when it is still in use at the end.
    """
    patience = patience_seconds or PATIENCE_SECONDS
    deadline = clock.now() + patience
    pause = FIRST_PAUSE_SECONDS
    while True:
        try:
            await delete()
        except ApiError as error:
            if error.gone:
                return
            if error.code != in_use:
                raise
            if clock.now() + pause > deadline:
                what = f"{error}: still in use after {patience:.0f} s"
                raise ProviderError(
                    what, "terminate the machines that use it, and run the same command again"
                ) from None
        else:
            return
        await clock.sleep(waiting, random.uniform(pause / 2, pause))  # noqa: S311 - jitter, no secret
        pause = min(2 * pause, LONGEST_PAUSE_SECONDS)
