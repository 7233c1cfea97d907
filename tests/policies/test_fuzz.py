"""Whatever a resource holds, judging ends with findings: it never crashes, and never tells a value."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from google.protobuf import struct_pb2
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from policies import RULES, Context, Judge, SourceError, context, judge, of_documents, of_export
from policies.judging import MOST_TOLD
from policies.pods import TEMPLATES
from policies.reading import SIGNATURE, tree
from policies.resources import Resource
from policies.servicer import Servicer
from policies.testing import UNKNOWN, Analyzer, Secret, cases
from policies.testing.analyzer import wire

WORDS = ["RuntimeDefault", "ALL", "Unmasked", "windows", "localhost/x", "Default", ""]
CASES = [*cases(Path(__file__).parent / "fixtures")]


def keys(value: object) -> Iterator[str]:
    """Every key of a case's inputs."""
    if isinstance(value, Secret):
        yield from keys(value.value)
    elif isinstance(value, dict):
        yield from value
        for child in value.values():
            yield from keys(child)
    elif isinstance(value, list):
        for child in value:
            yield from keys(child)


KEYS = [
    *("spec", "metadata", "template", "jobTemplate", "items", "kind", "apiVersion", "annotations", "securityContext"),
    *("containers", "initContainers", "ephemeralContainers", "volumes", "hostPath", "hostNetwork", "privileged"),
    *("capabilities", "add", "drop", "seccompProfile", "type", "ports", "hostPort", "sysctls", "name", "procMount"),
    *(
        "hostUsers",
        "runAsUser",
        "runAsNonRoot",
        "os",
        "livenessProbe",
        "httpGet",
        "host",
        SIGNATURE,
    ),
    *(
        "namespace",
        "labels",
        "env",
        "value",
        "valueFrom",
        "image",
        "imagePullPolicy",
        "resources",
        "limits",
        "requests",
    ),
    *("cpu", "memory", "nvidia.com/gpu", "readinessProbe", "port", "initialDelaySeconds", "tolerations", "operator"),
    *("key", "effect", "affinity", "nodeAffinity", "nodeSelector", "data", "stringData", "rules", "apiGroups", "verbs"),
    *("resourceNames", "roleRef", "subjects", "ingress", "egress", "from", "podSelector", "matchLabels", "policyTypes"),
    *("matchExpressions", "values", "tls", "hosts", "listeners", "protocol", "parentRefs", "filters", "replicas"),
    *("selector", "minAvailable", "maxUnavailable", "scaleTargetRef", "minReplicas", "maxReplicas", "externalIPs"),
    *("requiredDuringSchedulingIgnoredDuringExecution", "nodeSelectorTerms", "sophia.ai/role", "kubernetes.io/arch"),
    *("serviceAccountName", "automountServiceAccountToken", "ownerReferences", "volumeClaimTemplates", "path", "args"),
]
CANARY = "canary-7b1d"
TEXT = st.sampled_from(WORDS) | st.text(st.characters(codec="utf-8"), max_size=5).map(lambda text: CANARY + text)
SCALAR = st.none() | st.booleans() | st.integers(-(2**40), 2**40) | st.floats(allow_nan=False) | TEXT | st.just(UNKNOWN)
VALUE = st.recursive(
    SCALAR,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=5) | inner.map(Secret)
    ),
    max_leaves=25,
)
OURS = [*dict.fromkeys(key for case in CASES for one in case.given for key in keys(dict(one.inputs)))]
OF_OURS = [*dict.fromkeys(one.token for case in CASES for one in case.given)]
ANY = st.recursive(
    SCALAR,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(OURS), inner, max_size=5) | inner.map(Secret)
    ),
    max_leaves=25,
)
INPUTS = st.dictionaries(st.sampled_from(KEYS), VALUE, max_size=6)
TOKENS = st.sampled_from(
    [
        *(f"kubernetes:{kind.replace('/', '/v1:') if '/' in kind else f'core/v1:{kind}'}" for kind in TEMPLATES),
        *("kubernetes:core/v1:Service", "kubernetes:core/v1:Secret", "kubernetes:core/v1:ConfigMap"),
        *(
            "kubernetes:core/v1:Namespace",
            "kubernetes:core/v1:ServiceAccount",
            "kubernetes:policy/v1:PodDisruptionBudget",
        ),
        *("kubernetes:rbac.authorization.k8s.io/v1:Role", "kubernetes:rbac.authorization.k8s.io/v1:RoleBinding"),
        *("kubernetes:networking.k8s.io/v1:NetworkPolicy", "kubernetes:networking.k8s.io/v1:Ingress"),
        *("kubernetes:gateway.networking.k8s.io/v1:Gateway", "kubernetes:gateway.networking.k8s.io/v1:HTTPRoute"),
        *("kubernetes:autoscaling/v2:HorizontalPodAutoscaler", "kubernetes:storage.k8s.io/v1:StorageClass"),
        *("kubernetes:core/v1:List", "kubernetes:core/v1:PodList", "kubernetes:apps/v1:DeploymentPatch"),
        *("kubernetes:", "kubernetes:a:b:c", ":", "", "host:index:Host", "pulumi:pulumi:Stack"),
    ]
)


