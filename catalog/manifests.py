"""Kubernetes objects as demands for pods: what everything registered wants to run, whoever wrote it."""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from catalog.offence import CatalogError, Offence
from catalog.pod import Demand, Pod, Requirement, Term, Toleration

Manifest = Mapping[str, Any]
"""A Kubernetes object, spelt as in the API."""

GPU = "nvidia.com/gpu"
"""The resource that GPUs are asked for by."""

_RESOURCES = ("cpu", "memory", GPU)
_CPU = {"": 1000.0, "m": 1.0, "u": 1e-3, "n": 1e-6, "k": 1e6}
_BYTES = {"": 1.0, "m": 1e-3, "k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12}
_BINARY = {"Ki": 2.0**10, "Mi": 2.0**20, "Gi": 2.0**30, "Ti": 2.0**40, "Pi": 2.0**50}
# What the daemon set controller lets its pods bear (Kubernetes 1.36, pkg/controller/daemon/util).
_OF_DAEMONS = tuple(
    Toleration(f"node.kubernetes.io/{key}")
    for key in ("not-ready", "unreachable", "disk-pressure", "memory-pressure", "pid-pressure", "unschedulable")
)


def cpu(quantity: Any) -> int:
    """Return any CPU quantity of the Kubernetes API in thousandths of a core, rounded up.

    >>> cpu("250m"), cpu(2), cpu("0.5")
    (250, 2000, 500)
    """
    return math.ceil(_scaled(str(quantity), _CPU))


def mebibytes(quantity: Any) -> int:
    """Return any quantity of memory or storage of the Kubernetes API in MiB, rounded up.

    >>> mebibytes("1Gi"), mebibytes(1048576), mebibytes("100M")
    (1024, 1, 96)
    """
    return math.ceil(_scaled(str(quantity), {**_BYTES, **_BINARY}) / 2**20)


def _scaled(quantity: str, suffixes: Mapping[str, float]) -> float:
    digits = quantity.rstrip("KMGTPimkun")
    return float(digits) * suffixes[quantity[len(digits) :]]


def demands(objects: Iterable[Manifest]) -> list[Demand]:
    """Return what the objects want to run, in their order; what is suspended wants nothing.

    Of a CronJob one run is counted: runs of different ones may coincide. Autoscalers give floors and ceilings.

    Args:
        objects: everything that is registered; kinds without pods are looked at for what they say of others.

    Raises:
        CatalogError: an object says something of its pods that is not judged here; it is never passed over.
    """
    everything = [*objects]
    reader = _Reader(everything)
    found = [reader.demand(one) for one in everything if one.get("kind") in _TEMPLATES]
    if reader.offences:
        raise CatalogError(reader.offences)
    return [one for one in found if one]


def _of_job(spec: Manifest) -> Manifest:
    template: Manifest = spec["jobTemplate"]["spec"]["template"]
    return template


def _own(spec: Manifest) -> Manifest:
    template: Manifest = spec["template"]
    return template


_TEMPLATES: Mapping[str, Callable[[Manifest], Manifest]] = {
    **dict.fromkeys(("Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "ReplicationController", "Job"), _own),
    "CronJob": _of_job,
    "Pod": lambda spec: {"spec": spec},
}


def name_of(one: Manifest) -> str:
    """Return how people call an object: its namespace and its name."""
    metadata = one.get("metadata") or {}
    return f"{metadata.get('namespace') or 'default'}/{metadata.get('name')}"


@dataclass(slots=True)
class _Scale:
    least: int
    most: int


class _Reader:
    """What the objects say of each other."""

    def __init__(self, objects: Iterable[Manifest]) -> None:
        self.offences: list[Offence] = []
        self._scales: dict[tuple[str, str, str], _Scale] = {}
        self._defaults: dict[str, Mapping[str, Any]] = {}
        self._claims: dict[str, int] = {}
        for one in objects:
            match one.get("kind"):
                case "HorizontalPodAutoscaler":
                    spec, target = one["spec"], one["spec"]["scaleTargetRef"]
                    key = (_namespace(one), target["kind"], target["name"])
                    self._scales[key] = _Scale(int(spec.get("minReplicas", 1)), int(spec["maxReplicas"]))
                case "LimitRange":
                    limits = (limit for limit in one["spec"]["limits"] if limit.get("type") == "Container")
                    for limit in limits:
                        self._defaults[_namespace(one)] = limit.get("defaultRequest") or {}
                case "PersistentVolumeClaim":
                    self._claims[name_of(one)] = _gib(one["spec"])

    def demand(self, one: Manifest) -> Demand | None:
        """Return the pods that an object wants; None where it wants none."""
        spec: Manifest = one.get("spec") or {}
        kind, name = str(one["kind"]), str(one["metadata"].get("name"))
        scale = self._scales.get((_namespace(one), kind, name))
        if scale is None:
            key = "parallelism" if kind == "Job" else "replicas"
            count = spec.get(key)
            scale = _Scale(1 if count is None else int(count), 1 if count is None else int(count))
        if spec.get("suspend"):
            return None
        try:
            template = _TEMPLATES[kind](spec)["spec"]
            pod = self._pod(one, template, spec.get("volumeClaimTemplates") or ())
        except (KeyError, TypeError, ValueError) as error:
            self._offence(one, str(error), "it says what its pods ask for", "state requests in numbers that are known")
            return None
        return Demand(
            name_of(one), pod, scale.least, scale.most, every_node=kind == "DaemonSet", namespace=_namespace(one)
        )

    def _pod(self, one: Manifest, spec: Manifest, templates: Iterable[Manifest]) -> Pod:
        for what in _unjudged(spec):
            rule = "capacity is judged by node affinity, node selectors, taints and requests alone"
            self._offence(one, what, rule, "remove it, or teach catalog/placement.py what it means")
        asked = self._requests(spec, _namespace(one))
        volumes = (volume.get("persistentVolumeClaim") for volume in spec.get("volumes") or ())
        claimed = sum(self._claims.get(f"{_namespace(one)}/{c['claimName']}", 0) for c in volumes if c)
        affinity = (spec.get("affinity") or {}).get("nodeAffinity") or {}
        daemon = _OF_DAEMONS if one["kind"] == "DaemonSet" else ()
        return Pod(
            millicores=asked["cpu"],
            mebibytes=asked["memory"],
            gpus=asked[GPU],
            disk_gib=claimed + sum(_gib(template["spec"]) for template in templates),
            terms=tuple(_terms(spec.get("nodeSelector") or {}, affinity)),
            preferred=tuple(_preferred(affinity)),
            tolerations=(*map(_toleration, spec.get("tolerations") or ()), *daemon),
        )

    def _requests(self, spec: Manifest, namespace: str) -> dict[str, int]:
        """Return what the scheduler counts: all containers together, or the largest that runs before them."""
        defaults = self._defaults.get(namespace, {})
        running = dict.fromkeys(_RESOURCES, 0)
        before = dict.fromkeys(_RESOURCES, 0)
        for container in spec.get("initContainers") or ():
            own = _container(container, defaults)
            if container.get("restartPolicy") == "Always":
                running = {key: running[key] + own[key] for key in _RESOURCES}
                own = dict.fromkeys(_RESOURCES, 0)
            before = {key: max(before[key], running[key] + own[key]) for key in _RESOURCES}
        for container in spec["containers"]:
            own = _container(container, defaults)
            running = {key: running[key] + own[key] for key in _RESOURCES}
        return {key: max(before[key], running[key]) for key in _RESOURCES}

    def _offence(self, one: Manifest, value: str, rule: str, remedy: str) -> None:
        self.offences.append(Offence(f"{one['kind']} {name_of(one)}", value, rule, remedy))


def _namespace(one: Manifest) -> str:
    return str((one.get("metadata") or {}).get("namespace") or "default")


def _gib(claim: Manifest) -> int:
    return math.ceil(mebibytes(claim["resources"]["requests"]["storage"]) / 1024)


def _container(container: Manifest, defaults: Mapping[str, Any]) -> dict[str, int]:
    resources = container.get("resources") or {}
    # The API server takes a limit for the request that is not there, and only then the namespace's default.
    asked = {**defaults, **(resources.get("limits") or {}), **(resources.get("requests") or {})}
    return {"cpu": cpu(asked.get("cpu", 0)), "memory": mebibytes(asked.get("memory", 0)), GPU: int(asked.get(GPU, 0))}


def _unjudged(spec: Manifest) -> Iterator[str]:
    affinity = spec.get("affinity") or {}
    for what in ("podAffinity", "podAntiAffinity"):
        if (affinity.get(what) or {}).get("requiredDuringSchedulingIgnoredDuringExecution"):
            yield f"required {what}"
    if any(one.get("whenUnsatisfiable") == "DoNotSchedule" for one in spec.get("topologySpreadConstraints") or ()):
        yield "topologySpreadConstraints that do not schedule"
    if any(port.get("hostPort") for one in spec.get("containers") or () for port in one.get("ports") or ()):
        yield "hostPort"
    yield from (key for key in ("nodeName", "overhead", "resources", "resourceClaims") if spec.get(key))


def _terms(selector: Mapping[str, str], affinity: Manifest) -> Iterator[Term]:
    own = [Requirement(key, "In", (str(value),)) for key, value in selector.items()]
    required = affinity.get("requiredDuringSchedulingIgnoredDuringExecution") or {}
    alternatives = required.get("nodeSelectorTerms") or ([{}] if own else [])
    for term in alternatives:
        yield tuple(sorted([*own, *_requirements(term)], key=lambda one: one.key))


def _preferred(affinity: Manifest) -> Iterator[tuple[int, Term]]:
    for one in affinity.get("preferredDuringSchedulingIgnoredDuringExecution") or ():
        yield int(one["weight"]), tuple(_requirements(one["preference"]))


def _requirements(term: Manifest) -> Iterator[Requirement]:
    for one in term.get("matchExpressions") or ():
        yield Requirement(one["key"], one["operator"], tuple(one.get("values") or ()))
    for one in term.get("matchFields") or ():
        # The only field there is: the node's name (Kubernetes 1.36).
        yield Requirement("kubernetes.io/hostname", one["operator"], tuple(one.get("values") or ()))


def _toleration(one: Manifest) -> Toleration:
    value = None if one.get("operator") == "Exists" else str(one.get("value") or "")
    return Toleration(one.get("key") or "", value, one.get("effect") or "")
