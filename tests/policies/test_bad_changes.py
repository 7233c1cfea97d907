"""What somebody might do one day, and the rule that refuses it: known, and with the very field unknown."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from pulumi.runtime.proto import analyzer_pb2 as proto

from policies import RULES
from policies.reading import NOT_TOLD
from policies.resources import Resource
from policies.servicer import Servicer
from policies.sources import STACK
from policies.testing import UNKNOWN, Analyzer, Secret
from render import Graph, render
from render.graph import SECRET
from render.graph import UNKNOWN as RENDERED_UNKNOWN
from render.graph import Resource as Rendered

Inputs = dict[str, Any]


@pytest.fixture(scope="module")
def prod() -> Graph:
    return render("prod")


@pytest.fixture
def pack(committed):
    """Gives the real servicer, with the committed catalog, for a stack."""
    return lambda stack: Analyzer(Servicer(RULES, lambda name: replace(committed, stack=name), stack), stack=stack)


def pod(value: object) -> Inputs:
    return {"spec": {"containers": [{"name": "a", "securityContext": {"privileged": value}}]}}


def firewall(value: object) -> Inputs:
    return {"rules": [{"protocol": "tcp", "portRange": [6443, 6443], "sourceNetwork": value}]}


def machine(value: object) -> Inputs:
    return {"name": "sophia-development", "instance_type": value, "region": "us-west-1", "firewall": "lambda"}


def variable(value: object) -> Inputs:
    return {"key": "VITE_API_KEY", "value": Secret("words"), "sensitive": value, "targets": ["production"]}


def k3s(value: object) -> Inputs:
    artefacts = {"amd64": {"url": "https://example.com/k3s", **({} if value is None else {"sha256": value})}}
    return {"version": "v1.36.2+k3s1", "artefacts": artefacts}


BAD = [
    ("PSS-B-privileged", "prod", "kubernetes:core/v1:Pod", pod, True),
    ("LMB-FW-1", "prod", "lambda-cloud:index:GlobalFirewallRuleset", firewall, "0.0.0.0/0"),
    ("ART-1", "prod", "sophia:workload:Workload", lambda value: {"image": value, "workload": "x"}, "a/b:1.0.0"),
    ("LMB-INS-1", "dev", "sophia:lambda:Machine", machine, "gpu_1x_gh200"),
    ("K3S-ART-1", "prod", "host:index:K3sServer", k3s, None),
    ("SSH-1", "prod", "command:remote:Command", lambda value: {"connection": {"hostKey": value}}, ""),
]
"""The rule, the stack, the type, what makes inputs of the one value that is bad, and that value."""


@pytest.mark.parametrize("change", BAD, ids=[one[0] for one in BAD])
def test_a_bad_change_is_refused_and_names_rule_property_and_remedy(pack, change):
    rule, stack, token, inputs, bad = change
    said = [one for one in pack(stack).analyze(token, inputs(bad)).mandatory if one.policy == rule]
    assert said
    assert all(f"(docs/policies.md#{rule.lower()})" in one.message and "; " in one.message for one in said)


@pytest.mark.parametrize(
    ("rule", "token", "inputs"),
    [(rule, token, inputs) for rule, _, token, inputs, _ in BAD if rule != "SSH-1"],
    ids=[one[0] for one in BAD if one[0] != "SSH-1"],
)
def test_with_that_field_unknown_it_is_still_refused(pack, rule, token, inputs):
    said = [one for one in pack("prod").analyze(token, inputs(UNKNOWN)).mandatory if one.policy == rule]
    assert said
    assert any(one.message.startswith("could not evaluate ") for one in said)


def test_what_waits_for_the_deployment_is_no_violation_in_a_preview_and_refused_in_the_update(pack):
    """The key of a host that is not there yet: the only kind of value that is left for later."""
    analyzer = pack("prod")
    unknown = {"connection": {"hostKey": UNKNOWN}}
    assert "SSH-1" not in {one.policy for one in analyzer.analyze("command:remote:Command", unknown).said}
    analyzer.servicer.ConfigureStack(proto.AnalyzerStackConfigureRequest(stack="prod", dry_run=False), None)
    said = analyzer.analyze("command:remote:Command", unknown).mandatory
    assert "SSH-1" in {one.policy for one in said}


@pytest.mark.parametrize("sensitive", [True, False, UNKNOWN], ids=str)
def test_a_secret_in_a_public_variable_is_refused_whatever_else_is_said(pack, sensitive):
    said = pack("prod").analyze(
        "vercel:index/projectEnvironmentVariable:ProjectEnvironmentVariable", variable(sensitive)
    )
    assert "VRC-1" in {one.policy for one in said.mandatory}


def test_an_unprotected_collection_is_refused_and_one_of_which_that_is_not_told(pack):
    kept = {"name": "AgentMemory", "deletionProtection": True}
    token = "weaviate:index:Collection"  # noqa: S105 - a type
    assert "PROT-1" in {one.policy for one in pack("prod").analyze(token, kept).mandatory}
    protected = pack("prod").analyze(token, kept, options={"protect": True})
    assert "PROT-1" not in {one.policy for one in protected.said}
    resource = Resource("urn:pulumi:prod::a::b::c", token, "c", kept, options={"protect": NOT_TOLD})
    judge = pack("prod").servicer.judge("urn:pulumi:prod::a::b::c")
    assert {one.rule for one in judge.one(resource) if one.level == "block"} >= {"PROT-1"}


def marked(value: Any) -> Any:
    """A render's value as the engine would send it."""
    if isinstance(value, dict):
        return {key: marked(child) for key, child in value.items()}
    if isinstance(value, list):
        return [marked(child) for child in value]
    return UNKNOWN if value == RENDERED_UNKNOWN else Secret("x" * 32) if value == SECRET else value


