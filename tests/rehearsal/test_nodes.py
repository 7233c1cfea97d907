"""What a machine registers as."""

from collections.abc import Sequence

import pytest

from catalog import Node
from rehearsal.nodes import manifest, status


@pytest.fixture
def by_name(machines: Sequence[Node]) -> dict[str, Node]:
    return {machine.name: machine for machine in machines}


def test_a_node_has_the_labels_of_kubernetes_and_of_the_catalog(by_name: dict[str, Node]) -> None:
    labels = manifest(by_name["sophia-ai-core"], kept=False)["metadata"]["labels"]
    assert labels == {
        "kubernetes.io/arch": "arm64",
        "kubernetes.io/hostname": "sophia-ai-core",
        "kubernetes.io/os": "linux",
        "topology.kubernetes.io/region": by_name["sophia-ai-core"].region,
        **by_name["sophia-ai-core"].labels,
    }


def test_only_a_node_that_has_its_size_is_marked_for_kwok(by_name: dict[str, Node]) -> None:
    marks = [
        manifest(by_name["sophia-ai-core"], kept=kept)["metadata"]["labels"].get("kwok.x-k8s.io/node")
        for kept in (False, True)
    ]
    assert marks == [None, "fake"]


def test_taints_are_the_catalogs(by_name: dict[str, Node]) -> None:
    machine = by_name["sophia-ai-core"]
    (taint,) = machine.taints
    assert manifest(machine, kept=True)["spec"]["taints"] == [
        {"key": taint.key, "value": taint.value, "effect": taint.effect}
    ]


def test_a_node_without_taints_does_not_own_the_list(by_name: dict[str, Node]) -> None:
    assert "taints" not in manifest(by_name["sophia-mcp-orchestrator"], kept=True)["spec"]


def test_a_node_reports_the_machines_size(by_name: dict[str, Node]) -> None:
    machine = by_name["sophia-mcp-orchestrator"]
    capacity = status(machine)["status"]["capacity"]
    assert (capacity["cpu"], capacity["memory"], capacity["pods"], capacity["nvidia.com/gpu"]) == (
        f"{machine.capacity.millicores}m",
        f"{machine.capacity.mebibytes}Mi",
        str(machine.capacity.pods),
        str(machine.capacity.gpus),
    )


def test_what_a_machine_lacks_is_absent_and_not_zero(by_name: dict[str, Node]) -> None:
    machine = by_name["sophia-mcp-orchestrator"]
    bare = machine.capacity.model_copy(update={"gpus": 0, "disk_gib": None})
    capacity = status(machine.model_copy(update={"capacity": bare}))["status"]["capacity"]
    assert capacity.keys() == {"cpu", "memory", "pods"}