@pytest.fixture(scope="module")
def known() -> Context:
    return context("prod")


@pytest.fixture(scope="module")
def analyzer(known: Context) -> Analyzer:
    return Analyzer(Servicer(RULES, lambda _: known, "prod"), stack="prod")


def holds(analyzer: Analyzer, token: str, inputs: dict[str, Any]) -> None:
    answer = analyzer.analyze(token, inputs)
    assert not any(CANARY in said.message for said in answer.said)
    assert not any("the rule itself broke" in said.message for said in answer.said)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(TOKENS, INPUTS)
def test_anything_is_judged(analyzer, token, inputs):
    holds(analyzer, token, inputs)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(TOKENS, INPUTS), max_size=6))
def test_any_stack_is_judged_as_a_whole(known, given_resources):
    resources = [
        Resource(f"urn:pulumi:prod::a::{token}::{n}", token, str(n), tree(wire(inputs)))
        for n, (token, inputs) in enumerate(given_resources)
    ]
    found = judge(known).report(resources).findings
    assert not any(CANARY in one.message or "the rule itself broke" in one.message for one in found)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(OF_OURS), st.dictionaries(st.sampled_from(OURS), ANY, max_size=6))
def test_anything_in_what_rules_are_about_is_judged(analyzer, token, inputs):
    holds(analyzer, token, inputs)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.sampled_from([one for case in CASES for one in case.given]), max_size=4), st.data())
def test_anything_is_judged_as_a_stack(known, given, data):
    """Cases that are put together, each with something else in it."""
    resources = [
        Resource(
            f"urn:pulumi:prod::a::{one.token}::{number}",
            one.token,
            str(number),
            tree(wire({**one.inputs, data.draw(st.sampled_from(OURS)): data.draw(ANY)})),
        )
        for number, one in enumerate(given)
    ]
    found = [*Judge(RULES, known).whole(resources)]
    assert not any(one.verdict == "failed" for one in found)
    assert not any(CANARY in one.message for one in found)


@pytest.mark.soak
@settings(max_examples=10_000, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(TOKENS, INPUTS)
def test_ten_thousand_resources_of_anything_are_judged(analyzer, token, inputs):
    holds(analyzer, token, inputs)


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=60) | VALUE.map(lambda value: json.dumps(value, default=str)))
def test_any_text_is_a_manifest_a_state_or_an_error_with_its_reason(text):
    said = []
    try:
        of_documents(text, file="m.yaml", stack="prod")
    except SourceError as error:
        said.append(str(error))
    try:
        of_export(text)
    except SourceError as error:
        said.append(str(error))
    assert not any(CANARY in one for one in said)


@pytest.mark.parametrize("place", ["value", "key", "image", "annotation"])
def test_ten_megabytes_of_text_are_judged_and_not_told(analyzer, place):
    text = "A" * (10 << 20)
    container = {"name": text, "image": text, "securityContext": {"procMount": text, "seccompProfile": {"type": text}}}
    places: dict[str, dict[str, Any]] = {
        "value": {"spec": {"containers": [container]}},
        "key": {"spec": {text: {"a": 1}, "containers": [{"securityContext": {text: True}}]}},
        "image": {"spec": {"containers": [{"image": text}]}},
        "annotation": {"metadata": {"annotations": {f"container.apparmor.security.beta.kubernetes.io/{text}": text}}},
    }
    answer = analyzer.analyze("kubernetes:core/v1:Pod", {"spec": {"containers": []}, **places[place]})
    assert answer.said or place == "key"
    assert max((len(said.message) for said in answer.said), default=0) < 1000


def test_thousands_of_containers_are_judged_as_far_as_is_read_and_the_rest_is_a_finding(known, monkeypatch):
    monkeypatch.setattr("policies.reading.MOST_VALUES", 1000)
    pod = {"spec": {"containers": [{"name": "a"}] * 600, "hostNetwork": True}}
    resource = Resource("urn:pulumi:prod::a::b::x", "kubernetes:core/v1:Pod", "x", tree(pod))
    found = [*Judge(RULES, known).one(resource)]
    assert [one.path for one in found if one.rule == "PSS-B-hostNamespaces"] == ["spec.hostNetwork"]
    assert {one.verdict for one in found if one.rule == "PSS-B-privileged"} == {"unknown"}
    silent = [one for one in found if one.rule == "PSS-R-capabilities" and one.verdict == "violation"]
    assert len(silent) == MOST_TOLD + 1
    assert "more places" in silent[-1].message


def test_a_resource_as_deep_as_the_engine_can_send_is_judged(analyzer):
    container: dict[str, Any] = {}
    for _ in range(30):
        container = {"securityContext": container}
    assert analyzer.analyze("kubernetes:core/v1:Pod", {"spec": {"containers": [container]}}).said


def test_a_mark_that_nobody_knows_is_read_as_the_mapping_that_it_is(analyzer):
    struct = struct_pb2.Struct()
    struct.update({"spec": {SIGNATURE: "nobody", "hostNetwork": True}})
    request = analyzer.request("kubernetes:core/v1:Pod", {})
    request.properties.CopyFrom(struct)
    assert "PSS-B-hostNamespaces" in {said.policy for said in analyzer.ask(request).said}
