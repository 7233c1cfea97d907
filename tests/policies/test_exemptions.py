"""Exemptions: who answers for what until when, which ones have expired, which ones nothing needs."""

from dataclasses import replace
from datetime import date

import pytest

from catalog import CatalogError
from catalog.policy import Exemption, Level
from policies import RULES, Context, Finding, Judge, Report, judge, judge_graph, of_documents
from policies.entries import require
from policies.servicer import Servicer
from policies.testing import Analyzer
from render import render

TODAY = date(2026, 11, 30)
STACKS = ("dev", "staging", "prod")
RULE = "PSS-B-hostPath"
PODS = """\
apiVersion: v1
kind: Pod
metadata: {name: one}
spec: {volumes: [{name: a, hostPath: {path: /}}]}
---
apiVersion: v1
kind: Pod
metadata: {name: two}
spec: {volumes: [{name: a, hostPath: {path: /}}]}
"""


def entry(**change: object) -> Exemption:
    told = {"stack": "prod", "rule": RULE, "resource": "one", "reason": "Because", "owner": "core_team"}
    return Exemption.model_validate({**told, "expires": "2027-01-31", **change})


@pytest.fixture
def known(committed):
    """Gives what prod is judged with, with other exemptions on another day."""

    def context(*entries, today=TODAY, **levels):
        stacks = {**committed.policy.stacks, "prod": committed.policy.stacks["prod"].model_copy(update=levels)}
        policy = committed.policy.model_copy(update={"exemptions": entries, "stacks": stacks})
        return replace(committed, facts=replace(committed.facts, policy=policy), today=today)

    return context


def found(context: Context, rule: str = RULE) -> list[Finding]:
    report = Judge(RULES, context).report(of_documents(PODS, file="pods.yaml", stack="prod"))
    return [one for one in report.findings if one.rule == rule]


def test_what_is_exempt_is_listed_and_blocks_nothing(known):
    exempt, blocked = found(known(entry()))
    assert (exempt.name, exempt.verdict, exempt.level) == ("one", "exempt", "skip")
    assert exempt.exemption is not None
    assert (exempt.exemption.owner, exempt.exemption.reason) == ("core_team", "Because")
    assert (blocked.name, blocked.verdict, blocked.level) == ("two", "violation", "block")


def test_an_exemption_that_has_expired_excuses_nothing_and_is_a_finding(known):
    expired, one, _ = sorted(found(known(entry(), today=date(2027, 1, 31))), key=lambda finding: finding.urn)
    assert (expired.verdict, expired.level) == ("expired exemption", "block")
    assert expired.path == "catalog/policy.yaml: exemptions[0]"
    assert one.verdict == "violation"
    assert one.message.endswith("; its exemption ended on 2027-01-31")


def test_an_exemption_that_nothing_needs_is_a_finding_at_the_stack_s_level(known):
    unused, *_ = found(known(entry(resource="three"), stale=Level.WARN))
    assert (unused.verdict, unused.level) == ("unused exemption", "warn")


def test_one_of_all_stacks_is_unused_only_where_there_is_such_a_resource(known):
    assert "unused exemption" not in {one.verdict for one in found(known(entry(stack="all", resource="three")))}
    assert found(known(entry(stack="all", rule="PSS-B-sysctls")), "PSS-B-sysctls")[0].verdict == "unused exemption"


def test_one_of_another_stack_is_not_read(known):
    assert {one.verdict for one in found(known(entry(stack="dev"), entry(stack="dev", resource="x")))} == {"violation"}


def test_what_could_not_be_evaluated_is_exempt_with_the_rule(known):
    unknown = PODS.replace("hostPath: {path: /}", "hostPath: '[unknown]'")
    report = Judge(RULES, known(entry())).report(of_documents(unknown, file="pods.yaml", stack="prod"))
    assert [one.verdict for one in report.findings if one.rule == RULE] == ["exempt", "unknown"]


def test_an_exemption_reaches_no_rule_that_takes_none_even_past_the_catalog_s_check(known):
    pod = (
        "apiVersion: v1\nkind: Pod\nmetadata: {name: one}\nspec: {containers: [{securityContext: {privileged: true}}]}"
    )
    context = known(entry(rule="PSS-B-privileged"))
    report = Judge(RULES, context).report(of_documents(pod, file="pod.yaml", stack="prod"))
    assert {one.verdict for one in report.findings if one.rule == "PSS-B-privileged"} == {
        "violation",
        "unused exemption",
    }


def test_the_engine_is_told_who_answers(known):
    analyzer = Analyzer(Servicer(RULES, lambda _: known(entry()), "prod"), stack="prod")
    inputs = {"spec": {"volumes": [{"name": "a", "hostPath": {"path": "/"}}]}}
    answer = analyzer.analyze("kubernetes:core/v1:Pod", inputs, name="one")
    assert answer.not_applicable == {RULE: "exempt until 2027-01-31 by core_team: Because"}
    assert RULE not in {said.policy for said in answer.said}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            {"rule": "PSS-B-hostpath"},
            "exemptions[0].rule: PSS-B-hostpath: it names a rule; did you mean PSS-B-hostPath",
        ),
        ({"rule": "ZZ-9"}, "exemptions[0].rule: ZZ-9: it names a rule; see docs/policies.md"),
        ({"rule": "PSS-B-privileged"}, "exemptions[0].rule: PSS-B-privileged: no resource is exempt from this rule"),
    ],
)
def test_an_exemption_names_a_rule_that_takes_one(known, change, said):
    with pytest.raises(CatalogError) as error:
        judge(known(entry(**change)))
    assert said in str(error.value)


@pytest.mark.parametrize(
    ("levels", "said"),
    [
        ({"rules": {"PSS-B-Privileged": "warn"}}, "stacks.prod.rules: PSS-B-Privileged: it names a rule; did you mean"),
        ({"rules": {"PSS-B-privileged": "warn"}}, "stacks.prod: warn: PSS-B-privileged blocks in every stack"),
        ({"critical": "skip"}, "stacks.prod: skip: PSS-B-privileged blocks in every stack"),
    ],
)
def test_levels_name_rules_and_soften_none_that_must_block(known, levels, said):
    with pytest.raises(CatalogError) as error:
        require(known(**levels).policy, RULES)
    assert said in str(error.value)


def test_a_rule_that_is_skipped_is_told_of(known):
    report = Judge(RULES, known(rules={RULE: Level.SKIP})).report(of_documents(PODS, file="pods.yaml", stack="prod"))
    assert report.skipped == (RULE,)
    assert RULE not in {one.rule for one in report.findings}


@pytest.mark.parametrize("stack", STACKS)
def test_every_committed_stack_passes_with_its_own_exemptions_in_use(stack, committed):
    report = judged(stack, committed)
    assert [one.message for one in (*report.blocking, *report.warnings)] == []
    own = {entry for entry in committed.policy.exemptions if entry.stack == stack}
    assert own <= {one.exemption for one in report.exempt}
    assert len(report.passes("PSS-B-privileged")) > 20


def test_every_exemption_is_in_use_somewhere(committed):
    used = {one.exemption for stack in STACKS for one in judged(stack, committed).exempt}
    assert used == set(committed.policy.exemptions)


def judged(stack: str, committed: Context) -> Report:
    """What all rules find in a committed stack."""
    graph = render(stack)
    return judge_graph(graph, replace(committed, stack=stack, choice=graph.chosen, today=TODAY))
