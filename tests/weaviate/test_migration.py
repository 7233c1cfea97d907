"""Breaking changes while others read and write: nobody sees an error, and nothing is lost."""

import asyncio
import signal
import threading
import time
from collections.abc import AsyncIterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import Any

import httpx
import psutil
import pytest

from providers.kit import Live, Operation, ProviderError
from providers.kit.operation import SAYING
from providers.kit.testing import Plugin, PluginError, Secret, State
from providers.weaviate import copying, spelling
from providers.weaviate.client import Client
from providers.weaviate.config import WeaviateConfig
from providers.weaviate.declaration import CollectionInputs
from providers.weaviate.errors import UNAUTHORIZED, ApiError
from providers.weaviate.fence import Fence
from providers.weaviate.lease import Lease
from providers.weaviate.migration import Migration
from providers.weaviate.provider import connect
from tests.provided import Provided
from tests.weaviate.conftest import COLLECTION, FOLDER
from tests.weaviate.server import Server, free_ports
from tests.weaviate.traffic import Traffic, fill

pytestmark = pytest.mark.engine

OBJECTS = 5_000
MEMORY: dict[str, Any] = {
    "name": "Memory",
    "behindAlias": True,
    "onBreakingChange": "migrate",
    "properties": [{"name": "content", "dataType": "text"}, {"name": "size", "dataType": "int"}],
    "vectors": {"default": {}},
}
OTHER = {
    **MEMORY,
    "properties": [
        {"name": "content", "dataType": "text", "tokenization": "field"},
        {"name": "size", "dataType": "number"},
    ],
}
WRITER = {
    "name": "writer",
    "permissions": [
        *({"action": f"{verb}_data", "collection": "Memory.*"} for verb in ("create", "read", "update", "delete")),
        # Queries in GraphQL need to see all collections.
        {"action": "read_collections"},
    ],
}


@pytest.fixture
def key(provided: Provided) -> str:
    """A key that may read and write."""
    provided.create(WRITER, "Role")
    made = provided.create({"name": "worker", "roles": ["writer"]}, "User").outputs["apiKey"]
    assert isinstance(made, Secret)
    return str(made.value)


def filled(
    provided: Provided, server: Server, count: int, declared: dict[str, Any] = MEMORY
) -> tuple[State, list[str]]:
    """Return a collection that holds objects, and their ids."""
    made = provided.create(declared)
    ids = fill(server, "Memory", count)
    return provided.refresh(made), ids


def count(server: Server, name: str) -> int:
    told = server.http.post("/graphql", json={"query": f"{{Aggregate{{{name}{{meta{{count}}}}}}}}"}).json()
    # What was made a moment ago, queries do not know yet.
    found = ((told.get("data") or {}).get("Aggregate") or {}).get(name)
    return int(found[0]["meta"]["count"]) if found else 0


def permissions(server: Server) -> int:
    return len(server.http.get("/authz/roles/writer").json()["permissions"])


def left_over(server: Server) -> set[str]:
    """Return the names of all that a migration makes for itself."""
    aliases = {one["alias"] for one in server.http.get("/aliases").json()["aliases"]}
    roles = {one["name"] for one in server.http.get("/authz/roles").json()}
    return {name for name in aliases | roles if name.startswith(("Memory_", "fenced-"))}


@asynccontextmanager
async def connected(server: Server, key: str | None = None) -> AsyncIterator[Client]:
    """Give a client of the provider's own in this process."""
    told = server.environment
    config = WeaviateConfig(
        url=told["WEAVIATE_URL"], grpc_url=told["WEAVIATE_GRPC_URL"], api_key=key or told["WEAVIATE_API_KEY"]
    )
    async with connect(config) as client:
        yield client


async def migration(client: Client, name: str) -> Migration:
    """Return a migration of what is there to `OTHER`."""
    live = await client.schema(name, asyncio.sleep)
    assert live is not None
    there = spelling.declared(live, name, behind_alias=True)
    old = Live(there, spelling.outputs(live, there, object_count=0))
    return Migration(client, Operation(""), CollectionInputs.model_validate({**OTHER, "name": name}), old)


