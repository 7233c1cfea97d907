"""Whether all that a stack's render registers fits its machines."""

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from catalog import CatalogError
from catalog.manifests import demands
from catalog.placement import pack
from catalog.pod import Demand
from ops.capacity import capacity, ground, offences, require
from ops.exit_code import ExitCode
from render import Graph, Resource, render

SCHEMAS = Path(__file__).resolve().parents[2] / "docs/schema"


@pytest.fixture(scope="module", params=["dev", "staging", "prod"])
def stack(request) -> Graph:
    return render(request.param)


@pytest.fixture(scope="module")
def prod() -> Graph:
    return render("prod")


def with_objects(graph: Graph, *objects: dict[str, Any]) -> Graph:
    """Return the graph with more objects."""
    more = {
        f"urn:{number}": Resource(
            urn=f"urn:{number}", type=f"kubernetes:more/v1:{one['kind']}", name="more", custom=True, inputs=one
        )
        for number, one in enumerate(objects)
    }
    return Graph(graph.stack, {**graph.resources, **more}, graph.outputs, graph.chosen)


def deployment(name: str, *, replicas: int = 1, **pod: object) -> dict[str, Any]:
    container = {"name": name, "resources": {"requests": {"cpu": "1", "memory": "1Gi"}}}
    spec = {"replicas": replicas, "template": {"spec": {"containers": [container], **pod}}}
    return {"kind": "Deployment", "metadata": {"name": name, "namespace": "sophia-mcp"}, "spec": spec}


def test_the_render_says_of_every_workload_what_the_catalog_says(stack):
    read = {one.name.split("/")[1]: one for one in demands(o.inputs for o in stack if o.type.startswith("kubernetes:"))}
    for workload in stack.choice.workloads:
        own, found = Demand.of(workload), read[workload.object_name]
        assert (own.pod, own.count, own.grown) == (found.pod, found.count, found.grown), workload.name


def test_every_pod_of_every_stack_fits_at_its_floor(stack):
    result = require(stack)
    assert (result.fits, result.unplaced, result.broken_quotas) == (True, "", ())


def test_add_ons_daemon_sets_jobs_and_what_k3s_brings_are_counted(prod):
    counted = {one.name for one in ground(prod).demands}
    assert {
        "cert-manager/cert-manager",
        "kube-system/nvidia-device-plugin-exclusive",
        "kube-system/coredns",
        "kube-system/svclb-traefik",
        "sophia-data/postgresql-backup",
        "sophia-data/postgresql-migrations",
    } <= counted
    assert "sophia-data/postgresql-restore" not in counted, "it is suspended until somebody restores"


def test_a_daemon_set_takes_room_on_each_node_that_it_selects(prod):
    pods = {row.name: row.pods for row in capacity(prod).nodes}
    plugins = {name: [one for one in own if "device-plugin" in one] for name, own in pods.items()}
    assert plugins == {
        "sophia-ai-core": ["kube-system/nvidia-device-plugin-exclusive"],
        "sophia-mcp-orchestrator": ["kube-system/nvidia-device-plugin-shared-4"],
        "sophia-data-pipeline": ["kube-system/nvidia-device-plugin-exclusive"],
        "sophia-production-instance": ["kube-system/nvidia-device-plugin-shared-2"],
    }


def test_the_loss_of_a_machine_is_told_with_what_moves_and_what_cannot(prod):
    losses = {row.node: row for row in capacity(prod).losses}
    assert losses["sophia-mcp-orchestrator"].survives
    assert losses["sophia-mcp-orchestrator"].moved == 27
    assert losses["sophia-production-instance"].survives
    assert losses["sophia-data-pipeline"].tied == ("sophia-data/postgresql", "sophia-data/valkey")
    assert "role mcp is not data or dev" in losses["sophia-data-pipeline"].homeless
    assert not losses["sophia-ai-core"].survives, "the control plane is there alone"


