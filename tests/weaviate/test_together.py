"""What many collections ask at the same time goes in one request, and one that is gone is no other's concern."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from typing_extensions import override

from providers.weaviate.bulk import Bulk
from providers.weaviate.client import Client
from providers.weaviate.together import Together
from tests.provided import Provided
from tests.weaviate.server import Server
from tests.weaviate.traffic import fill

pytestmark = pytest.mark.engine

MANY = 20
MEMORY = {
    "properties": [{"name": "content", "dataType": "text"}, {"name": "size", "dataType": "int"}],
    "vectors": {"default": {}},
    "behindAlias": True,
}


class Counting(httpx.AsyncHTTPTransport):
    """Carries requests, and remembers where they went."""

    def __init__(self) -> None:
        super().__init__()
        self.paths: list[str] = []

    @override
    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.paths.append(request.url.path)
        return await super().handle_async_request(request)


def test_counts_that_are_asked_for_at_once_are_one_request(provided: Provided, server: Server):
    names = [f"Memory{number}" for number in range(MANY)]
    for name in names:
        provided.create({"name": name, **MEMORY})
    fill(server, "Memory7", 3)

    async def ask() -> tuple[list[int], list[str]]:
        transport = Counting()
        bulk = Bulk(f"http://127.0.0.1:{server.grpc_port}", api_key=server.key, ca_certificate=None)
        client = Client(url=server.url, api_key=server.key, transport=transport, bulk=bulk)
        together = Together(client.counts)
        answers = await asyncio.gather(*(together.answer(name, asyncio.sleep) for name in names))
        await client.close()
        return [told[name] for name, told in zip(names, answers, strict=True) if told is not None], transport.paths

    counts, paths = asyncio.run(ask())
    assert counts == [3 if name == "Memory7" else 0 for name in names]
    assert paths == ["/v1/graphql"]


def test_one_that_is_gone_leaves_the_others_their_count(provided: Provided, server: Server):
    made = [provided.create({"name": f"Memory{number}", **MEMORY}) for number in range(MANY)]
    fill(server, "Memory7", 3)
    server.http.delete("/schema/Memory3_v1").raise_for_status()
    server.http.delete("/aliases/Memory3").raise_for_status()
    with ThreadPoolExecutor(MANY) as pool:
        found = [*pool.map(provided.refresh, made)]
    assert [one.id for one in found] == ["" if before.id == "Memory3" else before.id for before in made]
    counts = {one.id: one.outputs["objectCount"] for one in found if one.id}
    assert counts == {name: 3 if name == "Memory7" else 0 for name in counts}
