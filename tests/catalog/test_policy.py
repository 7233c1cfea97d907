"""What policies mean and what is exempt: what an entry must say, and every offence at once."""

from datetime import date
from typing import Any

import pytest

from catalog import CatalogError, load
from catalog.policy import Level, strictest

FILE = "policy.yaml"
TODAY = date(2026, 11, 30)
ENTRY = {
    "stack": "prod",
    "rule": "PSS-B-hostPath",
    "resource": "node-exporter",
    "reason": "It reads the host's own figures",
    "owner": "core_team",
    "expires": "2027-01-31",
}


@pytest.fixture
def loaded(edited):
    """Gives the exemptions of a catalog that has these, read on a day."""
    return lambda *entries: load(edited({FILE: {"exemptions": list(entries)}}), today=TODAY).policy.exemptions


@pytest.fixture
def refused(edited):
    """Gives the offences of a catalog after an edit of its policy, as its error prints them."""

    def offences(edit: Any) -> list[str]:
        with pytest.raises(CatalogError) as error:
            load(edited({FILE: edit}), today=TODAY)
        return [str(offence) for offence in error.value.offences]

    return offences


def test_an_exemption_is_read_as_it_is_written(loaded):
    (entry,) = loaded(ENTRY)
    assert (entry.rule, entry.owner, entry.expires) == ("PSS-B-hostPath", "core_team", date(2027, 1, 31))


@pytest.mark.parametrize(
    ("pattern", "name", "covered"),
    [
        ("node-*", "node-exporter", True),
        ("node-*", "other", False),
        ("*:DaemonSet::node-exporter", "node-exporter", True),
        ("urn:pulumi:prod::*", "anything", True),
    ],
)
def test_a_resource_is_named_by_its_name_or_its_urn(loaded, pattern, name, covered):
    (entry,) = loaded({**ENTRY, "resource": pattern})
    assert entry.names(name, f"urn:pulumi:prod::sophia::kubernetes:apps/v1:DaemonSet::{name}") is covered


def test_it_ends_on_the_day_that_it_names(loaded):
    (entry,) = loaded(ENTRY)
    assert [entry.expired(date(2027, 1, day)) for day in (30, 31)] == [False, True]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"rule": "privileged"}, "catalog/policy.yaml: exemptions[0].rule: privileged: string should match pattern"),
        ({"reason": "  "}, "exemptions[0].reason"),
        ({"owner": None}, "exemptions[0].owner: null: input should be a valid string"),
        ({"expires": "soon"}, "exemptions[0].expires: soon"),
        ({"expires": "2027-05-30"}, "exemptions[0].expires: 2027-05-30: an exemption lasts for at most 180 days"),
        ({"stack": "production"}, "exemptions[0].stack: production: it names a stack of catalog/limits.yaml"),
        ({"resource": "**"}, "exemptions[0].resource: **: an exemption names what is exempt, not everything"),
        ({"until": "2027-01-01"}, "exemptions[0].until: a text: extra inputs are not permitted"),
    ],
)
def test_a_malformed_exemption_is_an_offence_with_its_path(refused, change, said):
    (offence,) = refused({"exemptions": [{**ENTRY, **change}]})
    assert said in offence


def test_an_exemption_is_said_once(refused):
    (offence,) = refused({"exemptions": [ENTRY, {**ENTRY, "reason": "Another"}]})
    assert "exemptions[1]: PSS-B-hostPath node-exporter: it is said once, and exemptions[0] says it already" in offence


def test_all_offences_are_told_at_once(refused):
    entries = [{**ENTRY, "stack": "x"}, {**ENTRY, "resource": "*"}]
    found = refused({"exemptions": entries, "stacks": {"elsewhere": strictest().model_dump(mode="json")}})
    assert [offence.split(": ")[1] for offence in found] == [
        "exemptions[0].stack",
        "exemptions[1].resource",
        "stacks.elsewhere",
    ]


@pytest.mark.parametrize("typo", ["blok", "off", False, "error", 1])
def test_a_level_that_is_none_is_an_offence_that_names_those_there_are(refused, typo):
    (offence,) = refused({"stacks": {"prod": {"high": typo}}})
    assert "stacks.prod.high" in offence
    assert "'block', 'warn' or 'skip'; choose one of them" in offence


def test_what_could_not_be_evaluated_is_never_skipped(refused):
    (offence,) = refused({"stacks": {"dev": {"unknown": "skip"}}})
    assert "stacks.dev.unknown: skip" in offence


def test_every_stack_has_its_levels(refused):
    (offence,) = refused(lambda tree: tree["stacks"].pop("prod"))
    assert "stacks.prod: absent: every stack of catalog/limits.yaml has its levels" in offence


def test_a_file_that_is_no_mapping_and_one_with_anchors_are_offences(refused):
    assert "policy.yaml: a list: the file must be a mapping" in refused("- 1\n")[0]
    assert any("an alias stands for another part of the file" in one for one in refused("stacks: &a {}\nx: *a\n"))


def test_prod_is_as_strict_as_any_stack(committed):
    order = [Level.SKIP, Level.WARN, Level.BLOCK]
    prod = committed.policy.stacks["prod"].model_dump(exclude={"rules"})
    for levels in committed.policy.stacks.values():
        for name, level in levels.model_dump(exclude={"rules"}).items():
            assert order.index(prod[name]) >= order.index(level)
