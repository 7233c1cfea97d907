"""What a drift endangers: the rules, what they may not be, and that each kind of resource of ours has one."""

import json
from pathlib import Path
from typing import Any

import pytest

from catalog import CatalogError, load
from catalog.drift_classes import FILE, WORST_FIRST, ClassRule, Deed, DriftClass

LAST = {"types": ["*"], "class": "availability"}
GOLDEN = Path(__file__).parents[1] / "golden"


@pytest.fixture
def refused(edited):
    """Gives the offences of a catalog with these rules."""

    def offences(*rules: Any, **file: Any) -> list[str]:
        guard = {"percent": 50, "least": 5}
        text = json.dumps({"deletion_guard": guard, "classes": rules, **file})
        with pytest.raises(CatalogError) as error:
            load(edited({FILE: text}))
        return [str(offence) for offence in error.value.offences]

    return offences


def test_the_worst_is_told_first():
    assert WORST_FIRST == (DriftClass.SECURITY, DriftClass.COST, DriftClass.AVAILABILITY, DriftClass.NOISE)


def test_the_last_rule_must_be_about_everything(refused):
    (said,) = refused({"types": ["host:*"], "class": "security"})
    assert "the last rule is about everything" in said


@pytest.mark.parametrize(
    "rule",
    [
        {"types": ["host:*"], "class": "noise"},
        {"types": ["host:*"], "class": "noise", "deeds": ["changed"]},
        {"types": ["host:*"], "class": "noise", "paths": ["files"]},
        {"types": ["host:*"], "class": "noise", "paths": ["files"], "deeds": ["changed", "gone"]},
    ],
)
def test_nothing_but_a_named_property_that_changed_is_noise(refused, rule):
    (said,) = refused(rule, LAST)
    assert "classes[0]: host:*: noise is a property that changed, by name" in said


def test_a_rule_that_can_never_hold_is_told_with_the_one_that_is_in_its_way(refused):
    said = refused({"types": ["host:*"], "class": "security"}, {"types": ["host:index:Files"], "class": "cost"}, LAST)
    assert [one.partition(": the")[0] for one in said] == [f"catalog/{FILE}: classes[1]: host:index:Files"]
    assert "classes[0] matches all that this one does" in said[0]


def test_what_others_bring_is_never_everything(refused):
    said = refused(LAST, others=[{"type": "kubernetes:*", "names": ["*"], "reason": "me"}])
    assert "others[0].names: *: what others bring is named" in said[0]


@pytest.mark.parametrize(
    ("wide", "narrow", "covers"),
    [
        ({"types": ["*"]}, {"types": ["a:b:C"], "paths": ["x"]}, True),
        ({"types": ["a:*"], "paths": ["x"]}, {"types": ["a:b:C"]}, False),
        ({"types": ["a:*"], "deeds": ["gone"]}, {"types": ["a:b:C"], "deeds": ["gone", "changed"]}, False),
        ({"types": ["a:*"]}, {"types": ["a:b:C", "b:*"]}, False),
    ],
)
def test_a_rule_covers_another_as_far_as_their_words_tell(wide, narrow, covers):
    one, other = (ClassRule.model_validate({"class": "cost", **rule}) for rule in (wide, narrow))
    assert one.covers(other) is covers


def test_who_brings_what_is_known_by_type_and_name(committed):
    known = committed.drift_classes.known
    assert "K3s" in known("kubernetes:apps/v1:Deployment", "kube-system/traefik")
    assert known("kubernetes:core/v1:Namespace", "sophia-mcp") == ""
    assert known("vercel:index/project:Project", "x.vercel.app") == ""


def test_every_rule_is_about_a_kind_of_resource_that_some_stack_or_account_has(committed):
    """A slip of the pen in a type would make a rule that never holds, and a drift of the wrong class."""
    texts = [(GOLDEN / f"{stack}.json").read_text(encoding="utf-8") for stack in ("dev", "staging", "prod")]
    types = {one["type"] for text in texts for one in json.loads(text)["resources"]}
    beside = {"lambda-cloud:index:Filesystem", "kubernetes:core/v1:Pod", "vercel:index/dnsRecord:DnsRecord"}
    beside |= {"rfc2136:index:Zone", "lambda-cloud:index:FirewallRuleset", "kubernetes:batch/v1:CronJob"}
    dead = [
        pattern
        for rule in committed.drift_classes.classes
        for pattern in rule.types
        if not any(_matches(pattern, kind) for kind in types | beside)
    ]
    assert dead == []


def _matches(pattern: str, kind: str) -> bool:
    rule = ClassRule.model_validate({"types": [pattern], "class": "cost"})
    return rule.covers(ClassRule.model_validate({"types": [kind], "class": "cost"}))


def test_deeds_are_the_three_that_drift_tells():
    assert {*Deed} == {"changed", "gone", "unmanaged"}