def test_growth_that_does_not_fit_is_a_warning_that_names_the_first_pod():
    result = capacity(render("dev"))
    assert (result.fits, result.grows) == (True, False)
    assert result.warnings[0].startswith(
        "dev cannot grow to the maximum replicas of every workload: a pod of sophia-mcp/"
    )
    assert "quota sophia-mcp/sophia-mcp leaves 29500 requests.cpu, and full load asks for 50500" in result.warnings


def test_prod_can_grow_to_the_maximum_of_every_server(prod):
    result = capacity(prod)
    assert (result.grows, result.warnings) == (True, ())


def test_what_does_not_fit_is_refused_with_the_first_pod_and_a_proof(prod):
    crowd = with_objects(prod, deployment("crowd", replicas=30, nodeSelector={"sophia.ai/role": "mcp"}))
    (found,) = offences(capacity(crowd))
    assert found.path == "Pulumi.prod.yaml: sophia:machines"
    assert found.value.startswith("a pod of sophia-mcp/crowd fits no node (")
    assert "pods ask for 30010 millicores of CPU, and there are 13500 on sophia-mcp-orchestrator" in found.rule
    assert found.remedy
    with pytest.raises(CatalogError, match="fits no node"):
        require(crowd)


def test_a_quota_that_refuses_pods_is_named(prod):
    result = capacity(with_objects(prod, deployment("crowd", replicas=44)))
    (why,) = result.broken_quotas
    assert why == "quota sophia-mcp/sophia-mcp leaves 56500 requests.cpu, and the floors ask for 57500"
    assert not result.fits


@pytest.mark.parametrize(
    ("pod", "value"),
    [
        (
            {"affinity": {"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [{}]}}},
            "required podAntiAffinity",
        ),
        (
            {"topologySpreadConstraints": [{"whenUnsatisfiable": "DoNotSchedule"}]},
            "topologySpreadConstraints that do not schedule",
        ),
        ({"nodeName": "sophia-ai-core"}, "nodeName"),
        ({"containers": [{"name": "a", "resources": {"requests": {"cpu": "[unknown]"}}}]}, "could not convert"),
    ],
)
def test_what_is_not_judged_is_refused_and_never_passed_over(prod, pod, value):
    with pytest.raises(CatalogError) as error:
        capacity(with_objects(prod, deployment("odd", **pod)))
    (offence,) = error.value.offences
    assert offence.path == "Deployment sophia-mcp/odd"
    assert value in offence.value


def test_the_verb_leaves_with_5_when_pods_do_not_fit(sophia, monkeypatch, prod):
    crowd = with_objects(prod, deployment("crowd", replicas=30, nodeSelector={"sophia.ai/role": "mcp"}))
    monkeypatch.setattr("ops.cost_app.render", lambda _: crowd)
    left = sophia("capacity", "prod")
    assert left.code == ExitCode.CAPACITY
    assert "Does not fit" in left.out
    assert "a pod of sophia-mcp/" in left.err


def test_the_verb_answers_by_its_schema(sophia, monkeypatch, prod):
    monkeypatch.setattr("ops.cost_app.render", lambda _: prod)
    left = sophia("capacity", "prod", "--json")
    assert left.code == ExitCode.OK
    schema = json.loads((SCHEMAS / "capacity.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator(schema).validate(json.loads(left.out))
    assert set(json.loads(left.out)) == set(schema["properties"]), "so that a reader need not guess"


def test_people_see_the_room_on_each_node(sophia, monkeypatch, prod):
    monkeypatch.setattr("ops.cost_app.render", lambda _: prod)
    left = sophia("capacity", "prod")
    assert "Fits: all 52 pods at their floors, and at their ceilings too" in left.out
    assert "restore sophia-data/postgresql" in left.out.replace("\n", " ")


def test_the_sums_of_a_stack_are_those_of_its_packing(stack):
    on = ground(stack)
    placed = pack(on.demands, on.nodes)
    assert sum(sum(pods.values()) for pods in placed.pods.values()) == capacity(stack).pods
