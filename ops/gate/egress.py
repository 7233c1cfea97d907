"""Where a server's pods get to, tried from a pod that its policies bind: by name through the proxy, and around it."""

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Literal, Self

import httpx
from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from catalog import Stack, egress
from catalog.workload import Workload
from ops.cluster import WORKLOAD, Object, objects
from ops.gate.verdict import Check
from rehearsal import RehearsalError

PROBE = "sophia.ai/probe"
"""Label of the pods that try."""
WAY = "pod"
"""How reports call this way."""

_OF_REPLICA_SET = "pod-template-hash"
"""Label by which a pod would be taken for one of the ReplicaSet's, and ended."""
_SECONDS = 180.0
"""How long pods may take altogether, from the first one's start to the last one's end: sixteen start at once."""
_PERIOD = 0.5
_HTTPS = 443


class Outcome(BaseModel):
    """What became of one connection, as `egress-proxy probe` prints it."""

    model_config = ConfigDict(frozen=True)

    to: str
    ended: str
    answer: str


@dataclass(frozen=True, slots=True)
class Attempt:
    """One connection that is tried."""

    name: str
    """What is asked."""
    to: str
    """Host and port."""
    via: str
    """URL of the proxy; empty for a connection around it."""
    ends: Literal["connected", "refused", "blocked"]
    """How it must end: with a connection, with the proxy's refusal, or before anybody answers."""

    def check(self, outcome: Outcome) -> Check:
        """Return what the outcome says."""
        ok = outcome.ended == self.ends
        said = next(iter(outcome.answer.strip().splitlines()), "no answer")
        told = f"{outcome.to} is {outcome.ended}: {said}"
        return Check(name=self.name, way=WAY, ok=ok, detail=told if ok else f"it is not {self.ends}; {told}")


def attempts(stack: Stack, server: Workload, namespace: str) -> tuple[Attempt, ...]:
    """Return what is tried for a server: each name that it may reach, and that nothing else is to be had.

    Args:
        stack: the stack: the proxy's other entrances are tried too.
        server: the server.
        namespace: namespace of the proxy.
    """
    named = [(host, use.ports[0]) for use in server.egress for host in use.hosts if not host.startswith("*.")]
    own = egress.url(server, namespace)
    other = next((one for one in egress.clients(stack.workloads) if one.name != server.name), None)
    outside = f"{named[0][0]}:{named[0][1]}" if named else f"{egress.FORBIDDEN}:{_HTTPS}"
    tried = [Attempt(f"reaches {host} by the proxy", f"{host}:{port}", own, "connected") for host, port in named]
    if egress.is_led_out(server):
        forbidden = f"{egress.FORBIDDEN}:{_HTTPS}"
        tried.append(Attempt(f"does not reach {egress.FORBIDDEN} by the proxy", forbidden, own, "refused"))
    if other is not None:
        entrance = egress.url(other, namespace)
        tried.append(Attempt("does not come in to the proxy as another", outside, entrance, "blocked"))
    tried.append(Attempt("does not get around the proxy", outside, "", "blocked"))
    return tuple(tried)


def pod(like: Mapping[str, Any], server: Workload, image: str, tried: Sequence[Attempt]) -> dict[str, Any]:
    """Return the pod that tries: to policies one of the server's, and never ready, so that no Service leads to it.

    Args:
        like: one of the server's pods, on whose node it tries.
        server: the server.
        image: the proxy's image, which holds the probe.
        tried: what it tries.
    """
    names = {key: value for key, value in like["metadata"]["labels"].items() if key != _OF_REPLICA_SET}
    asked = json.dumps([{"to": one.to, "via": one.via, "until": one.ends} for one in tried])
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"generateName": f"egress-probe-{server.name}-", "labels": {**names, PROBE: server.name}},
        "spec": {
            "nodeName": like["spec"]["nodeName"],
            "restartPolicy": "Never",
            "activeDeadlineSeconds": int(_SECONDS),
            "automountServiceAccountToken": False,
            "enableServiceLinks": False,
            "readinessGates": [{"conditionType": f"{PROBE}-never-ready"}],
            "securityContext": {
                "runAsNonRoot": True,
                "runAsUser": server.identity.user,
                "runAsGroup": server.identity.group,
                "seccompProfile": {"type": "RuntimeDefault"},
            },
            "containers": [
                {
                    "name": "probe",
                    "image": image,
                    "args": ["probe"],
                    "env": [{"name": "EGRESS_ATTEMPTS", "value": asked}],
                    "resources": {
                        "requests": {"cpu": "10m", "memory": "16Mi"},
                        "limits": {"cpu": "250m", "memory": "64Mi"},
                    },
                    "securityContext": {
                        "allowPrivilegeEscalation": False,
                        "capabilities": {"drop": ["ALL"]},
                        "readOnlyRootFilesystem": True,
                    },
                }
            ],
        },
    }


