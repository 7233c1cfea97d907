"""What runs on a stack's cluster now."""

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import kubernetes.client
import kubernetes.config
import tenacity

from ops.results import NodeRow, ServerRow

_NAMESPACE = "sophia-mcp"
_FLOOR_SECONDS = 60


class NotReadyError(RuntimeError):
    """A workload has fewer ready pods than its floor."""


def nodes(kubeconfig: Path) -> tuple[NodeRow, ...]:
    """Return the nodes of the cluster and how many of the platform's pods each runs."""
    core = _core(kubeconfig)
    pods = Counter(pod.spec.node_name for pod in core.list_namespaced_pod(_NAMESPACE).items)
    return tuple(
        NodeRow(
            name=node.metadata.name,
            role=node.metadata.labels.get("sophia.ai/role", ""),
            architecture=node.metadata.labels.get("kubernetes.io/arch", ""),
            ready=any(c.type == "Ready" and c.status == "True" for c in node.status.conditions or []),
            pods=pods[node.metadata.name],
        )
        for node in core.list_node().items
    )


def servers(kubeconfig: Path, floors: Mapping[str, int], endpoints: Mapping[str, str]) -> tuple[ServerRow, ...]:
    """Return the MCP servers and their ready pods.

    Args:
        kubeconfig: credentials of the cluster.
        floors: pods that must be ready, by server.
        endpoints: where each server is reached.
    """
    ready: dict[str, list[str]] = {name: [] for name in floors}
    for pod in _core(kubeconfig).list_namespaced_pod(_NAMESPACE).items:
        name = pod.metadata.labels.get("sophia.ai/workload", "")
        if name in ready and _is_ready(pod):
            ready[name].append(pod.spec.node_name)
    return tuple(
        ServerRow(
            name=name,
            ready=len(ready[name]),
            wanted=wanted,
            nodes=tuple(sorted(set(ready[name]))),
            endpoint=endpoints.get(name, ""),
        )
        for name, wanted in sorted(floors.items())
    )


def wait_for_floors(kubeconfig: Path, floors: Mapping[str, int], endpoints: Mapping[str, str]) -> tuple[ServerRow, ...]:
    """Wait until every server has as many ready pods as its floor, and return them.

    The engine waits for the first pod of a Deployment; the autoscaler adds the others after it.

    Raises:
        NotReadyError: one has not within 60 s; the message names them.
    """

    @tenacity.retry(
        retry=tenacity.retry_if_exception_type(NotReadyError),
        stop=tenacity.stop_after_delay(_FLOOR_SECONDS),
        wait=tenacity.wait_fixed(0.5),
        reraise=True,
    )
    def at_floor() -> tuple[ServerRow, ...]:
        rows = servers(kubeconfig, floors, endpoints)
        short = [f"{row.name} ({row.ready} of {row.wanted})" for row in rows if row.ready < row.wanted]
        if short:
            msg = f"not ready after {_FLOOR_SECONDS} s: {', '.join(short)}; see `kubectl -n {_NAMESPACE} get pods`"
            raise NotReadyError(msg)
        return rows

    return at_floor()


def _is_ready(pod: Any) -> bool:
    return any(c.type == "Ready" and c.status == "True" for c in pod.status.conditions or [])


def _core(kubeconfig: Path) -> kubernetes.client.CoreV1Api:
    return kubernetes.client.CoreV1Api(kubernetes.config.new_client_from_config(str(kubeconfig)))
