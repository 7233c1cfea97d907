"""``capacity``: whether all that a stack's render registers fits its machines, and what a lost machine would mean.

Pods are counted where they are registered: the render holds the objects of add-ons, DaemonSets and Jobs beside those of
the catalog's workloads. What K3s runs by itself is in no render, and is a fact of the catalog.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import catalog
from catalog import CatalogError, Concern, Node, NodeResources, Offence
from catalog.loss import Loss, losses
from catalog.manifests import Manifest, demands
from catalog.placement import Packing, ceiling, pack
from catalog.pod import Demand, Pod
from catalog.quantity import cpu, mebibytes, memory, millicores
from catalog.quotas import Use, uses
from catalog.room import Admission
from catalog.shortage import shortage
from catalog.spreading import stranded
from ops.capacity_rows import Amounts, LossRow, QuotaRow, RoomRow
from ops.results import CapacityResult
from render import Graph

_KUBERNETES = "kubernetes:"
_SYSTEM = "kube-system"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """What room is judged on."""

    nodes: tuple[Node, ...]
    """The nodes, with the labels that they have in the render."""
    demands: tuple[Demand, ...]
    """All that wants to run."""
    objects: tuple[Manifest, ...]
    """All Kubernetes objects of the render."""


def ground(graph: Graph) -> Ground:
    """Return what room is judged on.

    Args:
        graph: the render of a stack.

    Raises:
        CatalogError: an object says something of its pods that is not judged here.
    """
    objects = tuple(one.inputs for one in graph if one.type.startswith(_KUBERNETES))
    labels = {
        one["metadata"]["name"]: one["metadata"].get("labels") or {} for one in objects if one.get("kind") == "Node"
    }
    nodes = (
        node.model_copy(update={"labels": {**node.labels, **labels.get(node.name, {})}}) for node in graph.choice.nodes
    )
    return Ground(nodes=tuple(nodes), demands=(*demands(objects), *_bundled(graph.choice)), objects=objects)


def _bundled(stack: catalog.Stack) -> Iterator[Demand]:
    for name, one in stack.k3s.bundled.items():
        pod = Pod(
            millicores=millicores(one.cpu) if one.cpu else 0, mebibytes=mebibytes(one.memory) if one.memory else 0
        )
        count = min(stack.gateway.traefik_replicas, len(stack.nodes)) if name == "traefik" else 1
        yield Demand(f"{_SYSTEM}/{name}", pod, count, every_node=one.every_node, namespace=_SYSTEM)


def capacity(graph: Graph) -> CapacityResult:
    """Return whether all pods fit, what is left on each node, and what the loss of each would mean.

    Args:
        graph: the render of a stack.

    Raises:
        CatalogError: an object says something of its pods that is not judged here.
    """
    return capacity_of(graph.stack, ground(graph))


def capacity_of(stack: str, on: Ground) -> CapacityResult:
    """Return the same of what was read of the render.

    Args:
        stack: name of the stack.
        on: what room is judged on.
    """
    admission = Admission(on.nodes)
    packing = pack(on.demands, on.nodes, admission=admission)
    grown = pack(on.demands, on.nodes, ceiling, admission=admission)
    counted, uncounted = uses(on.objects, on.demands)
    broken = [why for why in (use.broken for use in counted) if why]
    return CapacityResult(
        stack=stack,
        fits=packing.unplaced is None and not broken,
        unplaced=str(packing.unplaced or ""),
        proof=(packing.unplaced and shortage(on.demands, on.nodes, admission=admission)) or "",
        grows=grown.unplaced is None,
        pods=sum(sum(pods.values()) for pods in packing.pods.values()),
        nodes=tuple(_room(node, packing, grown) for node in on.nodes),
        losses=tuple(map(_lost, losses(on.demands, packing, admission))),
        quotas=tuple(map(_quota, counted)),
        broken_quotas=tuple(broken),
        warnings=(
            *_warnings(on, stack, packing, grown),
            *(why for use in counted if (why := _short_of_growth(use))),
            *(f"nobody counts {one}" for one in uncounted),
        ),
    )


def offences(result: CapacityResult) -> list[Offence]:
    """Return what is wrong with the room that there is; nothing where all pods fit at their floors.

    Args:
        result: what was found.
    """
    path = f"Pulumi.{result.stack}.yaml: sophia:machines"
    remedy = "lower replicas.min or resources.requests, loosen the placement, or add a machine"
    found = []
    if result.unplaced:
        why = f": {result.proof}" if result.proof else ", and first fit found no way"
        rule = f"all that is registered at its floors fits the machines of {result.stack}{why}"
        found.append(Offence(path, result.unplaced, rule, remedy, Concern.CAPACITY))
    rule = "the quota of a namespace leaves room for the floors"
    found += [Offence(path, why, rule, remedy, Concern.CAPACITY) for why in result.broken_quotas]
    return found


def require(graph: Graph) -> CapacityResult:
    """Return the same as ``capacity``.

    Args:
        graph: the render of a stack.

    Raises:
        CatalogError: not all pods fit at their floors.
    """
    result = capacity(graph)
    if found := offences(result):
        raise CatalogError(found)
    return result


def _room(node: Node, packing: Packing, grown: Packing) -> RoomRow:
    return RoomRow(
        name=node.name,
        instance_type=node.instance_type,
        role=node.role,
        allocatable=_amounts(node.allocatable),
        left=_amounts(packing.free[node.name]),
        left_grown=_amounts(grown.free[node.name]) if grown.unplaced is None else None,
        pods=dict(packing.pods[node.name]),
    )


def _amounts(has: NodeResources) -> Amounts:
    return Amounts(**has.model_dump())


def _lost(loss: Loss) -> LossRow:
    return LossRow(
        node=loss.node,
        moved=loss.moved,
        tied=loss.tied,
        homeless=str(loss.homeless or ""),
        survives=loss.survives,
    )


def _quota(use: Use) -> QuotaRow:
    return QuotaRow(quota=use.quota, item=use.item, hard=use.hard, floors=use.least, full_load=use.most)


def _warnings(on: Ground, stack: str, packing: Packing, grown: Packing) -> Iterator[str]:
    if packing.unplaced is None and (left := stranded(on.demands, on.nodes)):
        yield f"{stack} fits, but the scheduler may leave a pod pending, because it spreads pods: {left}"
    if grown.unplaced is not None:
        yield f"{stack} cannot grow to the maximum replicas of every workload: {grown.unplaced}"


def _short_of_growth(use: Use) -> str | None:
    if not use.most > use.hard >= use.least:
        return None
    return f"quota {use.quota} leaves {use.hard} {use.item}, and full load asks for {use.most}"


def headroom(nodes: Sequence[RoomRow]) -> Mapping[str, str]:
    """Return what each node has left at the floors, in words."""
    return {row.name: in_words(row.left) for row in nodes}


def in_words(left: Amounts) -> str:
    """Return an amount as people read it."""
    return f"{cpu(left.millicores)} CPU, {memory(left.mebibytes)}, {left.gpus} GPU shares, {left.pods} pods"