@dataclass(slots=True)
class Probes:
    """The pods that try, of all servers.

    Args:
        cluster: speaks to the API server.
        namespace: namespace of the servers.
        stack: the stack.
        servers: the servers.
    """

    cluster: httpx.Client
    namespace: str
    stack: Stack
    servers: Sequence[Workload]
    _tried: Mapping[str, tuple[Attempt, ...]] = field(init=False)
    _made: set[str] = field(default_factory=set, init=False)
    """Servers that run, and so have a pod that tries."""

    def __post_init__(self) -> None:
        """Decide what is tried, by server."""
        self._tried = {one.name: attempts(self.stack, one, self.namespace) for one in self.servers}

    @contextmanager
    def running(self) -> Iterator[Self]:
        """Have them run while the block does, and none of them afterwards."""
        self._delete()  # of a gate that was killed
        try:
            image = next(self.stack.image(one.image) for one in self.stack.central if one.name == egress.PROXY)
            present = objects(self.cluster, self._path, labelSelector=WORKLOAD)
            running = {one["metadata"]["labels"][WORKLOAD]: one for one in present if _runs(one)}
            for server in self.servers:
                if server.name in running:
                    self._made.add(server.name)
                    made = pod(running[server.name], server, image, self._tried[server.name])
                    self.cluster.post(self._path, json=made).raise_for_status()
            yield self
        finally:
            self._delete()

    def checks(self) -> Mapping[str, tuple[Check, ...]]:
        """Return what they found, by server; it is waited for, with a bound."""
        until = time.monotonic() + _SECONDS
        while len(ended := self._ended()) < len(self._made) and time.monotonic() < until:
            time.sleep(_PERIOD)
        return {server.name: self._of(server, ended.get(server.name)) for server in self.servers}

    def _of(self, server: Workload, ended: Mapping[str, Any] | None) -> tuple[Check, ...]:
        tried = self._tried[server.name]
        if ended is None:
            told = f"no pod that tries it ended; see `kubectl -n {self.namespace} get pods -l {PROBE}={server.name}`"
            return tuple(Check(name=one.name, way=WAY, ok=False, detail=told) for one in tried)
        log = self.cluster.get(f"{self._path}/{ended['metadata']['name']}/log").raise_for_status().text
        try:
            outcomes = TypeAdapter(list[Outcome]).validate_json(log)
        except ValidationError:
            told = f"the pod that tries it said: {log.strip()[:200] or 'nothing'}"
            return tuple(Check(name=one.name, way=WAY, ok=False, detail=told) for one in tried)
        return tuple(one.check(outcome) for one, outcome in zip(tried, outcomes, strict=True))

    def _ended(self) -> dict[str, Object]:
        pods = objects(self.cluster, self._path, labelSelector=PROBE)
        over = (one for one in pods if one["status"].get("phase") in {"Succeeded", "Failed"})
        return {one["metadata"]["labels"][PROBE]: one for one in over}

    def _delete(self) -> None:
        answer = self.cluster.request("DELETE", self._path, params={"labelSelector": PROBE, "gracePeriodSeconds": "0"})
        if answer.is_error:
            command = f"kubectl -n {self.namespace} delete pods -l {PROBE}"
            message = f"the gate's own pods cannot be deleted: {answer.status_code}; `{command}`"
            raise RehearsalError(message)

    @property
    def _path(self) -> str:
        return f"/api/v1/namespaces/{self.namespace}/pods"


def _runs(pod: Mapping[str, Any]) -> bool:
    return pod["status"].get("phase") == "Running" and "deletionTimestamp" not in pod["metadata"]
