"""Checking tells everything that is wrong, where, and nothing that is secret."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from providers.kit.checking import check
from providers.kit.shape import shape
from providers.kit.testing import UNKNOWN, Secret
from providers.kit.values import Values
from tests.kit.sample.provider import Inputs


def test_every_failure_names_its_property_path(plugin):
    checked = plugin.check("Box", {"color": "blue", "rules": [{"port": 4}, {"port": "x"}], "size": -1})
    assert set(checked.failures) == {"name", "color", "rules[1].port", "size"}


def test_a_rule_of_our_own_tells_what_to_do(plugin):
    failures = plugin.check("Box", {"name": "a", "rules": [{"port": 3}]}).failures
    assert failures == {"rules[0].port": "3 is odd; use an even port"}


def test_a_missing_property_is_explained(plugin):
    assert plugin.check("Box", {}).failures == {"name": "is required; set it: Name of the box"}


def test_a_missing_field_of_an_object_is_named_where_it_is_missing(plugin):
    assert "rules[0].port" in plugin.check("Box", {"name": "a", "rules": [{}]}).failures


def test_a_misspelt_property_is_answered_with_the_right_one(plugin):
    failures = plugin.check("Box", {"name": "a", "colour": "red"}).failures
    assert failures == {"colour": "does not exist; did you mean color?"}


def test_inputs_go_on_normalised_and_with_their_defaults(plugin):
    inputs = plugin.check("Box", {"name": "a", "size": "2", "rules": [{"port": 8}, {"port": 4}], "note": None}).inputs
    assert inputs == {
        "name": "a",
        "color": "red",
        "size": 2,
        "labels": {},
        "rules": [{"protocol": "tcp", "port": 4}, {"protocol": "tcp", "port": 8}],
        "keep": False,
    }


@pytest.mark.parametrize(
    "inputs",
    [
        {"name": UNKNOWN},
        {"name": "a", "rules": UNKNOWN},
        {"name": "a", "rules": [UNKNOWN, {"port": UNKNOWN}]},
        {"name": "a", "labels": {"x": UNKNOWN}},
        {"name": "a", "pin": Secret(UNKNOWN)},
        {"name": "a", "token": UNKNOWN},
    ],
    ids=str,
)
def test_what_is_not_known_yet_is_nowhere_a_failure(plugin, inputs):
    assert plugin.check("Box", inputs).failures == {}


def test_what_is_known_is_still_checked_beside_what_is_not(plugin):
    inputs = {"name": UNKNOWN, "color": "blue", "rules": [{"port": UNKNOWN, "protocol": "icmp"}], "nmae": 1}
    assert set(plugin.check("Box", inputs).failures) == {"color", "rules[0].protocol", "nmae"}


def test_an_unknown_stays_unknown_and_its_siblings_are_normalised(plugin):
    inputs = plugin.check("Box", {"name": UNKNOWN, "size": "3"}).inputs
    assert (inputs["name"], inputs["size"]) == (UNKNOWN, 3)


def test_a_declared_secret_goes_on_marked(plugin):
    assert plugin.check("Box", {"name": "a", "pin": "1234"}).inputs["pin"] == Secret("1234")


def test_a_secret_inside_an_object_goes_on_marked(plugin):
    (rule,) = plugin.check("Box", {"name": "a", "rules": [{"port": 4, "passPhrase": "x"}]}).inputs["rules"]
    assert rule["passPhrase"] == Secret("x")


def test_what_the_user_marks_goes_on_marked(plugin):
    assert plugin.check("Box", {"name": "a", "note": Secret("n")}).inputs["note"] == Secret("n")


def test_a_mark_inside_a_list_that_was_sorted_covers_the_list(plugin):
    inputs = {"name": "a", "rules": [{"port": Secret(8)}, {"port": 4}]}
    assert isinstance(plugin.check("Box", inputs).inputs["rules"], Secret)


@pytest.mark.parametrize(
    "inputs",
    [
        lambda canary: {"name": "a", "pin": f"bad{canary}"},
        lambda canary: {"name": "a", "pin": [canary]},
        lambda canary: {"name": "a", "token": {"x": canary}},
        lambda canary: {"name": "a", "color": Secret(canary)},
        lambda canary: {"name": "a", "rules": [{"port": 4, "passPhrase": [canary]}]},
        lambda canary: {"name": "a", "rules": Secret([{"port": canary}])},
        lambda canary: {"name": "a", "rules": [{"port": 3, "passPhrase": canary}, Secret(canary)]},
    ],
    ids=range(7),
)
def test_a_failure_of_a_secret_shows_neither_value_nor_property(plugin, canary, inputs):
    failures = plugin.check("Box", inputs(canary)).failures
    assert [*failures][-1] == "", "the engine prints the value of a property that a failure names"
    assert canary not in str(failures)


def test_a_failure_of_a_secret_still_says_where(plugin, canary):
    failures = plugin.check("Box", {"name": "a", "rules": [{"port": 4, "passPhrase": [canary]}]}).failures
    assert failures[""].startswith("rules[0].passPhrase: ")


def test_a_write_only_value_without_a_key_is_refused_with_the_remedy(process, settings):
    process.configure({key: value for key, value in settings.items() if key != "fingerprintKey"})
    failures = process.check("Box", {"name": "a", "token": "t"}).failures
    assert "pulumi config set --secret sample:fingerprintKey" in failures[""]


def test_names_in_snake_case_are_understood(plugin):
    assert plugin.check("Box", {"name": "a", "expected_serial": 3}).inputs["expectedSerial"] == 3


@given(
    st.fixed_dictionaries(
        {"name": st.text(min_size=1, max_size=20)},
        optional={
            "color": st.sampled_from(["red", "green"]),
            "size": st.floats(0.1, 1e6),
            "note": st.none() | st.text(),
            "labels": st.dictionaries(st.text(), st.text()),
            "rules": st.lists(st.fixed_dictionaries({"port": st.integers(1, 9).map(lambda n: n * 2)})),
        },
    )
)
def test_checking_what_was_checked_changes_nothing(inputs):
    once = check(shape(Inputs), Values(inputs)).values
    assert check(shape(Inputs), once).values == once
