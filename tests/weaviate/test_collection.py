"""Collections on the real server: what is declared is what is there, after every step."""

from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings

from providers.kit.testing import Plugin, PluginError, Secret, State
from tests.provided import Provided
from tests.weaviate.conftest import FOLDER
from tests.weaviate.declarations import changes
from tests.weaviate.server import Server

pytestmark = pytest.mark.engine

TEXT = {"name": "content", "dataType": "text"}
KNOWLEDGE: dict[str, Any] = {"name": "Knowledge", "properties": [TEXT], "vectors": {"default": {}}}


def step(provided: Provided, server: Server, before: dict[str, Any], after: dict[str, Any]) -> None:
    """Make a collection, change it to another declaration, and compare plan, server and state at each step."""
    server.wipe()
    made = provided.create({"name": "Thing", **before})
    found = provided.refresh(made)
    assert found.outputs == made.outputs, "a fresh read is what was recorded"
    assert not provided.diff(found, {"name": "Thing", **before}).changes
    imported = provided.plugin.read("Collection", made.id)
    assert not provided.diff(imported, {"name": "Thing", **before}).changes, "an import needs no change"
    plan = provided.diff(found, {"name": "Thing", **after})
    if plan.replaces:
        provided.delete(found)
        changed = provided.create({"name": "Thing", **after})
    elif plan.changes:
        changed = provided.update(found, {"name": "Thing", **after})
    else:
        return
    assert not provided.diff(provided.refresh(changed), {"name": "Thing", **after}).changes
    provided.create({"name": "Fresh", **after})
    # What was changed is what would have been made.
    assert server.schema("Thing") == {**server.schema("Fresh"), "class": "Thing"}


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck), print_blob=True)
@given(pair=changes())
def test_random_collections_never_differ_from_what_they_were_declared_as(
    provided: Provided, server: Server, pair: tuple[dict[str, Any], dict[str, Any]]
):
    step(provided, server, *pair)


@pytest.mark.soak
@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck), print_blob=True)
@given(pair=changes())
def test_three_hundred_random_collections_never_differ(
    provided: Provided, server: Server, pair: tuple[dict[str, Any], dict[str, Any]]
):
    step(provided, server, *pair)


def test_a_property_that_somebody_adds_is_drift_and_the_policy_says_what_happens(provided: Provided, server: Server):
    made = provided.create(KNOWLEDGE)
    body = {"name": "added", "dataType": ["text"]}
    server.http.post("/schema/Knowledge/properties", json=body).raise_for_status()
    found = provided.refresh(made)
    assert provided.diff(found, KNOWLEDGE).details == {"properties[0]": "delete"}
    left = provided.update(found, KNOWLEDGE)
    assert [one["name"] for one in server.schema("Knowledge")["properties"]] == ["added", "content"]
    assert provided.diff(provided.refresh(left), KNOWLEDGE).changes, "it is reported until it is declared"
    declared = {**KNOWLEDGE, "properties": [TEXT, {"name": "added", "dataType": "text"}]}
    assert not provided.diff(provided.refresh(left), declared).changes
    ignoring = {**KNOWLEDGE, "undeclaredProperties": "ignore"}
    assert provided.diff(provided.refresh(left), ignoring).diffs == ["undeclaredProperties"]
    assert not provided.diff(provided.refresh(provided.update(left, ignoring)), ignoring).changes
    assert provided.diff(provided.refresh(left), {**KNOWLEDGE, "undeclaredProperties": "remove"}).replaces


def test_settings_that_this_provider_does_not_know_stay(provided: Provided, server: Server):
    made = provided.create(KNOWLEDGE)
    told = server.http.get("/schema/Knowledge").json()
    told["replicationConfig"]["asyncConfig"] = {"hashtreeHeight": 12}
    server.http.put("/schema/Knowledge", json=told).raise_for_status()
    found = provided.refresh(made)
    assert not provided.diff(found, KNOWLEDGE).changes
    provided.update(found, {**KNOWLEDGE, "description": "Another."})
    assert server.schema("Knowledge")["replicationConfig"]["asyncConfig"] == {"hashtreeHeight": 12}


def test_a_collection_that_is_there_is_adopted_only_if_it_is_exactly_this_and_empty(provided: Provided, server: Server):
    first = provided.create(KNOWLEDGE)
    again = provided.create(KNOWLEDGE)
    assert again.outputs == first.outputs, "an answer that was lost makes no second one and no error"
    with pytest.raises(PluginError, match=r"already has a collection named Knowledge; adopt it: .*import_"):
        provided.create({**KNOWLEDGE, "description": "Another."})
    write(server, "Knowledge", 1)
    with pytest.raises(PluginError, match="already has a collection named Knowledge"):
        provided.create(KNOWLEDGE)


