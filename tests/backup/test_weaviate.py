"""Weaviate's backups, with the real server."""

import json
import secrets
from pathlib import Path
from uuid import UUID

import pytest

from backup import weaviate
from backup.service import BackupError
from tests.weaviate.server import Server

pytestmark = pytest.mark.engine

OBJECTS = 250


@pytest.fixture
def store(server: Server, monkeypatch: pytest.MonkeyPatch) -> weaviate.Weaviate:
    """The service, on a server with nothing in it."""
    for name, value in server.environment.items():
        monkeypatch.setenv(name, value)
    return weaviate.Weaviate()


def make(server: Server, name: str, alias: str = "", objects: int = 0, first: int = 0) -> None:
    """Make a collection with objects, behind an alias."""
    declared = {"class": name, "vectorizer": "none", "properties": [{"name": "text", "dataType": ["text"]}]}
    server.http.post("/schema", json=declared).raise_for_status()
    if alias:
        server.http.post("/aliases", json={"alias": alias, "class": name}).raise_for_status()
    made = [
        {"class": name, "id": str(UUID(int=index + 1)), "properties": {"text": f"{index}"}, "vector": [index, 1.0]}
        for index in range(first, first + objects)
    ]
    if made:
        answer = server.http.post("/batch/objects", json={"objects": made}).raise_for_status().json()
        assert {one["result"]["status"] for one in answer} == {"SUCCESS"}


def leads(server: Server) -> dict[str, str]:
    return {one["alias"]: one["class"] for one in server.http.get("/aliases").json()["aliases"]}


def test_what_is_lost_comes_back_and_what_was_dropped_behind_a_drill_goes(
    store: weaviate.Weaviate, server: Server, tmp_path: Path
) -> None:
    make(server, "Knowledge_v1", "Knowledge", OBJECTS)
    make(server, "Other_v1", "Other", 1)
    kept = store.dump(tmp_path)
    make(server, "RestoreDrill_Gone", objects=1)
    assert store.try_out(tmp_path) == kept
    assert server.http.get("/schema/RestoreDrill_Gone").status_code == 404
    server.wipe()
    assert store.load(tmp_path) == kept
    assert leads(server) == {"Knowledge": "Knowledge_v1", "Other": "Other_v1"}


def test_a_restore_that_is_cut_short_leaves_no_half_of_a_collection(
    store: weaviate.Weaviate, server: Server, tmp_path: Path
) -> None:
    make(server, "Knowledge_v1", "Knowledge", OBJECTS)
    make(server, "Other_v1", "Other", 1)
    kept = store.dump(tmp_path)
    server.wipe()
    whole = (tmp_path / "Knowledge_v1.jsonl").read_text()
    refused = {"id": str(UUID(int=OBJECTS + 1)), "properties": {"text": 1}}
    (tmp_path / "Knowledge_v1.jsonl").write_text(f"{whole}{json.dumps(refused)}\n")
    with pytest.raises(BackupError, match="was refused"):
        store.load(tmp_path)
    assert server.http.get("/schema/Knowledge_v1").status_code == 404
    (tmp_path / "Knowledge_v1.jsonl").write_text(whole)
    assert store.load(tmp_path) == kept


def test_what_is_left_as_it_is_and_is_not_what_was_backed_up_is_named(
    store: weaviate.Weaviate, server: Server, tmp_path: Path
) -> None:
    make(server, "Knowledge_v1", "Knowledge", OBJECTS)
    make(server, "Other_v1", "Other", 1)
    make(server, "Same_v1", "Same", 1)
    store.dump(tmp_path)
    server.wipe()
    make(server, "Knowledge_v1", "Knowledge", 10)
    make(server, "Same_v1", "Same", 1)
    with pytest.raises(
        BackupError, match="Other_v1: restored; Knowledge_v1 holds objects and was left as it is"
    ) as told:
        store.load(tmp_path)
    assert "Same_v1" not in str(told.value)
    assert leads(server)["Other"] == "Other_v1"


@pytest.mark.parametrize("objects", [0, 1])
def test_an_alias_leads_to_what_was_restored_unless_it_leads_to_other_objects(
    store: weaviate.Weaviate, server: Server, tmp_path: Path, objects: int
) -> None:
    make(server, "Knowledge_v2", "Knowledge", 3)
    kept = store.dump(tmp_path)
    server.wipe()
    make(server, "Knowledge_v1", "Knowledge", objects)
    if objects:
        with pytest.raises(BackupError, match="the alias Knowledge leads to Knowledge_v1, which holds objects"):
            store.load(tmp_path)
        assert leads(server) == {"Knowledge": "Knowledge_v1"}
    else:
        assert store.load(tmp_path) == kept
        assert leads(server) == {"Knowledge": "Knowledge_v2"}


def test_the_key_is_in_no_error(store: weaviate.Weaviate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = secrets.token_hex(16)
    monkeypatch.setenv("WEAVIATE_API_KEY", wrong)
    with pytest.raises(BackupError, match="401") as told:
        store.dump(tmp_path)
    assert wrong not in str(told.value)
