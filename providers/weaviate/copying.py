"""Makes one collection hold the objects of another, and keeps it so while others write.

There is no position to remember: what has to be copied follows from the two collections. The server dates every write
by its own clock, so an object is up to date if it was written to the copy clearly later than to the original; after a
crash the same comparison finds what is left.
"""

import asyncio
import bisect
import random
import time
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from providers.weaviate.bulk import packed
from providers.weaviate.client import Client, Json, Sleep, part, patiently
from providers.weaviate.conversion import Conversion
from providers.weaviate.errors import NO_ANSWER, OK, ApiError

T = TypeVar("T")

PAGE: Final = 1_000
IDS_PAGE: Final = 10_000
AT_ONCE: Final = 2
FEW: Final = 500
"""So many objects are read one by one rather than by the pages they are in."""
SINGLES: Final = 50
OLDEST_PAGE_SECONDS: Final = 6.0
"""A page that was read longer ago is read again before it is written."""
MARGIN_MS: Final = 15_000
"""An object that was written to the original this long before the copy, or later, is copied again: longer than a page
may wait, and than clocks of a server's nodes differ."""
PATIENCE_SECONDS: Final = 300.0
PAUSE_SECONDS: Final = 0.5
KNOWN_SECONDS: Final = 10.0
_PATIENCE: Final[Mapping[str, Any]] = {"patience_seconds": PATIENCE_SECONDS}

Say = Callable[[str], Awaitable[None]]


@dataclass(frozen=True)
class Left:
    """What is not the same yet."""

    stale: Sequence[str]
    """Ids that the copy lacks or has of before, in order."""
    gone: Sequence[str]
    """Ids that only the copy has."""
    total: int
    """How many objects the original holds."""