def replicas(inputs: Inputs, value: object) -> Inputs:
    return {**inputs, "spec": {**inputs["spec"], "minReplicas": value}}


def told(one: Rendered) -> dict[str, Any]:
    """What the engine would say of a render's resource beside its inputs."""
    options = {key: value for key, value in one.options.items() if key == "protect"}
    return {"options": options, "provider": one.provider, "parent": one.parent}


def whole(analyzer: Analyzer, graph: Graph, changed: dict[str, object]) -> Iterator[tuple[str, str, str]]:
    """What the servicer says of a stack whose autoscalers differ, as the engine asks: one by one, then all."""
    for one in graph:
        inputs = replicas(dict(one.inputs), changed[one.name]) if one.name in changed else one.inputs
        request = analyzer.request(one.type, marked(inputs), name=one.name, **told(one))
        request.urn = one.urn
        analyzer.servicer.Analyze(request, None)
    stack = proto.AnalyzerResource(type=STACK, urn=f"urn:pulumi:prod::sophia::{STACK}::sophia-prod")
    answer = analyzer.servicer.AnalyzeStack(proto.AnalyzeStackRequest(resources=[stack]), None)
    yield from ((said.policyName, said.urn.rpartition("::")[2], said.message) for said in answer.diagnostics)


def test_the_committed_stack_passes_the_rules_about_it_as_a_whole(pack, prod):
    assert [*whole(pack("prod"), prod, {})] == []


def test_seventeen_more_replicas_are_refused_before_any_is_there(pack, prod):
    found = [*whole(pack("prod"), prod, {"mcp-ai-memory-autoscaler": 19})]
    assert {rule for rule, _, _ in found} == {"CAP-1"}
    assert all("spec.replicas must be no more than there is room for" in message for _, _, message in found)


def test_as_many_as_nobody_knows_are_refused_too(pack, prod):
    found = [*whole(pack("prod"), prod, {"mcp-ai-memory-autoscaler": UNKNOWN})]
    assert ("CAP-1", "mcp-ai-memory-autoscaler") in {(rule, name) for rule, name, _ in found}
