"""What runs on a stack's cluster now, read from its API server."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from typing import Any

import httpx
import tenacity

from ops.results import NodeRow, ServerRow

PLATFORM = "app.kubernetes.io/part-of=sophia"
"""Selects what is the platform's own."""
WORKLOAD = "sophia.ai/workload"
"""Label of their pods: the workload's name."""
_SECONDS = 60
"""How long it is waited for what must become ready."""
_ABSENT_SECONDS = 10
"""How long it is waited for an API server that takes no connection, where one that is slow to answer is waited for."""

Object = Mapping[str, Any]
"""A Kubernetes object, spelt as in the API."""


class NotReadyError(RuntimeError):
    """A node is not Ready, or a workload has fewer ready pods than its floor."""


def trouble(server: httpx.Client, path: str = "/readyz") -> str:
    """Return why a server is not ready; nothing where it is, within 60 s where it takes connections.

    Args:
        server: speaks to it.
        path: answers with success when it is ready.
    """
    try:
        for attempt in tenacity.Retrying(
            retry=tenacity.retry_if_exception_type(httpx.HTTPError), stop=_given_up, wait=tenacity.wait_fixed(0.5)
        ):
            with attempt:
                server.get(path, timeout=_ABSENT_SECONDS).raise_for_status()
    except tenacity.RetryError as failed:
        return str(failed.last_attempt.exception())
    return ""


def _given_up(state: tenacity.RetryCallState) -> bool:
    error = state.outcome and state.outcome.exception()
    slow = isinstance(error, httpx.ReadTimeout | httpx.HTTPStatusError)
    return (state.seconds_since_start or 0) >= (_SECONDS if slow else _ABSENT_SECONDS)


def objects(cluster: httpx.Client, path: str, **selectors: str) -> list[Object]:
    """Return the objects of one collection.

    Args:
        cluster: speaks to the API server.
        path: path of the collection, such as ``/api/v1/pods``.
        selectors: ``labelSelector`` or ``fieldSelector``.

    Raises:
        httpx.HTTPStatusError: the API server refuses.
    """
    answer = cluster.get(path, params=selectors).raise_for_status()
    items: list[Object] = answer.json()["items"]
    return items


def nodes(cluster: httpx.Client) -> tuple[NodeRow, ...]:
    """Return the nodes of the cluster and how many of the platform's pods each runs."""
    pods = Counter(pod["spec"].get("nodeName") for pod in _pods(cluster))
    return tuple(
        NodeRow(
            name=node["metadata"]["name"],
            role=node["metadata"]["labels"].get("sophia.ai/role", ""),
            architecture=node["metadata"]["labels"].get("kubernetes.io/arch", ""),
            ready=bool(conditions(node, "Ready")),
            pods=pods[node["metadata"]["name"]],
        )
        for node in objects(cluster, "/api/v1/nodes")
    )


def places(cluster: httpx.Client) -> Mapping[str, Mapping[str, tuple[int, int]]]:
    """Return what runs on each node by namespace and owner: how many pods, and how many of them are ready."""
    found: dict[str, dict[str, tuple[int, int]]] = {}
    for pod in _lasting(objects(cluster, "/api/v1/pods")):
        about, node = pod["metadata"], pod["spec"].get("nodeName", "")
        name = f"{about['namespace']}/{_owner(about)}"
        pods, ready = found.setdefault(node, {}).get(name, (0, 0))
        found[node][name] = (pods + 1, ready + bool(conditions(pod, "Ready")))
    return found


def _owner(about: Object) -> str:
    """Return what made a pod: its Deployment, where that is a ReplicaSet of one."""
    owner = next(iter(about.get("ownerReferences", ())), None)
    if owner is None:
        return str(about["name"])
    suffix = f"-{about.get('labels', {}).get('pod-template-hash', '')}"
    return str(owner["name"]).removesuffix(suffix if len(suffix) > 1 else "")


def ready(cluster: httpx.Client) -> set[str]:
    """Return the names of the nodes that are Ready."""
    return {node["metadata"]["name"] for node in objects(cluster, "/api/v1/nodes") if conditions(node, "Ready")}


def servers(cluster: httpx.Client, floors: Mapping[str, int], endpoints: Mapping[str, str]) -> tuple[ServerRow, ...]:
    """Return the MCP servers and their ready pods.

    Args:
        cluster: speaks to the API server.
        floors: pods that must be ready, by server.
        endpoints: where each server is reached.
    """
    ready: dict[str, list[str]] = {name: [] for name in floors}
    for pod in _pods(cluster):
        name = workload(pod)
        if name in ready and conditions(pod, "Ready"):
            ready[name].append(pod["spec"]["nodeName"])
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


_patient = tenacity.retry(
    retry=tenacity.retry_if_exception_type(NotReadyError),
    stop=tenacity.stop_after_delay(_SECONDS),
    wait=tenacity.wait_fixed(0.5),
    reraise=True,
)


@_patient
def require_nodes(cluster: httpx.Client, names: Collection[str]) -> None:
    """Wait until every machine is a node that is Ready.

    Args:
        cluster: speaks to the API server.
        names: the machines.

    Raises:
        NotReadyError: one is not within 60 s; the message names them.
    """
    short = sorted({*names} - ready(cluster))
    if short:
        msg = f"nodes not Ready after {_SECONDS} s: {', '.join(short)}; see `kubectl describe node`, and the unit there"
        raise NotReadyError(msg)


@_patient
def require_floors(cluster: httpx.Client, floors: Mapping[str, int]) -> None:
    """Wait until every server has as many ready pods as its floor.

    The engine waits for the first pod of a Deployment; the autoscaler adds the others after it.

    Args:
        cluster: speaks to the API server.
        floors: pods that must be ready, by server.

    Raises:
        NotReadyError: one has not within 60 s; the message names them.
    """
    rows = servers(cluster, floors, {})
    short = [f"{row.name} ({row.ready} of {row.wanted})" for row in rows if row.ready < row.wanted]
    if short:
        msg = f"not ready after {_SECONDS} s: {', '.join(short)}; see `kubectl get pods --all-namespaces`"
        raise NotReadyError(msg)


def workload(subject: Object) -> str:
    """Return the workload that an object belongs to; nothing where it is none's."""
    return str(subject["metadata"].get("labels", {}).get(WORKLOAD, ""))


def conditions(subject: Object, kind: str, status: str = "True") -> list[Object]:
    """Return the conditions of that kind and status in an object's status: one, or none."""
    stated = subject.get("status", {}).get("conditions", [])
    return [c for c in stated if c["type"] == kind and c["status"] == status]


def _pods(cluster: httpx.Client) -> list[Object]:
    return _lasting(objects(cluster, "/api/v1/pods", labelSelector=PLATFORM))


def _lasting(pods: Iterable[Object]) -> list[Object]:
    """Return the pods that will go on running: not those that leave, that ended, or whose Job will end."""
    return [pod for pod in pods if "deletionTimestamp" not in pod["metadata"] and not _ends(pod)]


def _ends(pod: Object) -> bool:
    of_a_job = any(owner["kind"] == "Job" for owner in pod["metadata"].get("ownerReferences", ()))
    return of_a_job or pod["status"].get("phase") in {"Succeeded", "Failed"}
