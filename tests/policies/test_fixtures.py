"""Every rule has cases that pass, fail, are unknown and are secret, and says the same of them in every source."""

import re
from collections.abc import Callable, Iterator

import pytest

from catalog.policy import Level
from policies import RULES
from policies.resources import Resource
from policies.testing import KINDS, Case, exported, is_plain, manifests, rendered
from policies.testing.cases import PROVIDER
from tests.policies.conftest import BY_ID, CASES, FIXTURES, about, asked, of_kind, places

KUBERNETES = "kubernetes:"

OPTIONS_ALONE = {"PROT-1", "PROT-2", "PROT-3", "PROV-1"}
"""Rules that read what the engine knows of a resource beside its inputs, which is never unknown and never secret."""

Sent = Callable[[Case], tuple[Resource, ...]]


def by_title(case: Case) -> str:
    return str(case)


def wanted(rule: str) -> set[str]:
    return {"pass", "fail"} if rule in OPTIONS_ALONE else set(KINDS)


def test_every_rule_has_cases_that_pass_fail_are_unknown_and_are_secret():
    lacking = {
        rule.id: missing
        for rule in RULES
        if (missing := wanted(rule.id) - {case.kind for case in CASES if case.rule == rule.id})
    }
    assert lacking == {}, "add them to tests/policies/fixtures/<rule>.yaml"


def test_every_fixture_is_about_a_rule():
    assert {path.stem for path in FIXTURES.iterdir()} - BY_ID.keys() == set()


def test_ids_of_rules_are_their_own():
    assert len(BY_ID) == len(RULES)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_a_rule_says_what_it_is_why_and_what_to_do(rule):
    assert re.fullmatch(r"[A-Z][A-Za-z0-9]*(-[A-Za-z0-9]+)+", rule.id)
    assert rule.title[0].isupper()
    assert not rule.title.endswith(".")
    assert rule.why.endswith(".")
    assert rule.standards
    assert rule.remedy
    assert not rule.remedy.endswith(".")


def resources(case: Case, sent: Sent) -> Iterator[tuple[str, tuple[Resource, ...]]]:
    """The resources of a case in every form that a source gives them in."""
    exports = any(one.outputs for one in case.given)
    if not exports:
        yield "engine", sent(case)
    yield "render", rendered(case.given, case.stack)
    yield "state", exported(case.given, case.stack)
    plain = all(is_plain(one.inputs) and one.options is None and one.provider == PROVIDER for one in case.given)
    if plain and all(one.token.startswith(KUBERNETES) and not one.token.endswith("Patch") for one in case.given):
        yield "manifests", manifests(case.given, case.stack)


@pytest.mark.parametrize("case", of_kind("pass"), ids=by_title)
def test_what_passes_passes_in_every_source(case, judge, sent):
    for source, given in resources(case, sent):
        assert asked(judge(case), case, given) == [], source


@pytest.mark.parametrize("case", of_kind("fail"), ids=by_title)
def test_what_fails_fails_in_every_source_at_the_same_places(case, judge, sent):
    for source, given in resources(case, sent):
        found = asked(judge(case), case, given)
        assert places(found, "violation") == case.at, source
        assert {one.level for one in found} == {"block"}


@pytest.mark.parametrize("case", of_kind("unknown"), ids=by_title)
def test_what_is_unknown_is_a_finding_of_its_own(case, judge, sent):
    for source, given in resources(case, sent):
        found = asked(judge(case), case, given)
        assert places(found, "deferred" if case.waits else "unknown") == case.at, source
        assert places(found, "violation") == set(), source
        assert {one.level for one in found} == {"skip" if case.waits else "block"}
        assert all(f"could not evaluate {one.path or 'it'}: " in one.message for one in found)


@pytest.mark.parametrize("case", of_kind("secret"), ids=by_title)
def test_what_is_secret_is_judged_where_it_is_known_and_never_passes_where_it_is_hidden(case, judge, sent):
    known = {"state": exported(case.given, case.stack, shown=True)}
    if not any(one.outputs for one in case.given):
        known["engine"] = sent(case)
    hidden = {"render": rendered(case.given, case.stack), "state": exported(case.given, case.stack)}
    for sources, verdict in ((known, case.verdict), (hidden, case.hidden)):
        for source, given in sources.items():
            found = asked(judge(case), case, given)
            assert {one.verdict for one in found} == ({verdict} - {"pass"}), source
            at = case.hidden_at if sources is hidden and case.hidden_at else case.at
            assert verdict == "pass" or places(found, verdict) == at, source


@pytest.mark.parametrize("case", CASES, ids=by_title)
def test_the_servicer_answers_what_the_rules_find(case, judge, analyzer, sent):
    for one, resource in zip(case.given, sent(case), strict=True):
        answer = analyzer(case).analyze(one.token, one.inputs, **about(one))
        told = [found.message for found in judge(case).one(resource) if found.level is not Level.SKIP]
        assert [said.message for said in answer.said] == told
        assert {said.level for said in answer.said} <= {"mandatory"}


@pytest.mark.parametrize("case", [case for case in CASES if case.pod is not None], ids=by_title)
def test_a_pod_is_judged_alike_in_every_kind_that_bears_one(case, judge, sent):
    seen = set()
    for other in case.kinds():
        found = asked(judge(case), case, sent(other))
        verdict = {"unknown": "unknown", "fail": "violation", "secret": case.verdict}.get(case.kind)
        assert {one.verdict for one in found} <= {verdict}, other.given
        assert not verdict or places(found, verdict) == other.at, other.given
        seen.add(other.given[0].token.rpartition(":")[2])
    assert len(seen) == 9, "Pod Security Admission knows nine"


def test_a_rule_is_asked_about_no_other_resources(judge):
    case = of_kind("fail")[0]
    other = Resource("urn:pulumi:prod::a::weaviate:index:Collection::x", "weaviate:index:Collection", "x", {})
    assert not any(rule.id.startswith("PSS-") for rule in judge(case).applying(other.type))
