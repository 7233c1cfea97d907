"""A diff says what differs, where, and whether it replaces; and nothing where nothing does."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from providers.kit.answers import Answers
from providers.kit.checking import check
from providers.kit.comparison import compare
from providers.kit.exchange import plain, struct
from providers.kit.fingerprint import Fingerprints
from providers.kit.shape import shape
from providers.kit.testing import UNKNOWN, PluginError, Secret
from providers.kit.values import Values, decode, encode
from tests.kit.sample.provider import PROVIDER, Inputs

FULL: dict[str, Any] = {
    "name": "a",
    "labels": {"x": "1", "a.b": "2"},
    "rules": [{"port": 4, "protocol": "tcp"}, {"port": 8, "protocol": "udp"}],
    "pin": "1234",
    "token": "t",
    "image": "i",
    "size": 2,
}


@pytest.fixture
def recorded(plugin):
    """A box with everything, as the engine records it."""
    return plugin.create("Box", plugin.check("Box", FULL).inputs)


@pytest.fixture
def diff(plugin, recorded):
    """Compares what is recorded with changed inputs."""

    def compared(change, **options):
        return plugin.diff("Box", recorded.id, recorded.outputs, {**recorded.inputs, **change}, **options)

    return compared


@pytest.mark.parametrize(
    ("change", "details"),
    [
        ({"color": "green"}, {"color": "update"}),
        ({"name": "b"}, {"name": "update-replace"}),
        ({"note": "n"}, {"note": "add"}),
        ({"pin": None}, {"pin": "delete"}),
        ({"labels": {"x": "1", "a.b": "3"}}, {'labels["a.b"]': "update-replace"}),
        ({"labels": {"a.b": "2", "y": "1"}}, {"labels.x": "delete-replace", "labels.y": "add-replace"}),
        ({"rules": [{"port": 4, "protocol": "tcp"}, {"port": 8}]}, {"rules[1].protocol": "delete"}),
        ({"rules": [{"port": 6, "protocol": "tcp"}]}, {"rules[0].port": "update", "rules[1]": "delete"}),
        ({"rules": [{"port": 2}, *FULL["rules"]]}, {"rules[0]": "add"}),
        ({"rules": FULL["rules"][1:]}, {"rules[0]": "delete"}),
        ({"rules": [FULL["rules"][1], {"port": 9}]}, {"rules[0]": "delete", "rules[1]": "add"}),
        ({"token": "u"}, {"token": "update-replace"}),
        ({"token": None}, {"token": "delete-replace"}),
        ({"image": "j"}, {"image": "update-replace"}),
        ({"keep": True}, {"keep": "update"}),
    ],
    ids=str,
)
def test_each_change_is_told_at_its_path(diff, change, details):
    assert diff(change).details == details


def test_nothing_differs_where_nothing_changed(diff):
    assert diff({}).changes is False


def test_what_replaces_is_listed_and_the_old_one_goes_first(diff):
    answer = diff({"name": "b", "color": "green"})
    assert (answer.replaces, answer.diffs, answer.delete_before_replace) == (["name"], ["color", "name"], True)


def test_a_number_is_the_same_with_and_without_a_fraction(diff):
    assert diff({"size": 2.0}).changes is False


def test_a_mark_alone_is_no_difference(diff):
    assert diff({"color": Secret("red"), "pin": "1234"}).changes is False


@pytest.mark.parametrize("change", [{"name": UNKNOWN}, {"labels": {"x": UNKNOWN}}, {"token": UNKNOWN}], ids=str)
def test_what_is_not_known_yet_never_replaces(diff, change):
    answer = diff(change)
    assert (answer.changes, answer.replaces) == (True, [])


@pytest.mark.parametrize(
    ("ignored", "left"),
    [
        (["labels"], ["color"]),
        (["labels.x"], ["color", "labels.y"]),
        (["labels.*"], ["color"]),
        (["labels[*]"], ["color"]),
        (['labels["x"]', "color"], ["labels.y"]),
        (["*"], []),
    ],
    ids=str,
)
def test_ignored_paths_do_not_count(diff, ignored, left):
    change = {"color": "green", "labels": {"x": "2", "a.b": "2", "y": "3"}}
    answer = diff(change, ignore_changes=ignored)
    assert sorted(answer.details) == left


def test_an_ignored_name_may_be_the_python_one(diff):
    assert diff({"expectedSerial": 7}, ignore_changes=["expected_serial"]).changes is False


def test_a_fingerprint_under_another_key_is_no_difference(process, settings, recorded):
    process.configure({**settings, "fingerprintKey": "another-key-of-enough-length"})
    assert process.diff("Box", recorded.id, recorded.outputs, recorded.inputs).changes is False


def test_under_another_key_the_recorded_input_tells_a_change(process, settings, recorded):
    process.configure({**settings, "fingerprintKey": "another-key-of-enough-length"})
    wanted = {**recorded.inputs, "token": "u"}
    answer = process.diff("Box", recorded.id, recorded.outputs, wanted, old_inputs=recorded.inputs)
    assert answer.replaces == ["token"]


def test_what_cannot_be_read_never_differs_after_an_import(plugin, recorded):
    found = plugin.read("Box", recorded.id)
    wanted = {**found.inputs, "image": "other", "token": "other"}
    assert plugin.diff("Box", found.id, found.outputs, wanted).changes is False


def test_what_was_recorded_as_absent_differs_when_it_is_given(plugin):
    made = plugin.create("Box", {"name": "a"})
    assert plugin.diff("Box", made.id, made.outputs, {"name": "a", "image": "i"}).replaces == ["image"]


def test_a_local_input_given_after_an_import_is_an_update(plugin, recorded):
    found = plugin.read("Box", recorded.id)
    answer = plugin.diff("Box", found.id, found.outputs, {**found.inputs, "keep": True})
    assert answer.details == {"keep": "update"}


def test_the_resource_may_add_a_difference(diff):
    assert diff({"expectedSerial": 99}).details == {"expectedSerial": "update"}


def test_the_resource_may_drop_a_difference(diff, recorded):
    serial = recorded.outputs["serial"]
    assert diff({"expectedSerial": serial}).details == {"expectedSerial": "add"}


def test_the_resource_may_refuse_in_the_preview(diff):
    with pytest.raises(PluginError, match=r"^that must not be written on a box; write something else$"):
        diff({"note": "forbidden"})


def test_ignored_differences_are_not_shown_to_the_resource(diff):
    assert diff({"expectedSerial": 99}, ignore_changes=["expectedSerial"]).changes is False


def test_state_that_breaks_a_newer_rule_can_still_be_compared(plugin, recorded):
    outputs = {**recorded.outputs, "color": "purple", "rules": [{"port": 3}]}
    assert "color" in plugin.diff("Box", recorded.id, outputs, recorded.inputs).details


def test_a_property_that_state_does_not_know_yet_counts_as_its_default(plugin, recorded):
    outputs = {key: value for key, value in recorded.outputs.items() if key not in {"color", "keep"}}
    assert plugin.diff("Box", recorded.id, outputs, recorded.inputs).changes is False


@given(
    st.fixed_dictionaries(
        {"name": st.text(min_size=1, max_size=20)},
        optional={
            "size": st.floats(0.1, 1e6),
            "note": st.none() | st.text(),
            "labels": st.dictionaries(st.text(), st.text()),
            "rules": st.lists(st.fixed_dictionaries({"port": st.integers(1, 9).map(lambda n: n * 2)})),
            "token": st.text(),
            "image": st.text(),
            "keep": st.booleans(),
        },
    ),
    st.binary(min_size=1).map(bytes.hex),
)
def test_nothing_differs_from_its_own_echo(inputs, key):
    one, fingerprints = shape(Inputs), Fingerprints(key)
    (kind,) = PROVIDER.kinds.values()
    checked = decode(struct(plain(encode(check(one, Values(inputs)).values))))
    echo = decode(encode(Answers(kind, fingerprints).echo(checked)))
    assert compare(one, echo.plain, checked.plain, checked, fingerprints) == ()
