"""A graph as text and back."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from render import Graph, Resource, render

WORDS = st.text(min_size=1, max_size=6)
VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=5)),
    lambda below: st.lists(below, max_size=3) | st.dictionaries(st.text(max_size=3), below, max_size=3),
    max_leaves=8,
)
PROPERTIES = st.dictionaries(WORDS, VALUES, max_size=3)
RESOURCES = st.builds(
    Resource,
    urn=WORDS,
    type=WORDS,
    name=WORDS,
    custom=st.booleans(),
    parent=st.text(max_size=4),
    provider=st.text(max_size=4),
    inputs=PROPERTIES,
    dependencies=st.lists(WORDS, max_size=2).map(tuple),
    options=PROPERTIES,
)
GRAPHS = st.builds(
    lambda found, outputs: Graph("dev", {r.urn: r for r in found}, outputs), st.lists(RESOURCES, max_size=4), PROPERTIES
)


@given(GRAPHS)
@settings(max_examples=30)
def test_a_graph_comes_back_from_its_text(graph):
    assert Graph.from_json(graph.to_json()) == graph


@given(GRAPHS)
@settings(max_examples=30)
def test_the_text_of_a_graph_is_json_that_a_review_can_read(graph):
    document = json.loads(graph.to_json())
    assert document["stack"] == "dev"
    assert [r["urn"] for r in document["resources"]] == list(graph.resources)
    assert graph.to_json().endswith("}\n")


def test_a_graph_that_was_read_says_that_it_does_not_hold_the_choice():
    with pytest.raises(LookupError, match="render it"):
        _ = Graph("dev", {}, {}).choice


def test_a_rendered_graph_holds_the_choice_it_was_made_from():
    assert render("dev", choices={"sophia:mcp_servers": ["github"]}).choice.name == "dev"


def test_resources_are_found_by_their_types(rendered):
    graph = rendered('Thing("one"); Thing("two"); Group("three")')
    assert [r.name for r in graph.of_type("test:index:Thing")] == ["one", "two"]
    assert [r.name for r in graph.of_type("sophia:test:Group", "test:index:Other")] == ["three"]