def add_property(server: Server, class_name: str, one: str) -> None:
    """Add a property as somebody else would, with a value in one object."""
    server.http.post(
        f"/schema/{class_name}/properties", json={"name": "added", "dataType": ["text"]}
    ).raise_for_status()
    change = {"class": class_name, "properties": {"added": "a value"}}
    server.http.patch(f"/objects/{class_name}/{one}", json=change).raise_for_status()


@pytest.mark.parametrize(
    "objects", [OBJECTS, pytest.param(100_000, marks=[pytest.mark.soak, pytest.mark.timeout(1800)])]
)
def test_a_breaking_change_copies_every_object_while_others_read_and_write(
    provided: Provided, server: Server, key: str, objects: int
):
    state, ids = filled(provided, server, objects)
    sample = {one: server.http.get(f"/objects/Memory/{one}?include=vector").json() for one in ids[::500]}
    traffic = Traffic(server, "Memory", key, ids)
    with traffic.flowing(readers=20, writers=2):
        time.sleep(1)
        reads, writes = traffic.reads, traffic.writes
        migrated = provided.update(state, OTHER)
        reads, writes = traffic.reads - reads, traffic.writes - writes
        time.sleep(1)
    assert traffic.errors == []
    assert traffic.broken() == []
    assert min(reads, writes, traffic.held_back) > 0
    assert migrated.outputs["className"] == "Memory_v2"
    assert migrated.outputs["previous"] == ["Memory_v1"]
    assert server.http.get("/aliases/Memory").json()["class"] == "Memory_v2"
    assert server.schema("Memory_v2")["properties"][0]["tokenization"] == "field"
    for one, before in sample.items():
        after = server.http.get(f"/objects/Memory/{one}?include=vector").json()
        assert (after["properties"], after["vectors"]) == (before["properties"], before["vectors"])
    lost = [one for one in ids if server.http.head(f"/objects/Memory/{one}").status_code != httpx.codes.NO_CONTENT]
    assert lost == []
    assert count(server, "Memory") == objects + sum(content is not None for content in traffic.promised.values())
    assert (permissions(server), left_over(server)) == (5, set())
    found = provided.refresh(migrated)
    assert not provided.diff(found, OTHER).changes
    dropped = provided.update(found, {**OTHER, "previousVersions": "drop"})
    assert dropped.outputs["previous"] == []
    assert server.http.get("/schema/Memory_v1").status_code == httpx.codes.NOT_FOUND
    assert server.http.get("/schema/Memory_v2").status_code == httpx.codes.OK


@pytest.mark.parametrize(
    "until",
    ["copying", pytest.param("fenced", marks=pytest.mark.soak), pytest.param("switched", marks=pytest.mark.soak)],
)
def test_a_run_that_is_killed_is_gone_on_with_by_the_next(provided: Provided, server: Server, key: str, until: str):
    state, ids = filled(provided, server, OBJECTS)
    traffic = Traffic(server, "Memory", key, ids)
    with traffic.flowing(readers=2, writers=1):
        with Plugin(FOLDER, server.environment) as plugin:
            plugin.configure()
            other = Provided(plugin, COLLECTION)
            wanted = other.checked(OTHER)
            running = threading.Thread(target=_expecting_an_end, args=(plugin, state, wanted))
            running.start()
            _go_on_until(server, plugin, until)
            _kill(plugin)
            running.join()
        found = provided.refresh(state)
        assert found.outputs["unfinished"] is True
        assert provided.diff(found, OTHER).changes, "the next run has something to do"
        migrated = provided.update(found, OTHER)
    assert traffic.errors == []
    assert traffic.broken() == []
    after = provided.refresh(migrated)
    assert (after.outputs["className"], after.outputs["previous"]) == ("Memory_v2", ["Memory_v1"])
    assert not provided.diff(after, OTHER).changes
    assert (permissions(server), left_over(server)) == (5, set())
    assert count(server, "Memory") == OBJECTS + sum(content is not None for content in traffic.promised.values())


def _expecting_an_end(plugin: Plugin, state: State, wanted: Any) -> None:
    with pytest.raises(PluginError):
        plugin.update("Collection", state.id, state.outputs, wanted, old_inputs=state.inputs)


def _wait_for(server: Server, stage: str) -> None:
    ends = time.monotonic() + 120
    while not _is_at(server, stage):
        assert time.monotonic() < ends, f"never {stage}"
        time.sleep(0.01)


