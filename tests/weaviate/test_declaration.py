"""What may be declared, and what is said of what may not."""

from typing import Any

import pytest

from tests.provided import Provided


def declared(**more: Any) -> dict[str, Any]:
    return {"name": "Knowledge", **more}


def of(*properties: dict[str, Any], **more: Any) -> dict[str, Any]:
    return declared(properties=list(properties), **more)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (of({"name": "a", "dataType": "txt"}), "'txt' is no data type of Weaviate; did you mean text?"),
        (of({"name": "a", "dataType": "string"}), "string is deprecated; write text"),
        (of({"name": "a", "dataType": "string[]"}), "string[] is deprecated; write text[]"),
        (of({"name": "id", "dataType": "text"}), "id is reserved by Weaviate"),
        (of({"name": "a_temp", "dataType": "text"}), "the server's own"),
        (of({"name": "Title", "dataType": "text"}), "string should match pattern"),
        (of({"name": "a", "dataType": "object"}), "object needs nestedProperties"),
        (of({"name": "a", "dataType": "int", "tokenization": "word"}), "int holds no text, so it has no tokenization"),
        (of({"name": "a", "dataType": "int", "indexSearchable": True}), "keyword search cannot find it"),
        (
            of({"name": "a", "dataType": "text", "indexRangeFilters": True}),
            "indexRangeFilters is for date, int, number",
        ),
        (of({"name": "a", "dataType": "text"}, {"name": "A_", "dataType": "text"}), "string should match pattern"),
        (of({"name": "ab", "dataType": "text"}, {"name": "aB", "dataType": "text"}), "ab is declared twice"),
        (
            of({"name": "a", "dataType": "object", "nestedProperties": [{"name": "b", "dataType": "geoCoordinates"}]}),
            "geoCoordinates cannot be inside an object; declare b beside it",
        ),
        (declared(name="knowledge"), "string should match pattern"),
        (declared(vectors={"a": {"hnsw": {}, "flat": {}}}), "hnsw and flat: a vector has one index"),
        (declared(vectors={"a": {"hnsw": {"bq": True, "rq": {}}}}), "bq and rq exclude each other"),
        (
            declared(vectors={"a": {"hnsw": {"distance": "euclidean"}}}),
            "vectors.a.hnsw.distance: input should be 'cosine'",
        ),
        (declared(vectors={"a": {"settings": {"model": "m"}}}), "settings are for a vectorizer, and it is none"),
        (declared(vector={}, vectors={"a": {}}), "vector and vectors exclude each other"),
        (declared(multiTenancy={"autoTenantCreation": True}), "autoTenantCreation without tenants"),
        (declared(multiTenancy={"enabled": True}, shards=2), "shards: tenants divide this collection"),
        (declared(generative={"module": "reranker-cohere"}), "its name begins with generative-"),
        (declared(objectTtl={"defaultTtl": 3600}), "needs invertedIndex.indexTimestamps; set it"),
        (
            declared(objectTtl={"defaultTtl": 5}, invertedIndex={"indexTimestamps": True}),
            "defaultTtl is 5; give at least 60 seconds",
        ),
        (declared(objectTtl={"defaultTtl": 5, "deleteOn": "until"}), "deleteOn until is no date that filters find"),
        (declared(onBreakingChange="migrate"), "migrate needs behindAlias"),
        (declared(renames={"old": "new"}), "old becomes new, which properties does not declare"),
        (
            of({"name": "a", "dataType": "text", "textAnalyzer": {"stopwordPreset": "mine"}}),
            "a names the preset mine; declare it in invertedIndex.stopwordPresets",
        ),
        (of({"name": "a", "dataType": "text", "skipVectorization": True}), "nothing makes vectors of texts"),
        (declared(name="Memory_next", behindAlias=True), "names with _lease_ or ending in _next are migrations' own"),
        (declared(name="Memory_lease_1", behindAlias=True), "names with _lease_ or ending in _next"),
        (declared(invertedIndex={"stopwords": {"additions": ["the"]}}), "the preset en has the; leave it out"),
        (
            declared(invertedIndex={"stopwords": {"additions": ["sophia"], "removals": ["sophia"]}}),
            "sophia is in additions and in removals",
        ),
        (declared(tokenisation="word"), "tokenisation: does not exist"),
    ],
    ids=lambda one: one if isinstance(one, str) else "",
)
def test_what_the_server_would_refuse_or_drop_is_said_before_anything_is_made(
    offline: Provided, wrong: dict[str, Any], said: str
):
    assert said in offline.refusal(wrong)


def test_all_that_is_wrong_is_said_at_once(offline: Provided):
    wrong = of(
        {"name": "id", "dataType": "txt"}, vectors={"a": {"hnsw": {"ef": -2}}}, multiTenancy={"enabled": "maybe"}
    )
    said = offline.refusal(wrong)
    for path in ("properties[0].name", "properties[0].dataType", "vectors.a.hnsw.ef", "multiTenancy.enabled"):
        assert path in said


def test_defaults_are_explicit_and_properties_have_one_order(offline: Provided):
    checked = offline.checked(
        of({"name": "b", "dataType": "text"}, {"name": "a", "dataType": "int"}, vectors={"v": {}})
    )
    assert [one["name"] for one in checked["properties"]] == ["a", "b"]
    assert checked["properties"][1]["tokenization"] == "word"
    assert checked["properties"][1]["indexSearchable"] is True
    assert checked["vectors"]["v"]["hnsw"]["efConstruction"] == 128
    assert checked["invertedIndex"]["bm25"] == {"k1": 1.2, "b": 0.75}
    assert offline.checked(checked) == checked, "what is explicit already stays as it is"


@pytest.mark.parametrize(
    ("permission", "said"),
    [
        ({"action": "manage_data"}, "manage_data is no action of Weaviate; did you mean"),
        ({"action": "read_data", "role": "x"}, "read_data is not limited by role"),
        ({"action": "read_nodes", "collection": "A"}, "collection (without verbosity verbose)"),
        ({"action": "read_roles", "scope": "some"}, "scope is match or all"),
    ],
)
def test_a_permission_says_only_what_the_server_keeps(offline: Provided, permission: dict[str, str], said: str):
    assert said in offline.refusal({"name": "reader", "permissions": [permission]}, "Role")


def test_permissions_have_one_order_and_their_limits_are_explicit(offline: Provided):
    given = [
        {"action": "read_data", "collection": "A"},
        {"action": "create_data"},
        {"action": "create_data", "tenant": "*"},
    ]
    assert offline.checked({"name": "writer", "permissions": given}, "Role")["permissions"] == [
        {"action": "create_data", "collection": "*", "object": "*", "tenant": "*"},
        {"action": "read_data", "collection": "A", "object": "*", "tenant": "*"},
    ]


def test_the_servers_own_roles_are_not_declared(offline: Provided):
    assert "admin is the server's own role" in offline.refusal({"name": "admin"}, "Role")
