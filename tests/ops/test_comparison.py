"""What stands at the paths of an event, before and after, without ever showing a secret."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ops.comparison import compare, keys
from ops.events import Finished, Started, parse

# As the engine serialises them for display (pulumi 3.259, resource/stack/deployment.go), whatever the value was.
SIGNATURE = "4dabf18193072939515e22adb298388d"  # pragma: allowlist secret - a marker everybody knows
BLIND = "1b47061264138c4ac30d75fd1eb44270"  # pragma: allowlist secret - the same for all secrets
BLINDED = {SIGNATURE: BLIND, "ciphertext": "[secret]"}
COMPUTED = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
CANARY = "canary"


def state(inputs: Any = None, outputs: Any = None) -> dict[str, Any]:
    return {"custom": True, "parent": "", "inputs": inputs or {}, "outputs": outputs or {}}


def compared(path: str, old: dict[str, Any], new: dict[str, Any]) -> tuple[Any, Any]:
    (difference,) = compare(old, new, {path: "update"})
    assert difference.path == path
    return difference.before, difference.after


def line(op: str, old: Any, new: Any, paths: list[str], *, event: str = "resOutputsEvent") -> str:
    urn = "urn:pulumi:staging::sophia::sophia:lambda:Cluster$lambda-cloud:index:Instance::staging-agent-1"
    metadata = {
        "op": op,
        "urn": urn,
        "type": "lambda-cloud:index:Instance",
        "old": old,
        "new": new,
        "detailedDiff": {path: {"diffKind": "update", "inputDiff": False} for path in paths} or None,
        "provider": "urn:pulumi:staging::sophia::pulumi:providers:lambda-cloud::lambda::id",
    }
    return json.dumps({"sequence": 7, "timestamp": 1795242121, event: {"metadata": metadata, "planning": True}})


@pytest.mark.parametrize(
    ("path", "steps"),
    [
        ("name", ("name",)),
        ("spec.ports[0].port", ("spec", "ports", 0, "port")),
        ('metadata.labels["sophia.ai/role"]', ("metadata", "labels", "sophia.ai/role")),
        ('["a.b"].c', ("a.b", "c")),
        ('data["a\\"]b"]', ("data", 'a"]b')),
        ("matrix[1][2]", ("matrix", 1, 2)),
        ("", ()),
        ('odd["', ('odd["',)),
        ("list[x]", ("list[x]",)),
    ],
)
def test_a_path_is_read_as_the_engine_writes_it(path, steps):
    assert keys(path) == steps


@given(st.text(alphabet='ab.[]"\\0', max_size=12))
def test_no_path_is_too_odd_to_be_looked_up(path):
    assert compared(path, state({"a": 1}), state({"a": 2})) is not None


def test_inputs_are_compared_with_inputs():
    old, new = state({"name": "a"}, {"name": "x"}), state({"name": "b"}, {"name": "y"})
    assert compared("name", old, new) == ("a", "b")


def test_where_the_inputs_agree_the_outputs_tell():
    old, new = state({"name": "a"}, {"name": "a"}), state({"name": "a"}, {"name": "b"})
    assert compared("name", old, new) == ("a", "b")


def test_a_program_that_asks_for_what_a_drifted_state_has_not_is_compared_with_that_state():
    old, new = state({"port": 1}, {"port": 2}), state({"port": 1})
    assert compared("port", old, new) == (2, None)
    old, new = state({"port": 1}, {"port": 2}), state({"port": 1}, {"port": 2})
    assert compared("port", old, new) == (2, 1)


def test_a_property_deep_inside_is_found():
    old, new = ({"spec": {"ports": [{"port": port}, {"port": 1}]}} for port in (9005, 9999))
    assert compared("spec.ports[0].port", state(old), state(new)) == (9005, 9999)


def test_what_was_not_there_is_null():
    assert compared("tags", state(), state({"tags": ["x"]})) == (None, ["x"])
    assert compared("rules[1]", state({"rules": [1, 2]}), state({"rules": [1]})) == (2, None)


def test_a_path_that_leads_nowhere_is_a_difference_of_nothing_known():
    assert compared("hidden", state({"a": 1}), state({"a": 1})) == (None, None)


def test_true_is_not_the_number_1():
    assert compared("on", state({"on": True}, {"on": 5}), state({"on": 1}, {"on": 6})) == (True, 1)


def test_what_is_known_only_afterwards_is_named_so():
    assert compared("ip", state({"ip": "1"}), state({"ip": COMPUTED})) == ("1", "[unknown]")
    assert compared("a", state({"a": 1}), state({"a": [COMPUTED]})) == (1, ["[unknown]"])


SECRETS = [
    pytest.param("key", {"key": BLINDED}, {"key": BLINDED}, ("[secret]", "[secret]"), id="changed"),
    pytest.param("key", {"key": BLINDED}, {}, ("[secret]", None), id="removed"),
    pytest.param("key", {}, {"key": BLINDED}, (None, "[secret]"), id="added"),
    pytest.param("data.a", {"data": BLINDED}, {"data": BLINDED}, ("[secret]", "[secret]"), id="below a secret"),
    pytest.param("data", {"data": {"a": BLINDED}}, {"data": {"a": BLINDED, "b": 1}},
                 ({"a": "[secret]"}, {"a": "[secret]", "b": 1}), id="above a secret"),
]  # fmt: skip


@pytest.mark.parametrize(("path", "before", "after", "shown"), SECRETS)
def test_a_secret_is_only_called_one(path, before, after, shown):
    assert compared(path, state(before), state(after)) == shown


LEAKS = [
    pytest.param("key", {"key": BLINDED}, {"key": CANARY}, id="an output in the open"),
    pytest.param("data", {"data": {"a": BLINDED}}, {"data": {"a": CANARY}}, id="inside an object"),
    pytest.param("env", {"env": [1, BLINDED]}, {"env": [CANARY, 1]}, id="moved in a list"),
    pytest.param("env[0]", {"env": [BLINDED]}, {"env": [CANARY]}, id="an item"),
    pytest.param("data.a", {"data": BLINDED}, {"data": {"a": CANARY}}, id="below a secret"),
]


@pytest.mark.parametrize(("path", "secret", "plain"), LEAKS)
@pytest.mark.parametrize("place", range(4))
def test_what_one_place_calls_secret_is_secret_in_every_place(path, secret, plain, place):
    places = [plain] * 4
    places[place] = secret
    old, new = state(places[0], places[1]), state(places[2], places[3])
    assert CANARY not in json.dumps(compared(path, old, new))


def test_a_secret_that_was_changed_elsewhere_is_told_by_its_fingerprints():
    expected, actual = (f"hmac-sha256:{digit * 8}:{digit * 64}" for digit in "ab")
    hidden = {"contents": {"/a.key": BLINDED}}
    old, new, spoilt = (
        state(hidden, {**hidden, "contentsFingerprints": {"/a.key": told}}) for told in (expected, actual, CANARY)
    )
    assert compared('contents["/a.key"]', old, new) == (expected, actual)
    assert compared('contents["/a.key"]', old, spoilt) == ("[secret]", "[secret]")


def test_a_step_that_changes_nothing_is_not_looked_into():
    event = parse(line("refresh", state({"name": "a"}), state({"name": "b"}), ["name"]))
    assert isinstance(event, Finished)
    assert event.step.differences == ()


def test_a_step_that_only_begins_is_not_looked_into():
    event = parse(line("update", state({"name": "a"}), state({"name": "b"}), ["name"], event="resourcePreEvent"))
    assert isinstance(event, Started)
    assert event.step.differences == ()


def test_a_renamed_machine_is_told_with_both_names():
    event = parse(line("update", state({"name": "staging-agent-1"}), state({"name": "renamed"}), ["name"]))
    assert isinstance(event, Finished)
    (difference,) = event.step.differences
    assert (difference.path, difference.before, difference.after) == ("name", "staging-agent-1", "renamed")


@pytest.mark.parametrize(("old", "new"), [(None, state({"a": 1})), (state({"a": 1}), None)])
def test_a_resource_that_comes_or_goes_has_no_differences_of_properties(old, new):
    assert compare(old, new, {"a": "update"}) == ()


SIDES = [("add", (None, "b")), ("delete", ("a", None)), ("add-replace", (None, "b"))]


@pytest.mark.parametrize(("kind", "told"), SIDES)
def test_what_came_or_went_in_a_list_is_not_compared_with_what_stood_at_its_index(kind, told):
    old, new = {"inputs": {"rules": ["a"]}}, {"inputs": {"rules": ["b", "a"]}}
    (difference,) = compare(old, new, {"rules[0]": kind})
    assert (difference.before, difference.after) == told