def _go_on_until(server: Server, plugin: Plugin, stage: str) -> None:
    if stage != "switched":
        _wait_for(server, stage)
        return
    # So little is between this stage and the end that it goes on in steps.
    _wait_for(server, "fenced")
    process = psutil.Process(plugin._process.pid)  # noqa: SLF001 - stopped as nothing else does
    process.suspend()
    ends = time.monotonic() + 120
    while not _is_at(server, stage):
        assert time.monotonic() < ends, f"never {stage}"
        process.resume()
        time.sleep(0.005)
        process.suspend()
    assert "Memory_next" in left_over(server), "it is not at its end"


def _is_at(server: Server, stage: str) -> bool:
    if stage == "copying":
        there = server.http.get("/schema/Memory_v2").is_success
        return there and count(server, "Memory_v2") > OBJECTS / 4
    if stage == "fenced":
        return any(name.startswith("fenced-") for name in left_over(server))
    return bool(server.http.get("/aliases/Memory").json()["class"] == "Memory_v2")


def _kill(plugin: Plugin) -> None:
    process = psutil.Process(plugin._process.pid)  # noqa: SLF001 - killed as nothing else does
    process.send_signal(signal.SIGKILL)
    process.wait(10)


def test_a_server_that_restarts_on_the_way_only_delays_it(provided: Provided, server: Server):
    state, _ = filled(provided, server, OBJECTS)
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(provided.update, state, OTHER)
        _wait_for(server, "copying")
        server.stop(kill=True)
        was_running = not running.done()
        server.start()
        migrated = running.result()
    assert was_running
    assert migrated.outputs["className"] == "Memory_v2"
    assert count(server, "Memory") == OBJECTS


@pytest.mark.soak
def test_a_server_that_stays_away_ends_a_run_that_the_next_goes_on_with(
    provided: Provided, server: Server, monkeypatch: pytest.MonkeyPatch
):
    state, _ = filled(provided, server, OBJECTS)
    monkeypatch.setattr(copying, "PATIENCE_SECONDS", 2)
    monkeypatch.setattr(copying, "_PATIENCE", {"patience_seconds": 2})

    async def run() -> None:
        async with connected(server) as client:
            await (await migration(client, "Memory")).run()

    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(lambda: asyncio.run(run()))
        _wait_for(server, "copying")
        server.stop(kill=True)
        try:
            with pytest.raises(ProviderError, match=r"no answer.*run again"):
                running.result(120)
        finally:
            server.start()
    migrated = provided.update(provided.refresh(state), OTHER)
    assert (migrated.outputs["className"], left_over(server)) == ("Memory_v2", set())
    assert count(server, "Memory") == OBJECTS


def test_a_run_waits_for_another_and_looks_only_then_at_what_there_is(provided: Provided, server: Server):
    state, ids = filled(provided, server, 10)

    async def hold() -> "Future[State]":
        async with connected(server) as client, Lease(client, Operation(""), "Memory").held():
            running = pool.submit(provided.update, state, OTHER)
            await asyncio.sleep(4)
            assert {one["class"] for one in server.http.get("/schema").json()["classes"]} == {"Memory_v1"}
            add_property(server, "Memory_v1", ids[3])
            return running

    with ThreadPoolExecutor(1) as pool:
        running = asyncio.run(hold())
        with pytest.raises(PluginError, match="properties: added would go: declare it"):
            running.result()
    assert left_over(server) == set()


def test_a_run_that_another_does_not_end_for_is_refused(provided: Provided, server: Server):
    state, _ = filled(provided, server, 10)
    lease = {"alias": f"Memory_lease_{int(time.time()) + 300}_0a1b2c3d", "class": "Memory_v1"}
    server.http.post("/aliases", json=lease).raise_for_status()
    with pytest.raises(PluginError, match="another run is migrating Memory; wait for its end"):
        provided.update(state, OTHER)
    assert left_over(server) == {lease["alias"]}
    assert {one["class"] for one in server.http.get("/schema").json()["classes"]} == {"Memory_v1"}


