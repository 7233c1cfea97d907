"""A watch over the platform's pods while the engine waits for them.

The engine waits up to ten minutes for a Deployment, whatever its pods say. What cannot come right by waiting, such as
a pod that fits no node or one that admission refuses, is seen here within seconds.
"""

import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import kubernetes.client
import kubernetes.config

_PERIOD_SECONDS = 2.0
_GRACE_SECONDS = 15.0
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
        kubeconfig: credentials of the cluster.
        on_trouble: called from another thread.
    """

    def __init__(self, kubeconfig: Path, on_trouble: Callable[[], None]) -> None:
        self._kubeconfig = kubeconfig
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
        client = kubernetes.config.new_client_from_config(str(self._kubeconfig))
        while not self._leaving.wait(_PERIOD_SECONDS):
            lasting = self._lasting(current(client))
            if lasting:
                self.troubles = tuple(sorted(lasting))
                self._on_trouble()
                return

    def _lasting(self, troubles: Iterable[Trouble]) -> list[Trouble]:
        now = time.monotonic()
        found = {(t.namespace, t.name, t.reason): t for t in troubles}
        self._since = {key: self._since.get(key, now) for key in found}
        return [found[key] for key, since in self._since.items() if now - since >= _GRACE_SECONDS]


def current(client: kubernetes.client.ApiClient) -> list[Trouble]:
    """Return every pod of the platform that does not run and says why, and every pod that admission refuses."""
    core, apps = kubernetes.client.CoreV1Api(client), kubernetes.client.AppsV1Api(client)
    pods = core.list_pod_for_all_namespaces(label_selector=_PLATFORM).items
    replica_sets = apps.list_replica_set_for_all_namespaces(label_selector=_PLATFORM).items
    stateful_sets = apps.list_stateful_set_for_all_namespaces(label_selector=_PLATFORM).items
    incomplete = [s.metadata for s in stateful_sets if (s.status.replicas or 0) < s.spec.replicas]
    return [
        *(trouble for pod in pods for trouble in _of_pod(pod)),
        *(trouble for replica_set in replica_sets for trouble in _of_replica_set(replica_set)),
        *(trouble for metadata in incomplete for trouble in _of_stateful_set(core, metadata)),
    ]


def _of_pod(pod: Any) -> list[Trouble]:
    namespace, name = pod.metadata.namespace, pod.metadata.name
    waiting = [s.state.waiting for s in pod.status.container_statuses or [] if s.state and s.state.waiting]
    return [
        *(
            Trouble(namespace, name, c.reason, c.message or "")
            for c in pod.status.conditions or []
            if c.type == "PodScheduled" and c.status == "False"
        ),
        *(Trouble(namespace, name, w.reason, w.message or "") for w in waiting if w.reason in _HOPELESS),
    ]


def _of_replica_set(replica_set: Any) -> list[Trouble]:
    return [
        Trouble(replica_set.metadata.namespace, replica_set.metadata.name, c.reason, c.message or "")
        for c in replica_set.status.conditions or []
        if c.type == "ReplicaFailure" and c.status == "True"
    ]


def _of_stateful_set(core: kubernetes.client.CoreV1Api, metadata: Any) -> list[Trouble]:
    """Return what its events say: a StatefulSet has no condition for pods that it could not create."""
    about = f"reason=FailedCreate,involvedObject.uid={metadata.uid}"
    events = core.list_namespaced_event(metadata.namespace, field_selector=about).items
    return [Trouble(metadata.namespace, metadata.name, e.reason, e.message or "") for e in events[-1:]]
