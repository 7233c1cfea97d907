"""How two graphs differ."""

import json
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ops.differences import differences, paths
from render import Graph, Resource
from render.graph import UNKNOWN

GROUP = Resource("urn:group", "sophia:test:Group", "group", custom=False)
THING = Resource(
    "urn:group$thing", "test:index:Thing", "group-thing", custom=True, parent="urn:pulumi:dev::sophia::x::group"
)

LEAVES = st.one_of(st.none(), st.booleans(), st.integers(2, 9), st.text(max_size=3))
VALUES = st.recursive(
    LEAVES,
    lambda below: st.lists(below, max_size=3) | st.dictionaries(st.text("abc.", max_size=2), below, max_size=3),
    max_leaves=8,
)
RESOURCES = st.builds(
    lambda urn, **given: Resource(urn, "test:index:Thing", "thing", custom=urn != "urn:component", **given),
    st.sampled_from(["urn:one", "urn:other", "urn:component"]),
    inputs=st.dictionaries(st.sampled_from("xyz"), VALUES, max_size=2),
    options=st.dictionaries(st.just("protect"), st.just(value=True)),
)
GRAPHS = st.lists(RESOURCES, max_size=3).map(lambda found: graph(*found))
MIRRORED = {"create": "delete", "delete": "create", "update": "update"}


def graph(*resources: Resource) -> Graph:
    return Graph("dev", {resource.urn: resource for resource in resources}, {})


@pytest.mark.parametrize(("before", "after", "op"), [((), (THING,), "create"), ((THING,), (), "delete")])
def test_a_resource_of_one_side_alone_is_created_or_deleted(before, after, op):
    (change,) = differences(graph(*before), graph(*after))
    assert (change.op, change.name, change.kind, change.component) == (op, "group-thing", "Thing", "group")
    assert change.urn == THING.urn


def test_an_update_names_every_property_that_differs_and_no_other():
    before = replace(THING, inputs={"spec": {"size": 1, "ports": [1, 2], "same": "x"}, "gone": {"deep": 1}})
    after = replace(THING, inputs={"spec": {"size": 2, "ports": [1, 2, 3], "same": "x"}, "new": [1]})
    (change,) = differences(graph(before), graph(after))
    assert (change.op, change.paths) == ("update", ("gone", "new", "spec.ports[2]", "spec.size"))


def test_an_option_that_differs_is_an_update():
    (change,) = differences(graph(THING), graph(replace(THING, options={"protect": True})))
    assert (change.op, change.paths) == ("update", ("options.protect",))


def test_components_are_left_out_because_they_hold_nothing_but_their_children():
    assert differences(graph(), graph(GROUP)) == ()


def test_changes_come_in_the_order_of_the_urns():
    others = [replace(THING, urn=f"urn:{letter}") for letter in "cab"]
    assert [change.urn for change in differences(graph(), graph(*others))] == ["urn:a", "urn:b", "urn:c"]


def test_a_value_that_is_known_only_afterwards_differs_from_one_that_is_known():
    assert list(paths({"a": "known"}, {"a": UNKNOWN})) == ["a"]


def test_a_value_of_another_shape_differs_as_a_whole():
    assert list(paths({"a": [1]}, {"a": {"b": 1}})) == ["a"]


def test_absent_is_not_the_same_as_null():
    assert list(paths({}, {"a": None})) == ["a"]


@given(GRAPHS)
# A busy machine draws slowly.
@settings(max_examples=30, suppress_health_check=[HealthCheck.too_slow])
def test_a_graph_does_not_differ_from_itself(one):
    assert differences(one, one) == ()


@given(GRAPHS, GRAPHS)
@settings(max_examples=50)
def test_the_way_back_is_the_way_there_mirrored(one, other):
    there, back = differences(one, other), differences(other, one)
    assert [(c.urn, MIRRORED[c.op], c.paths) for c in there] == [(c.urn, c.op, c.paths) for c in back]


@given(VALUES, VALUES)
def test_paths_are_the_same_both_ways(one, other):
    assert list(paths(one, other)) == list(paths(other, one))


@given(VALUES, VALUES)
def test_values_differ_somewhere_when_and_only_when_their_json_does(one, other):
    same = json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)
    assert (not list(paths({"a": one}, {"a": other}))) == same