def test_two_runs_at_once_are_one_migration_and_one_refusal(provided: Provided, server: Server):
    state, _ = filled(provided, server, OBJECTS)
    told: list[str] = []

    def run() -> None:
        with Plugin(FOLDER, server.environment) as plugin:
            plugin.configure()
            wanted = Provided(plugin, COLLECTION).checked(OTHER)
            try:
                plugin.update("Collection", state.id, state.outputs, wanted, old_inputs=state.inputs)
                told.append("")
            except PluginError as error:
                told.append(str(error))

    threads = [threading.Thread(target=run) for _ in range(2)]
    threads[0].start()
    _wait_for(server, "copying")
    threads[1].start()
    for thread in threads:
        thread.join()
    # The second refuses, or finds the work done once the first has ended.
    assert "" in told
    assert all(not text or "another run is migrating Memory" in text for text in told), told
    assert count(server, "Memory") == OBJECTS
    assert server.http.get("/aliases/Memory").json()["class"] == "Memory_v2"
    assert left_over(server) == set()


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        (
            {**MEMORY, "properties": [{"name": "content", "dataType": "int"}, {"name": "size", "dataType": "int"}]},
            "content holds text, which cannot become int without loss",
        ),
        ({**MEMORY, "multiTenancy": {"enabled": True}}, "objects have no tenant"),
    ],
)
def test_what_would_lose_values_is_refused_before_anything_is_made(
    provided: Provided, server: Server, wanted: dict[str, Any], said: str
):
    state, _ = filled(provided, server, 10)
    with pytest.raises(PluginError, match=f"cannot be migrated without loss: .*{said}.*nothing was changed"):
        provided.update(state, wanted)
    assert {one["class"] for one in server.http.get("/schema").json()["classes"]} == {"Memory_v1"}
    assert left_over(server) == set()


def test_nothing_is_made_where_objects_cannot_be_copied(provided: Provided, server: Server):
    state, _ = filled(provided, server, 10)
    nobody = f"http://127.0.0.1:{free_ports(1)[0]}"
    with Plugin(FOLDER, {**server.environment, "WEAVIATE_GRPC_URL": nobody}) as plugin:
        plugin.configure()
        with pytest.raises(PluginError, match=f"gRPC at {nobody}: no answer in 10 s"):
            Provided(plugin, COLLECTION).update(state, OTHER)
    assert {one["class"] for one in server.http.get("/schema").json()["classes"]} == {"Memory_v1"}
    assert left_over(server) == set()
    assert provided.update(state, OTHER).outputs["className"] == "Memory_v2"


def test_a_renamed_property_keeps_its_values_only_where_the_rename_is_declared(provided: Provided, server: Server):
    state, ids = filled(provided, server, 10)
    renamed = {**MEMORY, "properties": [{"name": "text", "dataType": "text"}, {"name": "size", "dataType": "text"}]}
    with pytest.raises(PluginError, match="properties: content would go: declare it, or its new name in renames"):
        provided.update(state, renamed)
    migrated = provided.update(state, {**renamed, "renames": {"content": "text"}})
    one = server.http.get(f"/objects/Memory/{ids[3]}").json()["properties"]
    assert one == {"text": "text 3", "size": "3"}
    assert not provided.diff(provided.refresh(migrated), {**renamed, "renames": {"content": "text"}}).changes


def test_tenants_come_along(provided: Provided, server: Server):
    declared = {**MEMORY, "multiTenancy": {"enabled": True}}
    made = provided.create(declared)
    server.http.post("/schema/Memory_v1/tenants", json=[{"name": "one"}, {"name": "two"}]).raise_for_status()
    objects = [{"class": "Memory", "tenant": name, "properties": {"content": name}} for name in ("one", "two", "two")]
    server.http.post("/batch/objects", json={"objects": objects}).raise_for_status()
    provided.update(provided.refresh(made), {**OTHER, "multiTenancy": {"enabled": True}})
    for name, wanted in (("one", 1), ("two", 2)):
        listed = server.http.get("/objects", params={"class": "Memory", "tenant": name}).json()["objects"]
        assert [one["class"] for one in listed] == ["Memory_v2"] * wanted


