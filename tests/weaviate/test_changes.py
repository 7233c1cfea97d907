"""What changes in place, and what needs another collection: decided in a preview, which asks no server."""

from collections.abc import Mapping
from typing import Any

import pytest

from providers.kit.testing import PluginError, State
from tests.provided import Provided
from tests.weaviate.conftest import COLLECTION

TEXT = {"name": "content", "dataType": "text"}
BASE: dict[str, Any] = {
    "name": "Knowledge",
    "properties": [TEXT, {"name": "size", "dataType": "int"}],
    "vectors": {"default": {}, "made": {"vectorizer": "text2vec-openai", "settings": {"model": "m"}}},
    "generative": {"module": "generative-openai"},
}


def recorded(offline: Provided, declared: Mapping[str, Any], *, holds: int = 0) -> State:
    """Return the state of a collection that is what it is declared as."""
    inputs = offline.checked(declared)
    names = [one["name"] for one in inputs["properties"]]
    outputs = {
        **inputs,
        "className": inputs["name"],
        "previous": [],
        "objectCount": holds,
        "unfinished": False,
        "declaredProperties": names,
        "vectorizerSettings": {"default": {}, "made": {"model": "m", "baseURL": "https://api.openai.com"}},
    }
    return State(inputs["name"], outputs, inputs)


def vectors(**made: Any) -> dict[str, Any]:
    return {**BASE, "vectors": {**BASE["vectors"], "default": {"hnsw": made}}}


IN_PLACE = {
    "a description": {**BASE, "description": "Another."},
    "a property's description": {**BASE, "properties": [{**TEXT, "description": "x"}, BASE["properties"][1]]},
    "a property more": {**BASE, "properties": [*BASE["properties"], {"name": "more", "dataType": "date"}]},
    "an index less": {**BASE, "properties": [{**TEXT, "indexFilterable": False}, BASE["properties"][1]]},
    "a vector more": {**BASE, "vectors": {**BASE["vectors"], "third": {}}},
    "how wide a search looks": vectors(ef=100, dynamicEfMax=700, filterStrategy="sweeping"),
    "compression switched on": vectors(rq={}),
    "binary compression switched on": vectors(bq=True),
    "the weights of words": {**BASE, "invertedIndex": {"bm25": {"k1": 1.5}, "stopwords": {"additions": ["sophia"]}}},
    "another generative module": {**BASE, "generative": {"module": "generative-anthropic"}},
    "a reranker": {**BASE, "reranker": {"module": "reranker-cohere"}},
    "how conflicts end": {**BASE, "replication": {"deletionStrategy": "DeleteOnConflict"}},
}
BREAKING = {
    "a property less": {**BASE, "properties": [TEXT]},
    "another data type": {**BASE, "properties": [TEXT, {"name": "size", "dataType": "number"}]},
    "a renamed property": {**BASE, "properties": [{**TEXT, "name": "text"}, BASE["properties"][1]]},
    "another tokenization": {**BASE, "properties": [{**TEXT, "tokenization": "field"}, BASE["properties"][1]]},
    "an index more": {**BASE, "properties": [TEXT, {"name": "size", "dataType": "int", "indexRangeFilters": True}]},
    "a vector less": {**BASE, "vectors": {"default": {}}},
    "another vectorizer": {**BASE, "vectors": {**BASE["vectors"], "made": {"vectorizer": "text2vec-cohere"}}},
    "another model": {
        **BASE,
        "vectors": {**BASE["vectors"], "made": {"vectorizer": "text2vec-openai", "settings": {"model": "n"}}},
    },
    "another distance": vectors(distance="dot"),
    "another graph": vectors(efConstruction=256),
    "another kind of index": {**BASE, "vectors": {**BASE["vectors"], "default": {"flat": {}}}},
    "no generative module": {key: value for key, value in BASE.items() if key != "generative"},
    "indexed timestamps": {**BASE, "invertedIndex": {"indexTimestamps": True}},
    "tenants": {**BASE, "multiTenancy": {"enabled": True}},
    "more copies": {**BASE, "replication": {"factor": 3}},
}


@pytest.mark.parametrize("wanted", IN_PLACE.values(), ids=IN_PLACE)
def test_it_changes_in_place_whatever_it_holds(offline: Provided, wanted: dict[str, Any]):
    diff = offline.diff(recorded(offline, BASE, holds=7), wanted)
    assert diff.changes
    assert not diff.replaces


