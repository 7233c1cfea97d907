"""Deviations that are borne for a while: what an entry must say, and for how long it may."""

import json
from datetime import date
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from catalog import CatalogError, load
from catalog.ignores import DriftIgnore
from catalog.schema import schemas

FILE = "drift_ignores.yaml"
TODAY = date(2026, 11, 27)
ENTRY = {
    "stack": "prod",
    "resource": "sophia-data-pipeline-firewall",
    "path": "foreignTables",
    "value": "inet mine",
    "reason": "The backup agent brings it",
    "owner": "ada@example.com",
    "expires": "2027-01-31",
}


@pytest.fixture
def loaded(edited):
    """Gives the entries of a catalog that has these, read on a day."""
    return lambda *entries, today=TODAY: load(edited({FILE: {"ignores": list(entries)}}), today=today).ignores


@pytest.fixture
def refused(edited):
    """Gives the offences of a catalog that has these entries, as its error prints them."""

    def offences(*entries: Any) -> list[str]:
        with pytest.raises(CatalogError) as error:
            load(edited({FILE: {"ignores": list(entries)}}), today=TODAY)
        return [str(offence) for offence in error.value.offences]

    return offences


def test_nothing_is_ignored_in_the_committed_catalog(committed):
    assert committed.ignores == ()


def test_the_entry_that_the_file_shows_is_one(edited):
    lines = (edited({}) / FILE).read_text(encoding="utf-8").splitlines()
    shown = [line.removeprefix("# ") for line in lines if line.startswith("#   ")]
    (entry,) = load(edited({FILE: "\n".join(["ignores:", *shown])}), today=TODAY).ignores
    assert (entry.path, entry.value, entry.owner) == ("foreignTables", "inet mine", "ada@example.com")


def test_an_entry_is_read_as_it_is_written(loaded):
    (entry,) = loaded(ENTRY)
    assert (entry.resource, entry.value, entry.expires) == (ENTRY["resource"], "inet mine", date(2027, 1, 31))


@pytest.mark.parametrize("stack", ["all", "dev"])
def test_an_entry_is_about_one_stack_or_all(stack, loaded):
    (entry,) = loaded({**ENTRY, "stack": stack})
    assert entry.covers("dev")
    assert entry.covers("prod") is (stack == "all")


def test_an_entry_expires_at_the_beginning_of_its_day(loaded):
    (entry,) = loaded(ENTRY)
    assert not entry.expired(date(2027, 1, 30))
    assert entry.expired(date(2027, 1, 31))


def test_an_entry_that_has_expired_does_not_stop_everything_on_that_day(loaded):
    assert loaded(ENTRY, today=date(2029, 1, 1))


@pytest.mark.parametrize(
    "path", ["foreignTables", "files[*].content", "spec.ports[0].port", 'metadata.labels["a.b/c"]', "a.*.b"]
)
def test_a_path_is_one_that_drift_prints_or_a_pattern_of_it(path, loaded):
    assert loaded({**ENTRY, "path": path})


REFUSALS = [
    pytest.param({"expires": "2027-05-27"}, "[0].expires: 2027-05-27: a deviation is borne for at most 180", id="far"),
    pytest.param({"stack": "production"}, "[0].stack: production: it names a stack of catalog/limits.yaml", id="stack"),
    pytest.param({"reason": "  "}, "[0].reason: ", id="blank reason"),
    pytest.param({"path": "*"}, "[0].path: *: it is a property's path", id="any path"),
    pytest.param({"path": "a[x]"}, "[0].path: a[x]: it is a property's path", id="no path"),
    pytest.param({"until": "2027-01-31"}, "[0].until: a text: ", id="unknown field"),
    pytest.param({"expires": "soon"}, "[0].expires: soon: ", id="no date"),
]


@pytest.mark.parametrize(("change", "offence"), REFUSALS)
def test_what_an_entry_may_not_say_is_refused_with_field_value_rule_and_remedy(change, offence, refused):
    (said,) = refused({**ENTRY, **change})
    assert said.startswith(f"catalog/{FILE}: ignores{offence}")
    assert "; " in said


@pytest.mark.parametrize("field", ["stack", "resource", "path", "reason", "owner", "expires"])
def test_nothing_but_the_value_may_be_left_out(field, refused):
    (said,) = refused({key: value for key, value in ENTRY.items() if key != field})
    assert said == f"catalog/{FILE}: ignores[0].{field}: absent: field required; add it"


def test_the_same_deviation_is_ignored_once(refused, loaded):
    (said,) = refused(ENTRY, {**ENTRY, "value": "ip other"}, {**ENTRY, "reason": "Another"})
    assert "ignores[2]: sophia-data-pipeline-firewall foreignTables: it is said once, and ignores[0] says it" in said
    assert len(loaded(ENTRY, {**ENTRY, "value": "ip other"}, {**ENTRY, "stack": "all"})) == 3


def test_all_offences_are_told_at_once(refused):
    far, unknown = {**ENTRY, "expires": "2028-01-01"}, {**ENTRY, "stack": "nowhere"}
    assert len(refused(far, unknown)) == 2


def test_the_last_day_that_is_near_enough_is_accepted(loaded):
    assert loaded({**ENTRY, "expires": "2027-05-26"})


def test_an_editor_sees_a_missing_reason():
    validator = Draft202012Validator(schemas()["drift-ignores"])
    entry = {key: value for key, value in ENTRY.items() if key != "reason"}
    assert [error.message for error in validator.iter_errors({"ignores": [entry]})] == [
        "'reason' is a required property"
    ]
    assert DriftIgnore.model_validate_json(json.dumps(ENTRY))