def test_a_change_that_was_taken_back_leaves_no_half_filled_version(provided: Provided, server: Server):
    state, _ = filled(provided, server, 10)
    body = {**server.http.get("/schema/Memory_v1").json(), "class": "Memory_v2"}
    server.http.post("/schema", json=body).raise_for_status()
    server.http.post("/aliases", json={"alias": "Memory_next", "class": "Memory_v2"}).raise_for_status()
    found = provided.refresh(state)
    assert provided.diff(found, MEMORY).changes
    ended = provided.update(found, MEMORY)
    assert ended.outputs["className"] == "Memory_v1"
    assert {one["class"] for one in server.http.get("/schema").json()["classes"]} == {"Memory_v1"}
    assert left_over(server) == set()


def test_the_version_that_the_name_leads_to_is_never_dropped(provided: Provided, server: Server):
    state, _ = filled(provided, server, 10)
    migrated = provided.update(state, OTHER)
    server.http.put("/aliases/Memory", json={"class": "Memory_v1"}).raise_for_status()
    found = provided.refresh(migrated)
    assert (found.outputs["className"], found.outputs["previous"]) == ("Memory_v1", ["Memory_v2"])
    wanted = {**MEMORY, "previousVersions": "drop"}
    dropped = provided.update(found, wanted)
    assert {one["class"] for one in server.http.get("/schema").json()["classes"]} == {"Memory_v1"}
    assert count(server, "Memory") == 10
    assert not provided.diff(provided.refresh(dropped), wanted).changes


def test_a_property_that_somebody_added_goes_only_where_the_policy_says_so(provided: Provided, server: Server):
    state, ids = filled(provided, server, 10)
    add_property(server, "Memory_v1", ids[3])
    for policy in ("report", "ignore"):
        with pytest.raises(PluginError, match="properties: added would go: declare it"):
            provided.update(state, {**OTHER, "undeclaredProperties": policy})
    migrated = provided.update(state, {**OTHER, "undeclaredProperties": "remove"})
    assert migrated.outputs["className"] == "Memory_v2"


def test_a_property_that_comes_while_objects_are_copied_stops_the_migration(
    provided: Provided, server: Server, key: str, monkeypatch: pytest.MonkeyPatch
):
    _, ids = filled(provided, server, 10)
    assert key
    close = Fence.close

    async def late(fence: Fence, class_name: str) -> bool:
        add_property(server, "Memory_v1", ids[3])
        return await close(fence, class_name)

    async def run() -> None:
        async with connected(server) as client:
            await (await migration(client, "Memory")).run()

    monkeypatch.setattr(Fence, "close", late)
    with pytest.raises(ProviderError, match="Memory_v1 has had added added to it meanwhile; Memory still leads to"):
        asyncio.run(run())
    assert server.http.get("/aliases/Memory").json()["class"] == "Memory_v1"
    assert permissions(server) == 5


def test_a_collection_of_the_markers_name_is_nothing_of_a_migration(provided: Provided, server: Server):
    state, _ = filled(provided, server, 10)
    server.http.post("/schema", json={"class": "Memory_next_v1"}).raise_for_status()
    server.http.post("/aliases", json={"alias": "Memory_next", "class": "Memory_next_v1"}).raise_for_status()
    assert provided.refresh(state).outputs["unfinished"] is False
    with pytest.raises(PluginError, match="Memory_next is an alias of Memory_next_v1, and migrations of Memory need"):
        provided.update(state, OTHER)
    assert {one["class"] for one in server.http.get("/schema").json()["classes"]} == {"Memory_v1", "Memory_next_v1"}
    assert left_over(server) == {"Memory_next"}


def test_roles_of_long_names_get_back_what_was_theirs(provided: Provided, server: Server):
    state, _ = filled(provided, server, 10)
    writing = {"create": f"{'w' * 63}1", "delete": f"{'w' * 63}2"}
    for verb, name in writing.items():
        permission = {"action": f"{verb}_data", "collection": "Memory.*"}
        provided.create({"name": name, "permissions": [permission]}, "Role")
    provided.update(state, OTHER)
    for verb, name in writing.items():
        told = server.http.get(f"/authz/roles/{name}").json()["permissions"]
        assert [one["action"] for one in told] == [f"{verb}_data"]
    assert left_over(server) == set()


