"""Whether what runs fits the nodes: all of it together, as declared."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Final

from catalog.node import Node
from catalog.placement import pack
from catalog.pod import Demand, Pod
from catalog.policy import Severity
from catalog.quantity import mebibytes, millicores
from catalog.workload import Placement
from policies.context import Context
from policies.field import Field, Problem
from policies.pods import TEMPLATES
from policies.resources import KubernetesObject, Namespace, Resource, objects, together
from policies.rule import soc2, stack_rule
from policies.rules.lambda_cloud import MACHINE

_SCALED: Final = ("apps/Deployment", "apps/StatefulSet")
_SCALER: Final = ("autoscaling/HorizontalPodAutoscaler",)
_GPU: Final = "nvidia.com/gpu"
_TYPES: Final = ("kubernetes:apps/", "kubernetes:autoscaling/")


@stack_rule(
    "CAP-1",
    title="All that runs fits the nodes while every workload has its floor",
    severity=Severity.HIGH,
    standards=(soc2("A1.1"),),
    remedy="lower replicas.min or resources.requests of the workload, or add a machine; `./sophia plan` shows the room",
)
def fits(everything: Sequence[Resource], context: Context) -> Iterator[Problem]:
    """A pod that finds no node waits for ever, and the next failure of a machine leaves more of them waiting."""
    nodes = [*_nodes(everything, context)]
    found = [one for resource in everything if resource.type.startswith(_TYPES) for one in objects(resource)]
    floors = _floors(one for one in found if one.is_of(_SCALER))
    wanted: dict[str, tuple[KubernetesObject, Demand]] = {}
    for one in found:
        if one.kind and one.is_of(_SCALED) and not one.partial:
            key = f"{one.namespace or ''}/{_name(one)}"
            floor = next((least for where, least in floors.get(_name(one), ()) if together(where, one.namespace)), 0)
            count = floor or one.body.number("spec", "replicas", unknown=1)
            demand = Demand(key, _pod(one, context), 1 if count is None else int(count))
            wanted[key] = (one, demand)
    if not nodes:
        return
    unplaced = pack((demand for _, demand in wanted.values()), nodes).unplaced
    if unplaced is not None:
        one = wanted[unplaced.workload][0]
        yield one.body.problem("must be no more than there is room for on the stack's nodes", "spec", "replicas")


def _nodes(everything: Sequence[Resource], context: Context) -> Iterator[Node]:
    known = {one.name: one for one in context.all_nodes}
    for machine in everything:
        if machine.type == MACHINE:
            name = machine.inputs.text("name", unknown=None)
            if name is not None and name in known:
                yield known[name]


def _name(one: KubernetesObject) -> str:
    return one.body.text("metadata", "name", unknown="") or one.resource.name


def _floors(scalers: Iterator[KubernetesObject]) -> Mapping[str, Sequence[tuple[Namespace, int]]]:
    """Return how many pods autoscalers keep at least, by what they scale, and in which namespace."""
    floors: dict[str, list[tuple[Namespace, int]]] = {}
    for one in scalers:
        target = one.body.text("spec", "scaleTargetRef", "name", unknown=None)
        least = one.body.number("spec", "minReplicas", unknown=1)
        if target is not None:
            floors.setdefault(target, []).append((one.namespace, 1 if least is None else int(least)))
    return floors


def _pod(one: KubernetesObject, context: Context) -> Pod:
    """Return what each pod asks for, and where the catalog says that it may go."""
    template = one.body.at(*TEMPLATES["apps/Deployment"])
    label = template.text("metadata", "labels", "sophia.ai/workload", unknown=None) or ""
    workloads = context.facts.workloads
    placement = workloads[label].placement if label in workloads else Placement()
    containers = template.items("spec", "containers")
    return replace(
        Pod.placed(placement),
        millicores=sum(_sum(container, "cpu", millicores) for container in containers),
        mebibytes=sum(_sum(container, "memory", mebibytes) for container in containers),
        gpus=sum(_sum(container, _GPU, int, of="limits") for container in containers),
    )


def _sum(container: Field, key: str, read: Callable[[str], int], *, of: str = "requests") -> int:
    quantity = container.at("resources", of, key)
    value = quantity.value
    text = str(value) if isinstance(value, int) and not isinstance(value, bool) else quantity.text(unknown=None)
    if text is None:
        return 0
    try:
        return read(text)
    except ValueError:
        quantity.unreadable("it is no quantity that the catalog knows")
        return 0
