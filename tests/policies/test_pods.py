"""Where pods are: custom kinds that the catalog names, lists of anything, and what has none."""

from dataclasses import replace

import pytest

from policies import RULES, Context, Judge
from policies.reading import tree
from policies.resources import Resource
from policies.testing import UNKNOWN
from policies.testing.analyzer import wire

RULE = "PSS-B-hostNamespaces"
HOST = {"hostNetwork": True, "containers": []}


@pytest.fixture
def known(committed: Context) -> Context:
    policy = committed.policy.model_copy(update={"pod_templates": {"argoproj.io/Rollout": "spec.template"}})
    return replace(committed, facts=replace(committed.facts, policy=policy))


@pytest.fixture
def found(known):
    """Gives the paths at which a rule finds something, and what it finds."""

    def places(token, inputs):
        resource = Resource(f"urn:pulumi:prod::a::{token}::x", token, "x", tree(wire(inputs)))
        return {one.path: str(one.verdict) for one in Judge(RULES, known).one(resource) if one.rule == RULE}

    return places


def test_a_custom_kind_that_the_catalog_names_is_judged_where_it_says(found):
    inputs = {"spec": {"template": {"spec": HOST}}}
    assert found("kubernetes:argoproj.io/v1alpha1:Rollout", inputs) == {"spec.template.spec.hostNetwork": "violation"}
    assert found("kubernetes:argoproj.io/v1alpha1:Workflow", inputs) == {}


@pytest.mark.parametrize("version", ["v1", "v1beta2", "v2"])
def test_a_kind_is_one_in_every_version(found, version):
    inputs = {"spec": {"template": {"spec": HOST}}}
    assert found(f"kubernetes:apps/{version}:Deployment", inputs) == {"spec.template.spec.hostNetwork": "violation"}


def test_an_item_of_an_unknown_kind_may_be_a_pod(found):
    items = [
        {"kind": UNKNOWN, "apiVersion": "v1", "spec": HOST},
        {"kind": "ConfigMap", "apiVersion": "v1", "spec": HOST},
    ]
    assert found("kubernetes:core/v1:List", {"items": items}) == {
        "items[0].kind": "unknown",
        "items[0].spec.hostNetwork": "violation",
    }


@pytest.mark.parametrize(
    ("token", "inputs", "expected"),
    [
        ("kubernetes:core/v1:Pod", {}, {"spec": "unknown"}),
        ("kubernetes:apps/v1:Deployment", {"spec": {}}, {"spec.template.spec": "unknown"}),
        ("kubernetes:apps/v1:Deployment", {"spec": UNKNOWN}, {"spec": "unknown"}),
        ("kubernetes:core/v1:ReplicationController", {"spec": {}}, {}),
        ("kubernetes:apps/v1:DeploymentPatch", {"spec": {"replicas": 3}}, {}),
        ("kubernetes:core/v1:PodList", {"items": []}, {}),
        ("kubernetes:core/v1:PodList", {"items": UNKNOWN}, {"items": "unknown"}),
        ("kubernetes:core/v1:ConfigMapList", {"items": UNKNOWN}, {}),
        ("kubernetes:core/v1:NodePatch", {"spec": HOST}, {}),
    ],
)
def test_a_pod_that_is_not_described_is_a_finding_where_there_must_be_one(found, token, inputs, expected):
    assert found(token, inputs) == expected