def test_a_collection_that_the_server_could_not_make_leaves_nothing(provided: Provided, server: Server):
    with pytest.raises(PluginError, match="422"):
        provided.create({**KNOWLEDGE, "vectors": {"default": {"vectorizer": "text2vec-nowhere"}}})
    assert server.http.get("/schema/Knowledge").status_code == httpx.codes.NOT_FOUND


def test_a_collection_that_was_there_before_stays_whatever_the_server_refuses(provided: Provided, server: Server):
    server.http.post("/schema", json={"class": "Knowledge"}).raise_for_status()
    with pytest.raises(PluginError, match="422"):
        provided.create({**KNOWLEDGE, "vectors": {"default": {"vectorizer": "text2vec-nowhere"}}})
    assert server.http.get("/schema/Knowledge").status_code == httpx.codes.OK


def test_objects_that_nobody_has_seen_are_never_deleted(provided: Provided, server: Server):
    made = provided.create(KNOWLEDGE)
    write(server, "Knowledge", 3)
    with pytest.raises(PluginError, match="was empty when it was last looked at, and holds 3 now"):
        provided.delete(made)
    found = provided.refresh(made)
    assert found.outputs["objectCount"] == 3
    protected = State(found.id, {**found.outputs, "deletionProtection": True}, found.inputs)
    with pytest.raises(PluginError, match="is protected, and deleting it deletes its objects"):
        provided.delete(protected)
    provided.delete(found)
    assert server.http.get("/schema/Knowledge").status_code == httpx.codes.NOT_FOUND
    provided.delete(found)  # what is gone is deleted


def test_what_is_gone_is_gone_and_what_never_was_cannot_be_imported(provided: Provided, server: Server):
    made = provided.create(KNOWLEDGE)
    server.http.delete("/schema/Knowledge")
    assert provided.refresh(made).id == ""
    with pytest.raises(PluginError, match="no Collection has the id 'Knowledge'; list the server's collections"):
        provided.plugin.read("Collection", "Knowledge")


@pytest.mark.parametrize("key", ["wrong", ""])
def test_a_wrong_key_is_an_error_and_never_a_collection_that_is_gone(server: Server, provided: Provided, key: str):
    made = provided.create(KNOWLEDGE)
    with Plugin(FOLDER, {"WEAVIATE_URL": server.url, "WEAVIATE_API_KEY": key}) as plugin:
        plugin.configure()
        with pytest.raises(PluginError, match=r"401 .*set WEAVIATE_API_KEY to a key that this server knows"):
            plugin.read("Collection", made.id, made.outputs, made.inputs)


def test_a_key_is_in_no_message(server: Server):
    canary = f"canary{server.key[:8]}"
    with Plugin(FOLDER, {"WEAVIATE_URL": server.url}) as plugin:
        plugin.configure({"apiKey": Secret(canary)})
        with pytest.raises(PluginError) as error:
            plugin.create("Collection", plugin.check("Collection", KNOWLEDGE).inputs)
        assert canary not in str(error.value)
        assert canary not in plugin.printed


def test_behind_an_alias_the_name_leads_to_the_first_version(provided: Provided, server: Server):
    behind = {**KNOWLEDGE, "behindAlias": True}
    made = provided.create(behind)
    assert made.outputs["className"] == "Knowledge_v1"
    assert server.http.get("/aliases/Knowledge").json()["class"] == "Knowledge_v1"
    assert not provided.diff(provided.refresh(made), behind).changes
    assert not provided.diff(provided.plugin.read("Collection", "Knowledge"), behind).changes, "imported"
    provided.delete(made)
    assert server.http.get("/schema").json()["classes"] == []
    assert server.http.get("/aliases").json()["aliases"] == []


def test_a_name_that_leads_elsewhere_is_not_taken_over(provided: Provided, server: Server):
    provided.create({**KNOWLEDGE, "name": "Other"})
    server.http.post("/aliases", json={"alias": "Knowledge", "class": "Other"}).raise_for_status()
    with pytest.raises(PluginError, match="it is an alias of Other already; adopt it"):
        provided.create({**KNOWLEDGE, "behindAlias": True})
    assert {one["class"] for one in server.http.get("/schema").json()["classes"]} == {"Other"}
    with pytest.raises(PluginError, match="Knowledge is an alias of Other, which is no version of it; import Other"):
        provided.plugin.read("Collection", "Knowledge")


def write(server: Server, name: str, count: int) -> None:
    """Write objects to a collection."""
    objects = [{"class": name, "properties": {"content": f"text {number}"}} for number in range(count)]
    answers = server.http.post("/batch/objects", json={"objects": objects}).raise_for_status().json()
    assert all(one["result"]["status"] == "SUCCESS" for one in answers)
