"""Aliases, roles and users on the real server."""

import httpx
import pytest

from providers.kit.testing import PluginError, Secret, State
from tests.provided import Provided
from tests.weaviate.server import Server

pytestmark = pytest.mark.engine

READER = {
    "name": "reader",
    "permissions": [
        {"action": "read_data", "collection": "Sophia.*"},
        {"action": "read_collections"},
        {"action": "read_nodes"},
        {"action": "manage_backups", "collection": "SophiaMemory"},
        {"action": "read_roles", "role": "reader", "scope": "match"},
    ],
}


def key_of(state: State) -> str:
    key = state.outputs["apiKey"]
    assert isinstance(key, Secret), "the key is marked secret"
    return str(key.value)


def test_an_alias_leads_to_a_collection_and_is_switched_in_one_step(provided: Provided, server: Server):
    for name in ("First", "Second"):
        provided.create({"name": name})
    alias = {"name": "Current", "collection": "First"}
    made = provided.create(alias, "Alias")
    assert not provided.diff(provided.refresh(made, "Alias"), alias, "Alias").changes
    second = {**alias, "collection": "Second"}
    assert provided.diff(made, second, "Alias").details == {"collection": "update"}
    switched = provided.update(made, second, "Alias")
    assert server.http.get("/schema/Current").json()["class"] == "Second"
    server.http.put("/aliases/Current", json={"class": "First"}).raise_for_status()
    assert provided.diff(provided.refresh(switched, "Alias"), second, "Alias").changes, "somebody switched it back"
    provided.delete(switched, "Alias")
    provided.delete(switched, "Alias")
    assert provided.refresh(switched, "Alias").id == ""


@pytest.mark.parametrize(
    ("alias", "said"),
    [
        ({"name": "Current", "collection": "Nowhere"}, "Current cannot lead to Nowhere"),
        ({"name": "First", "collection": "First"}, "First cannot lead to First"),
        ({"name": "Taken", "collection": "First"}, "already has an alias named Taken, which leads to Second"),
    ],
)
def test_an_alias_that_cannot_be_says_why(provided: Provided, server: Server, alias: dict[str, str], said: str):
    for name in ("First", "Second"):
        provided.create({"name": name})
    server.http.post("/aliases", json={"alias": "Taken", "class": "Second"}).raise_for_status()
    with pytest.raises(PluginError, match=said):
        provided.create(alias, "Alias")


def test_a_role_permits_what_is_declared_and_what_somebody_changes_is_drift(provided: Provided, server: Server):
    made = provided.create(READER, "Role")
    assert not provided.diff(provided.refresh(made, "Role"), READER, "Role").changes
    assert not provided.diff(provided.plugin.read("Role", "reader"), READER, "Role").changes, "imported"
    foreign = {"permissions": [{"action": "delete_data", "data": {"collection": "Sophia.*"}}]}
    server.http.post("/authz/roles/reader/add-permissions", json=foreign).raise_for_status()
    drifted = provided.refresh(made, "Role")
    assert provided.diff(drifted, READER, "Role").details == {"permissions[0]": "delete"}
    repaired = provided.update(drifted, READER, "Role")
    assert not provided.diff(provided.refresh(repaired, "Role"), READER, "Role").changes
    fewer = {**READER, "permissions": READER["permissions"][:1]}
    assert len(provided.refresh(provided.update(repaired, fewer, "Role"), "Role").outputs["permissions"]) == 1
    provided.delete(repaired, "Role")
    assert provided.refresh(repaired, "Role").id == ""


def test_a_user_has_a_key_that_is_shown_once_and_roles_that_hold(provided: Provided, server: Server):
    provided.create({"name": "SophiaMemory", "properties": [{"name": "content", "dataType": "text"}]})
    provided.create(READER, "Role")
    user = {"name": "search", "roles": ["reader"]}
    made = provided.create(user, "User")
    mine = server.client(key_of(made))
    assert mine.get("/objects", params={"class": "SophiaMemory"}).status_code == httpx.codes.OK
    refused = mine.post("/objects", json={"class": "SophiaMemory", "properties": {"content": "x"}})
    assert refused.status_code == httpx.codes.FORBIDDEN
    found = provided.refresh(made, "User")
    assert key_of(found) == key_of(made), "kept, although nothing can read it back"
    assert not provided.diff(found, user, "User").changes
    rotated = provided.update(found, {**user, "keyVersion": "2"}, "User")
    assert key_of(rotated) != key_of(made)
    assert mine.get("/users/own-info").status_code == httpx.codes.UNAUTHORIZED
    asleep = provided.update(rotated, {**user, "keyVersion": "2", "active": False}, "User")
    assert server.client(key_of(asleep)).get("/users/own-info").status_code == httpx.codes.UNAUTHORIZED
    server.http.post("/authz/users/search/revoke", json={"roles": ["reader"], "userType": "db"}).raise_for_status()
    drifted = provided.refresh(asleep, "User")
    wanted = {**user, "keyVersion": "2", "active": False}
    assert provided.diff(drifted, wanted, "User").details == {"roles[0]": "add"}
    assert not provided.diff(provided.refresh(provided.update(drifted, wanted, "User"), "User"), wanted, "User").changes
    provided.delete(asleep, "User")
    assert provided.refresh(asleep, "User").id == ""


def test_a_user_with_a_role_that_does_not_exist_is_not_left_behind(provided: Provided, server: Server):
    with pytest.raises(PluginError, match="roles requested doesn't exist"):
        provided.create({"name": "search", "roles": ["nothing"]}, "User")
    assert server.http.get("/users/db/search").status_code == httpx.codes.NOT_FOUND


def test_a_user_that_a_killed_run_has_left_gets_a_key_that_is_known(provided: Provided, server: Server):
    provided.create(READER, "Role")
    lost = server.http.post("/users/db/search", json={}).raise_for_status().json()["apikey"]
    made = provided.create({"name": "search", "roles": ["reader"]}, "User")
    assert server.client(key_of(made)).get("/users/own-info").json()["roles"][0]["name"] == "reader"
    assert server.client(lost).get("/users/own-info").status_code == httpx.codes.UNAUTHORIZED


def test_a_user_that_is_there_is_not_taken_over(provided: Provided, server: Server):
    made = server.http.post("/users/db/search", json={}).raise_for_status().json()
    assert server.client(made["apikey"]).get("/users/own-info").is_success
    with pytest.raises(PluginError, match="already has a user named search, and shows no key twice"):
        provided.create({"name": "search"}, "User")
    imported = provided.plugin.read("User", "search")
    assert "apiKey" not in imported.outputs
    assert not provided.diff(imported, {"name": "search"}, "User").changes
