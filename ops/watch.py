"""A watch over the platform's pods while the engine waits for them.

The engine waits up to ten minutes for a Deployment, whatever its pods say. What cannot come right by waiting, such as
a pod that fits no node or one that admission refuses, is seen here within seconds.
"""

import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Self

import httpx

from ops.cluster import Object, objects

_PERIOD_SECONDS = 2.0
_GRACE_SECONDS = 10.0
"""How long a trouble must last: pods are briefly unschedulable while a rollout frees their room."""

_HOPELESS = frozenset(
    {"CrashLoopBackOff", "CreateContainerConfigError", "ErrImagePull", "ImagePullBackOff", "InvalidImageName"}
)
_PLATFORM = "app.kubernetes.io/part-of=sophia"


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

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name}: {self.reason}: {self.message}"


class Watch:
    """Watches until it is left; calls ``on_trouble`` once, when a trouble has lasted its grace.

    Args:
        cluster: speaks to the API server.
        on_trouble: called from another thread.
    """

    def __init__(self, cluster: httpx.Client, on_trouble: Callable[[], None]) -> None:
        self._cluster = cluster
        self._on_trouble = on_trouble
        self._leaving = threading.Event()
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
                lasting = self._lasting(current(self._cluster))
            except httpx.HTTPError:
                # The engine meets the same fault and reports it; a watch that cannot see must not stop it.
                continue
            if lasting:
                self.troubles = tuple(sorted(lasting))
                self._on_trouble()
                return

    def _lasting(self, troubles: Iterable[Trouble]) -> list[Trouble]:
        now = time.monotonic()
        found = {(t.namespace, t.name, t.reason): t for t in troubles}
        self._since = {key: self._since.get(key, now) for key in found}
        return [found[key] for key, since in self._since.items() if now - since >= _GRACE_SECONDS]


def current(cluster: httpx.Client) -> list[Trouble]:
    """Return every pod of the platform that does not run and says why, and every pod that admission refuses."""
    pods = objects(cluster, "/api/v1/pods", labelSelector=_PLATFORM)
    replica_sets = objects(cluster, "/apis/apps/v1/replicasets", labelSelector=_PLATFORM)
    stateful_sets = objects(cluster, "/apis/apps/v1/statefulsets", labelSelector=_PLATFORM)
    incomplete = [s for s in stateful_sets if s["status"].get("replicas", 0) < s["spec"]["replicas"]]
    return [
        *(_trouble(pod, c) for pod in pods for c in _conditions(pod, "PodScheduled", "False")),
        *(_trouble(pod, waiting) for pod in pods for waiting in _hopeless(pod)),
        *(_trouble(s, c) for s in replica_sets for c in _conditions(s, "ReplicaFailure", "True")),
        *(trouble for stateful_set in incomplete for trouble in _refused(cluster, stateful_set)),
    ]


def _trouble(subject: Object, why: Object) -> Trouble:
    metadata = subject["metadata"]
    return Trouble(metadata["namespace"], metadata["name"], why.get("reason", ""), why.get("message", ""))


def _conditions(subject: Object, kind: str, status: str) -> list[Object]:
    return [c for c in subject["status"].get("conditions", []) if c["type"] == kind and c["status"] == status]


def _hopeless(pod: Object) -> list[Object]:
    waiting = [s.get("state", {}).get("waiting", {}) for s in pod["status"].get("containerStatuses", [])]
    return [w for w in waiting if w.get("reason") in _HOPELESS]


def _refused(cluster: httpx.Client, stateful_set: Object) -> list[Trouble]:
    """Return what its events say: a StatefulSet has no condition for pods that it could not create."""
    metadata = stateful_set["metadata"]
    about = f"reason=FailedCreate,involvedObject.uid={metadata['uid']}"
    events = objects(cluster, f"/api/v1/namespaces/{metadata['namespace']}/events", fieldSelector=about)
    return [_trouble(stateful_set, event) for event in events[-1:]]