@pytest.mark.parametrize("wanted", BREAKING.values(), ids=BREAKING)
def test_an_empty_collection_is_replaced_for_it_and_one_with_objects_never(offline: Provided, wanted: dict[str, Any]):
    diff = offline.diff(recorded(offline, BASE), wanted)
    assert diff.replaces
    assert diff.delete_before_replace
    with pytest.raises(
        PluginError, match=r"holds 7 objects, and the server cannot change in place: .*take the change back"
    ):
        offline.diff(recorded(offline, BASE, holds=7), wanted)
    protected = recorded(offline, {**BASE, "deletionProtection": True})
    with pytest.raises(PluginError, match="is protected, and the server cannot change in place"):
        offline.diff(protected, {**wanted, "deletionProtection": True})


@pytest.mark.parametrize("wanted", BREAKING.values(), ids=BREAKING)
def test_where_a_migration_is_asked_for_it_is_a_change_in_place(offline: Provided, wanted: dict[str, Any]):
    behind = {"behindAlias": True, "onBreakingChange": "migrate"}
    diff = offline.diff(recorded(offline, {**BASE, **behind}, holds=7), {**wanted, **behind})
    assert diff.changes
    assert not diff.replaces


def test_a_name_for_the_one_vector_without_needs_another_collection(offline: Provided):
    unnamed = {"name": "Knowledge"}
    assert offline.diff(recorded(offline, unnamed), {**unnamed, "vectors": {"default": {}}}).replaces


def test_the_refusal_names_properties_rather_than_their_places(offline: Provided):
    renamed = {**BASE, "properties": [{**TEXT, "name": "text"}, {"name": "size", "dataType": "number"}]}
    with pytest.raises(PluginError) as refusal:
        offline.diff(recorded(offline, BASE, holds=7), renamed)
    assert "properties: size.dataType, properties: content is declared no more" in str(refusal.value)


@pytest.mark.parametrize(
    "same",
    [
        {**BASE, "properties": [*reversed(BASE["properties"])]},
        {**BASE, "vectors": {**BASE["vectors"], "made": {"vectorizer": "text2vec-openai"}}},
        {**BASE, "vectors": {**BASE["vectors"], "default": {"hnsw": {"ef": -1}}}},
        {
            **BASE,
            "vectors": {
                "default": {},
                "made": {
                    "vectorizer": "text2vec-openai",
                    "settings": {"model": "m", "baseURL": "https://api.openai.com"},
                },
            },
        },
    ],
    ids=["another order", "a setting that is said no more", "a default that is said", "what was filled in is said"],
)
def test_what_is_said_in_another_way_is_no_change(offline: Provided, same: dict[str, Any]):
    assert not offline.diff(recorded(offline, BASE, holds=7), same).changes


@pytest.mark.parametrize(("policy", "changes"), {"report": True, "ignore": False, "remove": True}.items(), ids=str)
def test_a_property_that_somebody_added_is_treated_by_the_declared_policy(
    offline: Provided, policy: str, *, changes: bool
):
    declared = {**BASE, "undeclaredProperties": policy}
    state = recorded(offline, declared)
    foreign = offline.checked({**BASE, "properties": [*BASE["properties"], {"name": "added", "dataType": "text"}]})
    drifted = State(state.id, {**state.outputs, "properties": foreign["properties"]}, state.inputs)
    diff = offline.diff(drifted, declared)
    assert diff.changes is changes
    assert bool(diff.replaces) is (policy == "remove")
    assert diff.details == ({"properties[0]": f"delete{'-replace' if policy == 'remove' else ''}"} if changes else {})


def test_another_name_is_another_collection_and_never_takes_objects_along(offline: Provided):
    diff = offline.diff(recorded(offline, BASE), {**BASE, "name": "Other"})
    assert diff.replaces == ["name"]
    with pytest.raises(PluginError, match="holds 7 objects, and the server cannot change in place: name"):
        offline.diff(recorded(offline, BASE, holds=7), {**BASE, "name": "Other"})


def test_a_value_that_is_not_known_yet_never_replaces(offline: Provided):
    from providers.kit import UNKNOWN  # noqa: PLC0415 - the mark alone

    state = recorded(offline, BASE, holds=7)
    wanted = {**offline.checked(BASE), "vectors": UNKNOWN}
    assert not offline.plugin.diff(COLLECTION, state.id, state.outputs, wanted, old_inputs=state.inputs).replaces