class Copying:
    """Copies from one collection to another, of one tenant or without tenants.

    Args:
        client: the server's API.
        sleep: waits between two attempts.
        conversion: turns the objects.
        source: the original's own name.
        target: the copy's own name.
        tenant: whose objects.
        say: takes progress.
    """

    def __init__(
        self,
        client: Client,
        sleep: Sleep,
        conversion: Conversion,
        *,
        source: str,
        target: str,
        tenant: str | None,
        say: Say,
    ) -> None:
        self._client = client
        self._sleep = sleep
        self._conversion = conversion
        self._source = source
        self._target = target
        self._tenant = tenant
        self._say = say
        self._known: Mapping[str, int] = {}
        self._copied: Mapping[str, int] = {}

    async def left(self) -> Left:
        """Return what is not the same yet."""
        source, target = await asyncio.gather(self._written(self._source), self._written(self._target))
        # A write that takes long is dated by its begin, so another date than at the last look means a change, too.
        stale = [
            one
            for one, at in source.items()
            if one not in target or at >= target[one] - MARGIN_MS or self._known.get(one, at) != at
        ]
        self._known, self._copied = source, target
        return Left(sorted(stale), sorted(target.keys() - source.keys()), len(source))

    async def catch_up(self, left: Left) -> None:
        """Copy what is stale and remove what is gone.

        Args:
            left: what is to be done.
        """
        done = left.total - len(left.stale)
        chunks = deque(left.stale[start : start + PAGE] for start in range(0, len(left.stale), PAGE))
        few = len(left.stale) <= FEW

        async def work() -> None:
            nonlocal done
            while chunks:
                ids = chunks.popleft()
                await (self._singly(ids) if few else self._page(ids))
                done += len(ids)
                await self._say(f"{self._target}: {done} of {left.total} objects")

        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(min(AT_ONCE, len(chunks))):
                    group.create_task(work())
        except ExceptionGroup as errors:
            raise errors.exceptions[0] from None
        for start in range(0, len(left.gone), PAGE):
            await self._remove(left.gone[start : start + PAGE])

    async def counts(self) -> tuple[int | None, int | None]:
        """Return how many objects the original and the copy hold."""
        source, target = await asyncio.gather(
            *(self._client.count(one, self._sleep, self._tenant) for one in (self._source, self._target))
        )
        return source, target

    def sample(self, size: int) -> Sequence[str]:
        """Return the ids of some objects that were found at the last look."""
        return random.sample(sorted(self._known), min(size, len(self._known)))

    async def bring_late(self) -> None:
        """Bring over what was written to the original after the copy, and to nothing since: writes under way.

        An object that has been written to the copy by now is newer there, and stays.
        """
        source, target = await asyncio.gather(self._written(self._source), self._written(self._target))
        untouched = {one for one, at in target.items() if self._copied.get(one) == at}
        late = [one for one, at in source.items() if self._known.get(one) != at]
        await self._singly([one for one in late if one in untouched or source[one] > target.get(one, 0)])
        await self._remove([one for one in self._known if one not in source and one in untouched])

    async def differing(self, ids: Iterable[str]) -> list[str]:
        """Return which objects of a sample are not the same in both.

        Args:
            ids: of the sample.
        """
        every = [*ids]
        found = []
        for start in range(0, len(every), SINGLES):
            some = every[start : start + SINGLES]
            alike = await asyncio.gather(*(self._is_alike(one) for one in some))
            found += [one for one, right in zip(some, alike, strict=True) if not right]
        return found

    async def _is_alike(self, object_id: str) -> bool:
        source, target = await asyncio.gather(self._one(self._source, object_id), self._one(self._target, object_id))
        wanted = None if source is None else self._conversion.object(source, self._tenant)
        if wanted is None or target is None:
            return wanted is None
        return wanted["properties"] == self._conversion.stored(target) and _vectors_alike(wanted, target)

    async def _page(self, ids: Sequence[str]) -> None:
        """Copy objects whose ids lie close together."""
        if not (after := _before(ids[0])):
            # Nothing lies before the first id that there can be.
            await self._singly(ids[:1])
            ids, after = ids[1:], ids[0]
        wanted = set(ids)
        size, moved_at = PAGE, time.monotonic()
        while wanted:
            read_at = time.monotonic()
            objects, vectors = await asyncio.gather(self._listed(after, size), self._vectors(after, size))
            if not objects:
                return
            here = {one["id"]: _whole(one, vectors) for one in objects if one["id"] in wanted}
            whole = [one for one in here.values() if one is not None]
            done = await self._write(whole, read_at, moved_at)
            if done < len(whole):
                # The rest is read again, and less of it at once.
                size = max(size // 2, 1)
                objects = [one for one in objects if one["id"] < whole[done]["id"]]
                if not objects:
                    continue
            moved_at = time.monotonic()
            await self._singly([one["id"] for one in objects if one["id"] in here and here[one["id"]] is None])
            after = objects[-1]["id"]
            wanted -= {one["id"] for one in objects}
            rest = sorted(wanted)
            wanted = set(rest[bisect.bisect_right(rest, after) :])
            if wanted:
                after = max(after, _before(min(wanted)))

    async def _singly(self, ids: Sequence[str]) -> None:
        """Copy objects whose ids lie far apart."""
        size, moved_at = SINGLES, time.monotonic()
        while ids:
            read_at = time.monotonic()
            found = await asyncio.gather(*(self._one(self._source, one) for one in ids[:size]))
            some = [_packed(one) for one in found if one is not None]
            done = await self._write(some, read_at, moved_at)
            if done < len(some):
                size = max(size // 2, 1)
                ids = ids[ids.index(some[done]["id"]) :]
            else:
                ids = ids[len(found) :]
            if done or not some:
                moved_at = time.monotonic()

    async def _listed(self, after: str, size: int) -> Sequence[Json]:
        """Return a page of objects without their vectors."""
        query = {"class": self._source, "limit": str(size), "after": after} | self._of()
        told = await self._surely(lambda: self._client.call("GET", "/objects", self._sleep, query=query, **_PATIENCE))
        listed: Sequence[Json] = told["objects"]
        return listed

    async def _vectors(self, after: str, size: int) -> Mapping[str, tuple[int, Any]] | None:
        """Return the vectors of the same page, each with when its object was written; none where none is copied."""
        names = self._conversion.copied
        if not names:
            return None

        async def ask() -> Mapping[str, tuple[int, Any]]:
            return await self._client.bulk.vectors(self._source, names, self._tenant, after, size)

        return await self._surely(lambda: patiently(ask, self._sleep, PATIENCE_SECONDS))

    async def _surely(self, ask: Callable[[], Awaitable[T]]) -> T:
        return await self._client.certain(ask, self._sleep, **_PATIENCE)

    async def _write(self, found: Sequence[Json], read_at: float, moved_at: float) -> int:
        """Write objects, and return how many of them were; the rest is to be read again.

        Args:
            found: the objects of the original, with packed vectors.
            read_at: when they were read: the copy is dated by its write, so that it would hide what changed since.
            moved_at: when any were written before.

        Raises:
            ApiError: the server refuses, or none could be written for too long.
        """
        batch = [self._conversion.object(one, self._tenant) for one in found]
        done = 0
        try:
            while done < len(batch):
                done += await self._sent(batch[done:], read_at)
        except ApiError as error:
            if not error.passing or (not done and time.monotonic() - moved_at > PATIENCE_SECONDS):
                raise
            await self._say(f"{self._target}: tried again after {error.what}")
            await self._ready()
            await self._sleep(PAUSE_SECONDS)
        return done

    async def _sent(self, batch: Sequence[Json], read_at: float) -> int:
        """Write the first of some objects, and return how many."""
        refused: Sequence[str] = ()
        for _ in range(2):
            if time.monotonic() - read_at > OLDEST_PAGE_SECONDS:
                request = f"copying to {self._target}"
                raise ApiError(
                    request, NO_ANSWER, f"{len(batch)} objects could not be written soon after they were read"
                )
            count, refused = await self._client.bulk.write(batch)
            if not refused:
                return count
            # A server that is starting knows of no collection yet, and says so of each object.
            await self._ready()
        raise CopyError(self._target, len(refused), refused[0])

    async def _ready(self) -> None:
        await self._client.call("GET", "/.well-known/ready", self._sleep, **_PATIENCE)

    async def _remove(self, ids: Sequence[str]) -> None:
        for one in ids:
            path = f"/objects/{part(self._target)}/{part(one)}"
            await self._client.remove(path, self._sleep, query=self._of() or None)

    async def _one(self, class_name: str, object_id: str) -> Json | None:
        path = f"/objects/{part(class_name)}/{part(object_id)}"
        query = {"include": "vector"} | self._of()
        found: Json | None = await self._client.get(path, self._sleep, query=query)
        return found

    async def _written(self, class_name: str) -> dict[str, int]:
        """Return when each object was last written, in milliseconds, by its id."""
        found: dict[str, int] = {}
        after = ""
        tenant = f', tenant: "{self._tenant}"' if self._tenant else ""
        while True:
            query = (
                f'{{Get{{{class_name}(limit: {IDS_PAGE}, after: "{after}"{tenant})'
                "{_additional{id lastUpdateTimeUnix}}}}"
            )
            page = (await self._known_soon(query))["Get"][class_name]
            for one in page:
                found[one["_additional"]["id"]] = int(one["_additional"]["lastUpdateTimeUnix"])
            if len(page) < IDS_PAGE:
                return found
            after = page[-1]["_additional"]["id"]

    async def _known_soon(self, query: str) -> Json:
        """Return the data of a query about a collection that exists: what was just made, queries do not know yet."""
        ends = time.monotonic() + KNOWN_SECONDS
        while True:
            try:
                return await self._client.graphql(query, self._sleep, patience_seconds=PATIENCE_SECONDS)
            except ApiError as error:
                if error.status != OK or time.monotonic() > ends:
                    raise
            await self._sleep(KNOWN_SECONDS / 20)

    def _of(self) -> dict[str, str]:
        return {"tenant": self._tenant} if self._tenant else {}


class CopyError(Exception):
    """The server refused objects of a copy.

    Args:
        target: the copy's name.
        count: how many.
        message: what the server says about the first.
    """

    def __init__(self, target: str, count: int, message: str) -> None:
        self.target = target
        self.count = count
        self.message = message[:300]
        super().__init__(target)


def _before(object_id: str) -> str:
    """Return the id right before another: a listing goes on after it.

    >>> _before("00000000-0000-0000-0000-000000000010")
    '00000000-0000-0000-0000-00000000000f'
    """
    number = int(object_id.replace("-", ""), 16) - 1
    if number < 0:
        return ""
    text = f"{number:032x}"
    return "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:]))


def _whole(one: Json, vectors: Mapping[str, tuple[int, Any]] | None) -> Json | None:
    """Return an object with its vectors; none where it was written to between the two reads."""
    if vectors is None:
        return one
    written_at, found = vectors.get(one["id"], (None, {}))
    return one | {"vectors": found} if written_at == one["lastUpdateTimeUnix"] else None


def _packed(one: Json) -> Json:
    vectors = {**(one.get("vectors") or {}), "": one.get("vector")}
    return one | {"vector": None, "vectors": {name: packed(value) for name, value in vectors.items() if value}}


def _vectors_alike(wanted: Json, found: Json) -> bool:
    """Return whether an object has the vectors that it should; one that the server made anew is its own matter."""
    vectors = wanted.get("vectors") or {}
    if any((found.get("vectors") or {}).get(name) != vector for name, vector in vectors.items()):
        return False
    return "vector" not in wanted or wanted["vector"] == found.get("vector")
