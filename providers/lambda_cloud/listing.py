"""One `GET /instances` for all who ask at the same time: the account has one request a second."""

import asyncio
from collections.abc import Callable, Coroutine

from providers.lambda_cloud.answers import Instance
from providers.lambda_cloud.clock import Waiting
from providers.lambda_cloud.errors import ApiError

Instances = tuple[Instance, ...]
FetchAll = Callable[[Waiting, Callable[[], None]], Coroutine[None, None, Instances]]
FetchOne = Callable[[Waiting, str], Coroutine[None, None, Instance]]


class Listing:
    """Reads of instances, shared.

    Who asks joins a list that has not been requested yet, and never one that was requested before the question: its
    answer may be older than what the asker has just done.

    Args:
        fetch_all: lists the instances, and calls its second argument at the moment the request is sent.
        fetch_one: gives the instance with an id.
    """

    def __init__(self, fetch_all: FetchAll, fetch_one: FetchOne) -> None:
        self._fetch_all = fetch_all
        self._fetch_one = fetch_one
        self._boarding: asyncio.Task[Instances] | None = None

    async def everything(self, waiting: Waiting) -> Instances:
        """Return the instances that the API lists, from a request sent after this call.

        Raises:
            ApiError: when the API does not answer; never an empty list in its place.
        """
        if self._boarding is None:
            self._boarding = asyncio.create_task(self._fetch_all(waiting, self._depart))
            self._boarding.add_done_callback(self._arrive)
        return await asyncio.shield(self._boarding)

    async def find(self, waiting: Waiting, instance_id: str) -> Instance | None:
        """Return the instance with an id, or none when the API says with authority that there is none.

        Only an id that the list lacks costs a request of its own; that one decides.

        Raises:
            ApiError: when the API does not answer, or refuses.
        """
        for instance in await self.everything(waiting):
            if instance.id == instance_id:
                return instance
        try:
            return await self._fetch_one(waiting, instance_id)
        except ApiError as error:
            if error.gone:
                return None
            raise

    def _depart(self) -> None:
        # A list that is sent again is not the one that others board meanwhile.
        if self._boarding is asyncio.current_task():
            self._boarding = None

    def _arrive(self, task: asyncio.Task[Instances]) -> None:
        """Let nobody join a task that ended before it sent anything, and take its error when no asker is left."""
        if self._boarding is task:
            self._boarding = None
        if not task.cancelled():
            task.exception()
