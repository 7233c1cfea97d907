"""A watch over the platform's pods while the engine waits for them.

The engine waits up to ten minutes for a Deployment, whatever its pods say. What cannot come right by waiting, such as
a pod that fits no node or one that admission refuses, is seen here within seconds.
"""

import threading
import time
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Self

import httpx

from ops.cluster import PLATFORM, Object, conditions, objects, ready, workload

_PERIOD_SECONDS = 2.0
_GRACE_SECONDS = 10.0
"""How long a trouble must last: pods are briefly unschedulable while a rollout frees their room."""

_STALE_GRACE_SECONDS = 40.0
"""The same for a refusal or a broken pod from before the watch: its cause may be mended, and the next try may take a
while, because it doubles its pause each time (from 5 ms; k8s.io/client-go/util/workqueue)."""

_JOINING_GRACE_SECONDS = 150.0
"""The same for a pod without a place while a node is still missing, which may be the one that it waits for."""

_BUSY_GRACE_SECONDS = 120.0
"""The same for what a kubelet tries again by itself, because its node was too busy to do it in time."""

_BUSY = ("failed to sync", "context deadline exceeded", "failed to reserve container name", "lstat /proc/0/ns")
"""How it says so: ConfigMaps and Secrets that it has not read yet, a container runtime that has not answered within two
minutes, the container that this one makes all the same (containerd 2), and a pod sandbox that has ended meanwhile."""

_HOPELESS = frozenset(
    {
        "CrashLoopBackOff",
        "CreateContainerConfigError",
        "CreateContainerError",
        "ErrImageNeverPull",
        "ErrImagePull",
        "ImagePullBackOff",
        "InvalidImageName",
        "RunContainerError",
    }
)


@dataclass(frozen=True, slots=True, order=True)
class Trouble:
    """A pod that will not run."""

    namespace: str
    """Its namespace."""
    name: str
    """Its name, or its controller's where admission refuses to create it."""
    reason: str
    """One word of Kubernetes' own, such as ``Unschedulable``."""
    message: str
    """What Kubernetes says about it."""
    stale: bool = False
    """Whether it was there before the watch began."""
    joining: bool = False
    """Whether a node that may end it is still missing."""

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name}: {self.reason}: {self.message}"


class Watch:
    """Watches until it is left; calls ``on_trouble`` once, when a trouble has lasted its grace.

    The API server may appear only while it watches.

    Args:
        cluster: speaks to the API server.
        on_trouble: called from another thread.
        nodes: names of the nodes that there will be.
        workloads: names of the workloads that there will be; what is left of others is on its way out. All by default.
    """

    def __init__(
        self,
        cluster: httpx.Client,
        on_trouble: Callable[[], None],
        *,
        nodes: Collection[str] = (),
        workloads: Collection[str] | None = None,
    ) -> None:
        self._cluster = cluster
        self._on_trouble = on_trouble
        self._nodes = nodes
        self._workloads = workloads
        self._leaving = threading.Event()
        self._begun = datetime.now(UTC)
        self._since: dict[tuple[str, str, str], float] = {}
        self._thread = threading.Thread(target=self._run, daemon=True)
        self.troubles: tuple[Trouble, ...] = ()
        """What made it call, after it did."""

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._leaving.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._leaving.wait(_PERIOD_SECONDS):
            try:
                lasting = self._lasting(current(self._cluster, self._begun, self._nodes, self._workloads))
            except httpx.HTTPError:
                # There is no cluster yet, or the engine meets the same fault and reports it: a watch that cannot see
                # must not stop it.
                continue
            if lasting:
                self.troubles = tuple(sorted(lasting))
                self._on_trouble()
                return

    def _lasting(self, troubles: Iterable[Trouble]) -> list[Trouble]:
        now = time.monotonic()
        found = {(t.namespace, t.name, t.reason): t for t in troubles}
        self._since = {key: self._since.get(key, now) for key in found}
        return [found[key] for key, since in self._since.items() if now - since >= _grace(found[key])]


def _grace(trouble: Trouble) -> float:
    if trouble.joining:
        return _JOINING_GRACE_SECONDS
    if any(said in trouble.message for said in _BUSY):
        return _BUSY_GRACE_SECONDS
    return _STALE_GRACE_SECONDS if trouble.stale else _GRACE_SECONDS


def current(
    cluster: httpx.Client, begun: datetime, nodes: Collection[str] = (), workloads: Collection[str] | None = None
) -> list[Trouble]:
    """Return every pod of the platform that does not run and says why, and every pod that admission refuses.

    Args:
        cluster: speaks to the API server.
        begun: when the watch began; a refusal or a pod that is older is stale.
        nodes: names of the nodes that there will be.
        workloads: names of the workloads that there will be; all by default.
    """

    def platform(path: str) -> list[Object]:
        found = objects(cluster, path, labelSelector=PLATFORM)
        return found if workloads is None else [one for one in found if workload(one) in {"", *workloads}]

    pods, replica_sets = platform("/api/v1/pods"), platform("/apis/apps/v1/replicasets")
    stateful_sets = platform("/apis/apps/v1/statefulsets")
    failing = [s for s in replica_sets if conditions(s, "ReplicaFailure")]
    incomplete = [s for s in stateful_sets if s["status"].get("replicas", 0) < s["spec"]["replicas"]]
    homeless = [_trouble(pod, c) for pod in pods for c in conditions(pod, "PodScheduled", "False")]
    joining = bool(homeless) and not ready(cluster).issuperset(nodes)
    return [
        *(replace(trouble, joining=joining) for trouble in homeless),
        # Its controller may have been mended: the pod is gone when the next one is ready.
        *(replace(_trouble(pod, why), stale=_made(pod) < begun) for pod in pods for why in _hopeless(pod)),
        *(trouble for controller in [*failing, *incomplete] for trouble in _refused(cluster, controller, begun)),
    ]


def _trouble(subject: Object, why: Object) -> Trouble:
    metadata = subject["metadata"]
    return Trouble(metadata["namespace"], metadata["name"], why.get("reason", ""), why.get("message", ""))


def _made(pod: Object) -> datetime:
    return datetime.fromisoformat(pod["metadata"]["creationTimestamp"])


def _hopeless(pod: Object) -> list[Object]:
    waiting = [s.get("state", {}).get("waiting", {}) for s in pod["status"].get("containerStatuses", [])]
    return [w for w in waiting if w.get("reason") in _HOPELESS]


def _refused(cluster: httpx.Client, controller: Object, begun: datetime) -> list[Trouble]:
    """Return what the controller's events say of pods that it could not create; a StatefulSet has nothing else."""
    metadata = controller["metadata"]
    about = f"reason=FailedCreate,involvedObject.uid={metadata['uid']}"
    events = objects(cluster, f"/api/v1/namespaces/{metadata['namespace']}/events", fieldSelector=about)
    last = max(events, key=_last_seen, default=None)
    if last is not None:
        return [replace(_trouble(controller, last), stale=_last_seen(last) < begun)]
    # Events are kept for an hour; the condition stays.
    return [replace(_trouble(controller, c), stale=True) for c in conditions(controller, "ReplicaFailure")]


def _last_seen(event: Object) -> datetime:
    seen = event.get("lastTimestamp") or event.get("eventTime") or event["metadata"]["creationTimestamp"]
    return datetime.fromisoformat(seen)
