"""The cluster's nodes: one object per machine, of the machine's size, kept alive by kwok."""

import json
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from typing import Any

import httpx

from catalog.node import Node, NodeResources
from rehearsal.control_plane import FAKE_NODE
from rehearsal.error import RehearsalError
from rehearsal.toolchain import Progress
from rehearsal.waiting import until

_OWNER = "sophia-rehearsal"
_READY = 30.0


def register(cluster: httpx.Client, nodes: Sequence[Node], progress: Progress) -> None:
    """Make the cluster have exactly these nodes, each Ready.

    Args:
        cluster: speaks to the API server.
        nodes: what the machines register as.
        progress: told about nodes that were added or removed.

    Raises:
        RehearsalError: when the API server refuses one, or one does not become Ready.
    """
    present = {node["metadata"]["name"]: node for node in _nodes(cluster)}
    wanted = {node.name for node in nodes}
    for name in sorted(present.keys() - wanted):
        _checked(cluster.delete(f"/api/v1/nodes/{name}"))
        progress.line(f"Node {name} is no machine of this stack any more: removed")
    new = [node.name for node in nodes if not _is_kept(present.get(node.name, {}))]
    with progress.activity(f"Registering {', '.join(new)}") if new else nullcontext():
        for node in nodes:
            _register(cluster, node, new=node.name in new)
        _wait(cluster, wanted)


def manifest(node: Node, *, kept: bool) -> dict[str, Any]:
    """Return what a machine registers as; kwok makes it Ready as soon as it is marked as kept by it.

    Taints are absent where the catalog has none: the list is one value, and owning an empty one would take away the
    taints that Kubernetes itself sets on a node in trouble.
    """
    labels = {
        **({FAKE_NODE: "fake"} if kept else {}),
        "kubernetes.io/arch": node.architecture.value,
        "kubernetes.io/hostname": node.name,
        "kubernetes.io/os": "linux",
        "topology.kubernetes.io/region": node.region,
        **node.labels,
    }
    metadata = {"name": node.name, "labels": labels, "annotations": {FAKE_NODE: "fake"}}
    taints = [taint.model_dump() for taint in node.taints]
    spec = {"taints": taints} if taints else {}
    return {"apiVersion": "v1", "kind": "Node", "metadata": metadata, "spec": spec}


def status(node: Node) -> dict[str, Any]:
    """Return the size that a machine reports."""
    reported = {
        "nodeInfo": {"architecture": node.architecture.value, "operatingSystem": "linux"},
        "capacity": _quantities(node.capacity),
        "allocatable": _quantities(node.allocatable),
    }
    return {"apiVersion": "v1", "kind": "Node", "metadata": {"name": node.name}, "status": reported}


def _register(cluster: httpx.Client, node: Node, *, new: bool) -> None:
    """A new node gets its size before kwok sees it: kwok would make it Ready with a thousand cores."""
    path = f"/api/v1/nodes/{node.name}"
    if new:
        _apply(cluster, path, manifest(node, kept=False))
    _apply(cluster, f"{path}/status", status(node))
    _apply(cluster, path, manifest(node, kept=True))


def _quantities(resources: NodeResources) -> dict[str, str]:
    quantities = {
        "cpu": f"{resources.millicores}m",
        "memory": f"{resources.mebibytes}Mi",
        "pods": str(resources.pods),
    }
    if resources.gpus:
        quantities["nvidia.com/gpu"] = str(resources.gpus)
    if resources.disk_gib is not None:
        quantities["ephemeral-storage"] = f"{resources.disk_gib}Gi"
    return quantities


def _apply(cluster: httpx.Client, path: str, document: Mapping[str, Any]) -> None:
    """Server-side apply: what this owner once set and no longer names is taken away."""
    _checked(
        cluster.patch(
            path,
            params={"fieldManager": _OWNER, "force": "true"},
            headers={"Content-Type": "application/apply-patch+yaml"},
            content=json.dumps(document),
        )
    )


def _wait(cluster: httpx.Client, wanted: set[str]) -> None:
    def unready() -> set[str]:
        return wanted - {node["metadata"]["name"] for node in _nodes(cluster) if _is_ready(node)}

    def complaint() -> str:
        return (
            f"nodes not Ready after {_READY:.0f} s: {', '.join(sorted(unready()))}; "
            "kwok keeps them: see its log, and `./sophia down` then `./sophia up` for a fresh start"
        )

    until(lambda: None if unready() else True, seconds=_READY, failure=complaint)


def _nodes(cluster: httpx.Client) -> list[dict[str, Any]]:
    nodes: list[dict[str, Any]] = _checked(cluster.get("/api/v1/nodes")).json()["items"]
    return nodes


def _is_kept(node: Mapping[str, Any]) -> bool:
    labels: Mapping[str, str] = node.get("metadata", {}).get("labels", {})
    return labels.get(FAKE_NODE) == "fake"


def _is_ready(node: Mapping[str, Any]) -> bool:
    conditions = node.get("status", {}).get("conditions", [])
    return any(condition["type"] == "Ready" and condition["status"] == "True" for condition in conditions)


def _checked(response: httpx.Response) -> httpx.Response:
    if response.is_success:
        return response
    request = response.request
    message = f"{request.method} {request.url}: the API server says {response.status_code}: {response.text[:500]}"
    raise RehearsalError(message)
