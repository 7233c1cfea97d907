"""How bad a drift is, what is noise, and which deletions are not believed."""

import pytest

import catalog
from catalog.drift_classes import Deed, DeletionGuard, DriftClass
from ops.drift_rows import Deviation
from ops.events import Step
from ops.judgement import apart, classify, judged, unbelievable
from ops.results import DriftedResource

CLASSES = catalog.load().drift_classes
DEPLOYMENT = "kubernetes:apps/v1:Deployment"
SECURITY, COST, AVAILABILITY, NOISE = DriftClass

JUDGED = [
    ("lambda-cloud:index:GlobalFirewallRuleset", Deed.CHANGED, "rules[3]", SECURITY),
    ("lambda-cloud:index:FirewallRuleset", Deed.UNMANAGED, "", SECURITY),
    ("lambda-cloud:index:Instance", Deed.GONE, "", AVAILABILITY),
    ("lambda-cloud:index:Instance", Deed.CHANGED, "sshKeyName", SECURITY),
    ("lambda-cloud:index:Instance", Deed.UNMANAGED, "", COST),
    ("host:index:Files", Deed.CHANGED, "files[2].content", AVAILABILITY),
    ("host:index:Files", Deed.CHANGED, "files[2].mode", SECURITY),
    ("host:index:Firewall", Deed.CHANGED, "foreignTables[0]", SECURITY),
    ("host:index:K3sServer", Deed.CHANGED, 'config["kube-apiserver-arg"][0]', SECURITY),
    ("host:index:K3sServer", Deed.CHANGED, "active", AVAILABILITY),
    (DEPLOYMENT, Deed.CHANGED, "spec.replicas", AVAILABILITY),
    (DEPLOYMENT, Deed.CHANGED, "spec.template.spec.containers[0].image", SECURITY),
    (DEPLOYMENT, Deed.CHANGED, 'metadata.annotations["deployment.kubernetes.io/revision"]', NOISE),
    (DEPLOYMENT, Deed.GONE, "", AVAILABILITY),
    (DEPLOYMENT, Deed.UNMANAGED, "", SECURITY),
    ("kubernetes:core/v1:Service", Deed.CHANGED, "spec.ports[0].port", AVAILABILITY),
    ("kubernetes:networking.k8s.io/v1:NetworkPolicy", Deed.GONE, "", SECURITY),
    ("weaviate:index:Collection", Deed.CHANGED, "description", AVAILABILITY),
    ("weaviate:index:Role", Deed.CHANGED, "permissions[0]", SECURITY),
    ("vercel:index/project:Project", Deed.CHANGED, "gitForkProtection", SECURITY),
    ("vercel:index/project:Project", Deed.CHANGED, "nodeVersion", AVAILABILITY),
    ("vercel:index/project:Project", Deed.UNMANAGED, "", COST),
    ("rfc2136:index:Zone", Deed.CHANGED, 'records["api.sophia-intel.ai A"].values[0]', SECURITY),
]


@pytest.mark.parametrize(("kind", "deed", "path", "expected"), JUDGED)
def test_the_committed_rules_say_how_bad_a_drift_is(kind, deed, path, expected):
    assert classify(CLASSES, kind, deed, path) is expected


def change(*paths: str, op: str = "update") -> DriftedResource:
    told = tuple(Deviation(path=path, expected=1, actual=2) for path in paths)
    return DriftedResource(component="a", kind="Deployment", name="a", op=op, urn="urn:a", deviations=told, paths=paths)


def test_a_resource_is_as_bad_as_the_worst_of_what_differs():
    found = judged(change("spec.replicas", "spec.template.spec.containers[0].image"), DEPLOYMENT, CLASSES)
    assert [one.drift_class for one in found.deviations] == [AVAILABILITY, SECURITY]
    assert found.drift_class is SECURITY


def test_one_of_which_the_engine_names_no_path_has_a_class_too():
    assert judged(change(), "kubernetes:core/v1:Secret", CLASSES).drift_class is SECURITY


def test_noise_is_told_apart_and_does_not_count():
    alone = judged(change("status.x"), DEPLOYMENT, CLASSES)
    both = judged(change("status.x", "spec.replicas"), DEPLOYMENT, CLASSES)
    counted, noise = apart([alone, both])
    assert [one.paths for one in counted] == [("spec.replicas",)]
    assert [one.paths for one in noise] == [("status.x",), ("status.x",)]
    assert {one.drift_class for one in noise} == {NOISE}


GUARD = DeletionGuard(percent=50, least=5)


def steps(provider: str, gone: int, there: int) -> list[Step]:
    kinds = ["delete"] * gone + ["same"] * there
    return [Step(op=op, urn=f"urn:{provider}:{n}", type=f"{provider}:index:Thing") for n, op in enumerate(kinds)]


@pytest.mark.parametrize(
    ("found", "told"),
    [
        pytest.param(steps("vercel", 6, 4), ["vercel"], id="most of a provider"),
        pytest.param(steps("vercel", 5, 5), [], id="half of it"),
        pytest.param(steps("vercel", 4, 0), [], id="few"),
        pytest.param([*steps("vercel", 6, 4), *steps("host", 0, 90)], ["vercel"], id="of a whole that is large"),
        pytest.param([*steps("a", 4, 1), *steps("b", 4, 1)], ["the stack"], id="of the stack alone"),
        pytest.param(steps("vercel", 10, 0), ["vercel"], id="all"),
        pytest.param([], [], id="nothing"),
    ],
)
def test_so_much_is_not_deleted_by_anybody(found, told):
    said = [*unbelievable(found, GUARD)]
    assert {*told} <= {one.partition(" resources of ")[2].partition(" are told")[0] for one in said}
    assert bool(said) is bool(told)
    assert all("--believe-deletions" in one for one in said)


def test_a_provider_itself_and_components_are_no_resources():
    found = [*steps("pulumi", 9, 0), *[Step(op="delete", urn="u", type="sophia:a:B", custom=False)] * 9]
    assert [*unbelievable(found, GUARD)] == []
