"""Copies between two collections of the real server: what is found stale, and what ends."""

import asyncio
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from typing_extensions import override

from providers.weaviate import bulk, copying
from providers.weaviate.bulk import Bulk
from providers.weaviate.client import Client, FirstAsked
from providers.weaviate.conversion import Conversion
from providers.weaviate.copying import Copying
from providers.weaviate.declaration import CollectionInputs
from providers.weaviate.errors import TOO_MANY_REQUESTS, ApiError
from tests.provided import Provided
from tests.weaviate.server import Server
from tests.weaviate.traffic import fill

pytestmark = pytest.mark.engine

OBJECTS = 600
MEMORY: dict[str, Any] = {
    "properties": [{"name": "content", "dataType": "text"}, {"name": "size", "dataType": "int"}],
    "vectors": {"default": {}},
}


class Watched(Bulk):
    """Remembers how many objects were read at once, and how old they were when they were written.

    Args:
        server: the server.
        read_seconds: how much longer reading an object takes.
        write_seconds: how much longer a request takes.
        refusing: whether the server takes none.
    """

    def __init__(
        self, server: Server, *, read_seconds: float = 0, write_seconds: float = 0, refusing: bool = False
    ) -> None:
        super().__init__(f"http://127.0.0.1:{server.grpc_port}", api_key=server.key, ca_certificate=None)
        self._read_seconds = read_seconds
        self._write_seconds = write_seconds
        self._refusing = refusing
        self._read_at = 0.0
        self.sizes: list[int] = []
        self.ages: list[float] = []

    @override
    async def vectors(self, collection: str, names: Sequence[str], tenant: str | None, after: str, limit: int) -> Any:
        self.sizes.append(limit)
        self._read_at = time.monotonic()
        await asyncio.sleep(self._read_seconds * limit)
        return await super().vectors(collection, names, tenant, after, limit)

    @override
    async def write(self, objects: Sequence[Mapping[str, Any]]) -> tuple[int, Sequence[str]]:
        self.ages.append(time.monotonic() - self._read_at)
        await asyncio.sleep(self._write_seconds)
        if self._refusing:
            request = "gRPC BatchObjects"
            raise ApiError(request, TOO_MANY_REQUESTS, "too many")
        return await super().write(objects)


@pytest.fixture
def ids(provided: Provided, server: Server) -> list[str]:
    """Objects of `First`; `Second` is empty."""
    for name in ("First", "Second"):
        provided.create({"name": name, **MEMORY})
    return fill(server, "First", OBJECTS)


@asynccontextmanager
async def from_first_to_second(server: Server, watched: Bulk | None = None) -> AsyncIterator[tuple[Copying, list[str]]]:
    """Give a copy of a client of its own, and what it says."""
    client = Client(url=server.url, api_key=server.key, transport=FirstAsked(None), bulk=watched or Watched(server))
    inputs = CollectionInputs.model_validate({"name": "Memory", **MEMORY})
    said: list[str] = []

    async def say(text: str) -> None:
        said.append(text)

    conversion = Conversion(inputs, inputs, "Second", {})
    try:
        yield (
            Copying(client, asyncio.sleep, conversion, source="First", target="Second", tenant=None, say=say),
            said,
        )
    finally:
        await client.close()


async def copy(server: Server, watched: Watched) -> tuple[Any, list[str]]:
    """Copy all objects; return what is to be done then, without what is only too new, and what was said."""
    async with from_first_to_second(server, watched) as (copy, said):
        await copy.catch_up(await copy.left())
        before, after = await copy.counts()
        return (before, after), said


def test_a_copy_that_the_server_never_takes_ends_with_what_the_server_said(
    server: Server, ids: list[str], monkeypatch: pytest.MonkeyPatch
):
    assert len(ids) == OBJECTS
    monkeypatch.setattr(copying, "PATIENCE_SECONDS", 1)
    with pytest.raises(ApiError, match="429 too many"):
        asyncio.run(asyncio.wait_for(copy(server, Watched(server, refusing=True)), 60))


def test_what_takes_too_long_to_read_is_read_by_halves(server: Server, ids: list[str], monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(copying, "OLDEST_PAGE_SECONDS", 1.5)
    watched = Watched(server, read_seconds=1 / 300)
    counts, said = asyncio.run(asyncio.wait_for(copy(server, watched), 120))
    assert counts == (len(ids), len(ids))
    assert watched.sizes[:2] == [1000, 500]
    assert any("tried again after copying to Second" in one for one in said)


def test_what_was_read_too_long_ago_is_read_again_before_it_is_written(
    server: Server, ids: list[str], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(copying, "OLDEST_PAGE_SECONDS", 1.0)
    monkeypatch.setattr(bulk, "LARGEST", 20_000)
    watched = Watched(server, write_seconds=0.2)
    counts, _ = asyncio.run(asyncio.wait_for(copy(server, watched), 120))
    assert counts == (len(ids), len(ids))
    assert len(watched.sizes) > 1, "one read was not enough"
    assert max(watched.ages) < 1.5


def test_an_object_of_another_date_is_stale_however_old_that_is(
    server: Server, ids: list[str], monkeypatch: pytest.MonkeyPatch
):
    # As if each write were dated long before it is stored.
    monkeypatch.setattr(copying, "MARGIN_MS", -600_000)

    async def look() -> Sequence[str]:
        async with from_first_to_second(server) as (copy, _):
            await copy.catch_up(await copy.left())
            assert (await copy.left()).stale == []
            change = {"class": "First", "properties": {"content": "late"}}
            server.http.patch(f"/objects/First/{ids[3]}", json=change).raise_for_status()
            return (await copy.left()).stale

    assert asyncio.run(look()) == [ids[3]]


def test_what_is_written_and_deleted_late_is_brought_unless_the_copy_has_it_newer(server: Server, ids: list[str]):
    changed, gone, newer = ids[:3]

    async def bring() -> None:
        async with from_first_to_second(server) as (copy, _):
            await copy.catch_up(await copy.left())
            await copy.left()
            for name, one, content in (("First", changed, "late"), ("Second", newer, "newer")):
                change = {"class": name, "properties": {"content": content}}
                server.http.patch(f"/objects/{name}/{one}", json=change).raise_for_status()
            for one in (gone, newer):
                server.http.delete(f"/objects/First/{one}").raise_for_status()
            await copy.bring_late()

    asyncio.run(bring())
    answers = {one: server.http.get(f"/objects/Second/{one}") for one in (changed, gone, newer)}
    assert answers[changed].json()["properties"]["content"] == "late"
    assert answers[gone].status_code == httpx.codes.NOT_FOUND
    assert answers[newer].json()["properties"]["content"] == "newer"
