"""The pack as the engine meets it: what it tells of itself, what it is configured with, and its process."""

from dataclasses import replace
from pathlib import Path

import pytest
from pulumi.runtime.proto import analyzer_pb2 as proto

from catalog.policy import Level
from policies import RULES
from policies.servicer import NAME, Servicer, described, resource_of
from policies.testing import UNKNOWN, Analyzer, Pack, Secret
from tests.policies.conftest import about, of_kind

ROOT = Path(__file__).resolve().parents[2]
POD = "kubernetes:core/v1:Pod"
BY_MARKS = {"CMD-1", "K3S-TOK-1", "K8S-ENV-1", "K8S-ENV-2", "K8S-SEC-1", "OUT-1", "SEC-1", "SSH-2", "VRC-1"}
"""Rules that go by what is marked as secret, which the SDK's servicer drops."""
BAD = {
    "spec": {"containers": [{"name": "a", "securityContext": {"privileged": Secret(value=True), "runAsUser": UNKNOWN}}]}
}


@pytest.fixture
def servicer(committed) -> Servicer:
    return Servicer(RULES, lambda stack: replace(committed, stack=stack), "prod")


def test_every_rule_is_told_with_its_level_severity_standard_and_page(servicer):
    told = {one.name: one for one in Analyzer(servicer).info().policies}
    assert told.keys() == {rule.id for rule in RULES}
    one = told["PSS-B-privileged"]
    assert (one.enforcementLevel, one.severity) == (proto.MANDATORY, proto.POLICY_SEVERITY_CRITICAL)
    assert (one.framework.name, one.url) == ("PSS", "docs/policies.md#pss-b-privileged")
    assert "CIS 5.2.2" in one.tags
    assert one.remediation_steps


@pytest.mark.parametrize(
    "given",
    [
        {"PSS-B-privileged": proto.PolicyConfig(enforcementLevel=proto.ADVISORY)},
        {"PSS-B-privileged": proto.PolicyConfig(enforcementLevel=proto.DISABLED)},
        {"all": proto.PolicyConfig(enforcementLevel=proto.MANDATORY)},
        {"NO-1": proto.PolicyConfig(enforcementLevel=proto.MANDATORY)},
    ],
    ids=str,
)
def test_levels_are_the_catalog_s_and_no_configuration_changes_them(servicer, given):
    with pytest.raises(ValueError, match=r"levels are those of catalog/policy\.yaml"):
        servicer.Configure(proto.ConfigureAnalyzerRequest(policyConfig=given), None)


def test_the_engine_s_own_echo_of_the_levels_is_taken(servicer):
    echo = {
        one.name: proto.PolicyConfig(enforcementLevel=one.enforcementLevel)
        for one in Analyzer(servicer).info().policies
    }
    servicer.Configure(proto.ConfigureAnalyzerRequest(policyConfig=echo), None)


@pytest.mark.parametrize("stack", ["prod", "dev", "pr-12", ""])
def test_levels_follow_the_stack_of_the_urn(servicer, stack):
    answer = Analyzer(servicer, stack=stack).analyze(POD, BAD)
    levels = {said.policy: said.level for said in answer.said}
    assert levels["PSS-B-privileged"] == "mandatory"
    assert levels["PSS-R-runAsUser"] == ("advisory" if stack == "dev" else "mandatory")


def test_nothing_is_rewritten(servicer):
    request = Analyzer(servicer).request(POD, BAD)
    assert servicer.Remediate(request, None) == proto.RemediateResponse()


def test_options_are_read_and_what_the_engine_does_not_tell_is_not_known(servicer):
    options = {"protect": True, "ignoreChanges": ["a"], "deleteBeforeReplace": True}
    request = Analyzer(servicer).request(POD, BAD, options=options, provider="urn:pulumi:a::b::c:d:E::f", parent="p")
    resource = resource_of(request)
    told = resource.options
    assert (told.flag("protect", unknown=False), told.flag("deleteBeforeReplace", unknown=False)) == (True, True)
    assert [one.value for one in told.items("ignoreChanges")] == ["a"]
    assert (resource.parent, resource.provider) == ("p", "urn:pulumi:a::b::c:d:E::f")
    assert told.flag("retainOnDelete", unknown=True) is True
    assert resource.notes.taken() == {"options.retainOnDelete": "this source does not tell it"}


@pytest.mark.parametrize("case", of_kind("fail", "unknown", "secret"), ids=str)
def test_in_a_pack_of_the_sdk_s_own_the_rules_find_the_same(case, judge, analyzer):
    policies = [described(rule, Level.BLOCK, lambda _: judge(case)) for rule in RULES if rule.id not in BY_MARKS]
    stock = Analyzer.of(policies, stack=case.stack)
    for one in case.given:
        ours = [
            said
            for said in analyzer(case).analyze(one.token, one.inputs, **about(one)).said
            if said.policy not in BY_MARKS
        ]
        theirs = stock.analyze(one.token, one.inputs, **about(one)).said
        assert {found.policy for found in theirs} == {found.policy for found in ours}
        if case.kind != "secret":
            assert [found.message.partition("\n")[2] for found in theirs] == [found.message for found in ours]


def test_the_pack_s_process_answers_as_the_engine_starts_it():
    with Pack(ROOT / "policies", stack="prod") as pack:
        assert pack.info().name == NAME
        assert {said.policy for said in pack.analyze(POD, BAD).mandatory} >= {"PSS-B-privileged", "PSS-R-runAsUser"}
