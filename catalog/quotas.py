"""What quotas of namespaces leave of the pods in them."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from catalog.manifests import GPU, Manifest, cpu, mebibytes, name_of
from catalog.placement import Count, ceiling, floor
from catalog.pod import Demand

_CPU, _MEMORY = ("requests.cpu", "cpu"), ("requests.memory", "memory")
_SERVICES = {"services.loadbalancers": "LoadBalancer", "services.nodeports": "NodePort"}


@dataclass(frozen=True, slots=True)
class Use:
    """How much of one item of a quota is used."""

    quota: str
    """Namespace and name of the quota."""
    item: str
    """What is counted, as the API has it; CPU in millicores and memory in MiB."""
    hard: int
    """How much there may be."""
    least: int
    """How much there is while every workload runs at its floor."""
    most: int
    """How much there is under full load."""

    @property
    def broken(self) -> str | None:
        """Why pods at the floor are refused; None where they are not."""
        if self.least <= self.hard:
            return None
        return f"quota {self.quota} leaves {self.hard} {self.item}, and the floors ask for {self.least}"


def uses(objects: Sequence[Manifest], demands: Iterable[Demand]) -> tuple[list[Use], list[str]]:
    """Return what is used of every quota, and the items of quotas that nobody counts here.

    Args:
        objects: everything that is registered.
        demands: what it wants to run.
    """
    wanted = [*demands]
    found: list[Use] = []
    uncounted: list[str] = []
    for one in objects:
        if one.get("kind") != "ResourceQuota":
            continue
        namespace = str(one["metadata"].get("namespace") or "default")
        own = [demand for demand in wanted if demand.namespace == namespace]
        services = Counter(_services(objects, namespace))
        for item, hard in one["spec"]["hard"].items():
            least, most = (_counted(item, own, services, count) for count in (floor, ceiling))
            if least is None or most is None:
                uncounted.append(f"{name_of(one)}: {item}")
            else:
                found.append(Use(name_of(one), item, _amount(item, hard), least, most))
    return found, uncounted


def _services(objects: Iterable[Manifest], namespace: str) -> Iterator[str]:
    for one in objects:
        if one.get("kind") == "Service" and one["metadata"].get("namespace") == namespace:
            kind = str(one["spec"].get("type") or "ClusterIP")
            yield from ("services", kind)
            if kind == "LoadBalancer" and one["spec"].get("allocateLoadBalancerNodePorts", True):
                yield "NodePort"


def _counted(item: str, demands: Iterable[Demand], services: Mapping[str, int], count: Count) -> int | None:
    if item in (*_CPU, *_MEMORY, "pods", f"requests.{GPU}"):
        return sum(count(one) * _of_pod(item, one) for one in demands)
    if item == "services" or item in _SERVICES:
        return services.get(_SERVICES.get(item, item), 0)
    return None


def _of_pod(item: str, demand: Demand) -> int:
    pod = demand.pod
    if item in _CPU:
        return pod.millicores
    return pod.mebibytes if item in _MEMORY else pod.gpus if item != "pods" else 1


def _amount(item: str, hard: Any) -> int:
    if item in _CPU:
        return cpu(hard)
    return mebibytes(hard) if item in _MEMORY else int(hard)
