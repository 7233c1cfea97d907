"""Nodes and pods of the arithmetic as objects that a scheduler reads: what is counted here is counted there."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from catalog import Node
from catalog.manifests import GPU
from catalog.placement import Count, floor
from catalog.pod import Demand, Pod, Term, Toleration
from catalog.room import admits

DISK = "sophia.ai/disk-gib"
"""A resource that stands for the disk of volumes: the scheduler cannot see what local volumes take."""

_PLENTY = 10**6


def node_object(node: Node) -> dict[str, Any]:
    """Return a Node that is ready, as its kubelet would report it."""
    has = node.allocatable
    amounts = {
        "cpu": f"{has.millicores}m",
        "memory": f"{has.mebibytes}Mi",
        "pods": str(has.pods),
        GPU: str(has.gpus),
        DISK: str(_PLENTY if has.disk_gib is None else has.disk_gib),
    }
    taints = [{"key": one.key, "value": one.value, "effect": one.effect} for one in node.taints]
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": node.name, "labels": dict(node.all_labels)},
        "spec": {"taints": taints},
        "status": {
            "capacity": amounts,
            "allocatable": amounts,
            "conditions": [{"type": "Ready", "status": "True", "reason": "KubeletReady"}],
        },
    }


def pod_objects(demands: Iterable[Demand], nodes: Sequence[Node], count: Count = floor) -> Iterator[dict[str, Any]]:
    """Yield the pods of all demands, first what runs on every node: one for each that admits it, as on its join."""
    wanted = sorted(demands, key=lambda demand: not demand.every_node)
    for demand in wanted:
        name = demand.name.replace("/", "-")
        if demand.every_node:
            for node in nodes:
                if admits(node, demand.pod) is None:
                    yield _pod(f"{name}-{node.name}", demand.pod, only=node.name)
        else:
            for number in range(count(demand)):
                yield _pod(f"{name}-{number}", demand.pod)


def _pod(name: str, pod: Pod, *, only: str = "") -> dict[str, Any]:
    asked = {"cpu": f"{pod.millicores}m", "memory": f"{pod.mebibytes}Mi"}
    whole = {key: str(amount) for key, amount in ((GPU, pod.gpus), (DISK, pod.disk_gib)) if amount}
    terms = [_term(term) for term in pod.terms]
    if only:
        field = {"matchFields": [{"key": "metadata.name", "operator": "In", "values": [only]}]}
        terms = [{**term, **field} for term in terms or [{}]]
    affinity: dict[str, Any] = {}
    if terms:
        affinity["requiredDuringSchedulingIgnoredDuringExecution"] = {"nodeSelectorTerms": terms}
    if pod.preferred:
        wanted = [{"weight": weight, "preference": _term(term)} for weight, term in pod.preferred]
        affinity["preferredDuringSchedulingIgnoredDuringExecution"] = wanted
    resources = {"requests": {**asked, **whole}, "limits": whole}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name},
        "spec": {
            "containers": [{"name": "one", "image": "none", "resources": resources}],
            "affinity": {"nodeAffinity": affinity},
            "tolerations": [_toleration(one) for one in pod.tolerations],
        },
    }


def _term(term: Term) -> dict[str, Any]:
    return {
        "matchExpressions": [
            {"key": one.key, "operator": one.operator, **({"values": [*one.values]} if one.values else {})}
            for one in term
        ]
    }


def _toleration(one: Toleration) -> dict[str, str]:
    told = {"operator": "Exists"} if one.value is None else {"operator": "Equal", "value": one.value}
    return {**({"key": one.key} if one.key else {}), **told, **({"effect": one.effect} if one.effect else {})}