def test_two_migrations_at_once_do_not_open_each_others_fence(
    provided: Provided, server: Server, monkeypatch: pytest.MonkeyPatch
):
    names = ("Memory", "Second")
    provided.create({**WRITER, "permissions": [{"action": "create_data", "collection": "*"}]}, "Role")
    for name in names:
        provided.create({**MEMORY, "name": name})
        fill(server, name, 10)
    same, waits, found = Migration._same, [1, 3], []  # noqa: SLF001 - both shall be here at once, if they can

    async def slow(self: Migration, *told: Any) -> int:
        await asyncio.sleep(waits.pop(0))
        found.append(permissions(server))
        return await same(self, *told)

    async def run() -> None:
        async with connected(server) as client:
            await asyncio.gather(*[(await migration(client, name)).run() for name in names])

    monkeypatch.setattr(Migration, "_same", slow)
    asyncio.run(run())
    assert found == [0, 0], "nobody may write while it is compared"
    assert permissions(server) == 1


def test_a_key_that_may_not_see_roles_says_that_nobody_is_held_back(server: Server, key: str):
    said: list[str] = []

    async def say(_: str, text: str) -> None:
        said.append(text)

    async def close(key: str) -> bool:
        SAYING.set(say)
        async with connected(server, key) as client:
            return await Fence(client, Operation(""), "Memory").close("Memory_v1")

    assert asyncio.run(close(key)) is False
    assert said
    assert "no writer is held back" in said[0]
    assert asyncio.run(close(server.key)) is True
    with pytest.raises(ApiError) as error:
        asyncio.run(close("wrong"))
    assert error.value.status == UNAUTHORIZED


def test_references_come_along(provided: Provided, server: Server):
    provided.create({"name": "Author"})
    author = server.http.post("/objects", json={"class": "Author"}).raise_for_status().json()["id"]
    refers = {"name": "authors", "dataType": "Author"}
    state, ids = filled(provided, server, 10, {**MEMORY, "properties": [*MEMORY["properties"], refers]})
    beacon = {"beacon": f"weaviate://localhost/Author/{author}"}
    server.http.post(f"/objects/Memory/{ids[3]}/references/authors", json=beacon).raise_for_status()
    migrated = provided.update(state, {**OTHER, "properties": [*OTHER["properties"], refers]})
    assert migrated.outputs["className"] == "Memory_v2"
    told = server.http.get(f"/objects/Memory/{ids[3]}").json()["properties"]["authors"]
    assert [one["beacon"] for one in told] == [beacon["beacon"]]


def test_a_run_that_ended_after_the_switch_is_gone_on_with_where_nobody_looked(
    provided: Provided, server: Server, key: str
):
    assert key
    state, _ = filled(provided, server, 10)
    provided.update(state, OTHER)
    server.http.post("/aliases", json={"alias": "Memory_next", "class": "Memory_v2"}).raise_for_status()
    ended = provided.update(state, OTHER)
    assert (ended.outputs["className"], ended.outputs["previous"]) == ("Memory_v2", ["Memory_v1"])
    assert left_over(server) == set()


def test_deleting_leaves_no_half_filled_version(provided: Provided, server: Server):
    state, _ = filled(provided, server, 10)
    server.http.post("/schema", json={"class": "Memory_v2"}).raise_for_status()
    server.http.post("/aliases", json={"alias": "Memory_next", "class": "Memory_v2"}).raise_for_status()
    provided.delete(state)
    assert server.http.get("/schema").json()["classes"] == []
    assert left_over(server) == set()


def test_another_vectorizer_makes_its_own_vectors_anew_and_no_others(provided: Provided, server: Server):
    state, ids = filled(provided, server, 10, {**MEMORY, "vectors": {"default": {}, "made": {}}})
    for one in ids:
        given = {"class": "Memory", "vectors": {"made": [0.5] * 8}}
        server.http.patch(f"/objects/Memory/{one}", json=given).raise_for_status()
    before = {one: server.http.get(f"/objects/Memory/{one}?include=vector").json()["vectors"] for one in ids}
    provided.update(state, {**MEMORY, "vectors": {"default": {}, "made": {"vectorizer": "text2vec-bigram"}}})
    for one in ids:
        after = server.http.get(f"/objects/Memory/{one}?include=vector").json()["vectors"]
        assert after["default"] == before[one]["default"]
        assert after["made"]
        assert after["made"] != before[one]["made"]
