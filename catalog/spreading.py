"""Whether pods still fit when they are spread as the scheduler of Kubernetes spreads them.

First fit packs nodes full one after the other; the scheduler prefers empty ones, and takes pods as they come. Where
there is little room, that can leave a pod without a place although there is a way. The scores are those of the default
plugins (Kubernetes 1.36: NodeResourcesFit by least allocated, NodeResourcesBalancedAllocation, NodeAffinity at twice
the weight). Between equal ones it chooses by chance, so that both ends of the alphabet are tried, and both orders of
pods: what is told here is a warning, and nothing that it would be silent about is proven.
"""

from collections.abc import Iterable, Sequence
from itertools import product

from catalog.node import Node
from catalog.placement import Count, Unplaced, floor, pack, refused
from catalog.pod import Demand, Pod
from catalog.room import Admission, Room

_FULL = 100
_AFFINITY_WEIGHT = 2
_MOST_NODES = 100
"""In larger fleets the scheduler looks at a part of the nodes for each pod, and there is room enough somewhere."""
_NO_CPU, _NO_MEMORY = 100, 200
"""What a pod that asks for nothing counts as in a score, in millicores and MiB (``DefaultMilliCPURequest``)."""


def stranded(demands: Iterable[Demand], nodes: Sequence[Node], count: Count = floor) -> Unplaced | None:
    """Return a pod that finds no node when pods are spread; None where each finds one, in whatever order was tried.

    Args:
        demands: what wants pods; what runs on every node is there first.
        nodes: nodes they may use.
        count: how many pods of each there are.
    """
    if len(nodes) > _MOST_NODES:
        return None
    asked = [*demands]
    admission = Admission(nodes)
    single = [demand for demand in asked if not demand.every_node]
    for backwards, from_the_end in product((False, True), repeat=2):
        there = pack((demand for demand in asked if demand.every_node), nodes, admission=admission)
        rooms = there.rooms[::-1] if from_the_end else there.rooms
        found = there.unplaced or _spread(single[::-1] if backwards else single, rooms, count, admission)
        if found is not None:
            return found
    return None


def _spread(demands: Iterable[Demand], rooms: Sequence[Room], count: Count, admission: Admission) -> Unplaced | None:
    scored = [_Scored(room) for room in rooms]
    for demand in demands:
        pod = demand.pod
        wanted = (
            {one.room.node.name: pod.preference(one.room.node.all_labels) for one in scored} if pod.preferred else {}
        )
        names = {*admission.names(pod)}
        admitting = [one for one in scored if one.room.node.name in names]
        for _ in range(count(demand)):
            able = [one for one in admitting if one.room.has_room(pod)]
            if not able:
                return refused(demand, rooms)
            most = max((wanted.get(one.room.node.name, 0) for one in able), default=0)
            best = max(able, key=lambda one: one.score(pod) + _affinity(wanted, one, most))
            best.add(pod, demand.name)
    return None


def _affinity(wanted: dict[str, int], one: "_Scored", most: int) -> int:
    return _AFFINITY_WEIGHT * _FULL * wanted.get(one.room.node.name, 0) // most if most else 0


class _Scored:
    """A node, and what its pods count as in a score."""

    def __init__(self, room: Room) -> None:
        self.room = room
        self._has = (max(1, room.node.allocatable.millicores), max(1, room.node.allocatable.mebibytes))
        self._taken = [0, 0]

    def score(self, pod: Pod) -> float:
        """Return how well the pod would do here; more is better."""
        parts = [
            min(1.0, (taken + more) / has)
            for taken, more, has in zip(self._taken, _counted(pod), self._has, strict=True)
        ]
        least_allocated = _FULL * (1 - sum(parts) / 2)
        balanced = _FULL * (1 - abs(parts[0] - parts[1]) / 2)
        return least_allocated + balanced

    def add(self, pod: Pod, name: str) -> None:
        """Give the pod its place."""
        self.room.add(pod, name)
        self._taken = [taken + more for taken, more in zip(self._taken, _counted(pod), strict=True)]


def _counted(pod: Pod) -> tuple[int, int]:
    return pod.millicores or _NO_CPU, pod.mebibytes or _NO_MEMORY
