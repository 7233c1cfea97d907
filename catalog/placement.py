"""Which pods fit on which nodes: first fit, the hardest to place first, as plain arithmetic.

The scheduler of Kubernetes decides for itself; what fits here leaves it at least one way to place every pod.
"""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from catalog.node import Node, NodeResources
from catalog.pod import Demand, Pod

Count = Callable[[Demand], int]
"""How many pods of a demand there are."""


def floor(demand: Demand) -> int:
    """Return how many pods there are at the least."""
    return demand.count


def ceiling(demand: Demand) -> int:
    """Return how many pods there are under full load."""
    return demand.grown


@dataclass(frozen=True, slots=True)
class Unplaced:
    """The first pod that found no node."""

    workload: str
    """What it belongs to."""
    reasons: Mapping[str, str]
    """Why it does not fit, by node."""

    def __str__(self) -> str:
        if not self.reasons:
            return f"a pod of {self.workload} has no node at all"
        # Nodes of a large fleet refuse for the same reason: each reason is told once.
        nodes: dict[str, list[str]] = {}
        for name, reason in self.reasons.items():
            nodes.setdefault(reason, []).append(name)
        why = "; ".join(f"{_some(names)}: {reason}" for reason, names in nodes.items())
        return f"a pod of {self.workload} fits no node ({why})"


def _some(names: Sequence[str], shown: int = 4) -> str:
    more = len(names) - shown
    return ", ".join(names[:shown]) + (f" and {more} more" if more > 0 else "")


@dataclass(frozen=True, slots=True)
class Packing:
    """Pods on nodes."""

    pods: Mapping[str, Mapping[str, int]]
    """Pods by node and workload; every node has an entry."""
    free: Mapping[str, NodeResources]
    """What is left of each node's allocatable resources."""
    unplaced: Unplaced | None
    """The first pod that found no node; none are placed after it."""
    rooms: Sequence["Room"] = field(repr=False, compare=False)
    """The nodes as they are filled, for more pods."""


def admits(node: Node, pod: Pod) -> str | None:
    """Return why a node may not take a pod; None when it may.

    Preferences do not count, nor does what the node has left.
    """
    labels = node.all_labels
    refusals = [next((one.refusal(labels) for one in term if not one.met(labels)), None) for term in pod.terms]
    if refusals and None not in refusals:
        return " and ".join(dict.fromkeys(str(one) for one in refusals))
    for taint in node.taints:
        if taint.effect != "PreferNoSchedule" and not any(one.covers(taint) for one in pod.tolerations):
            return f"taint {taint.key} is not tolerated"
    return None


def pack(demands: Iterable[Demand], nodes: Sequence[Node], count: Count = floor) -> Packing:
    """Return where pods fit, by first-fit decreasing: those that the fewest nodes admit first, then by what they ask.

    What runs on every node comes before all else. Nodes that a pod prefers come first, then the others, each group by
    name. The time grows with the pods plus the nodes times the distinct kinds of pod: a node that has once refused a
    kind of pod is not asked again, because it only fills up.

    Args:
        demands: what wants pods.
        nodes: nodes they may use, empty at the start.
        count: how many pods of each are placed.
    """
    rooms = [Room(node) for node in sorted(nodes, key=lambda node: node.name)]
    return fill(demands, rooms, count)


def fill(demands: Iterable[Demand], rooms: Sequence["Room"], count: Count = floor) -> Packing:
    """Return the same of nodes that may hold pods already; they hold the placed ones afterwards.

    Args:
        demands: what wants pods.
        rooms: the nodes, by name.
        count: how many pods of each are placed.
    """
    asked = [*demands]
    everywhere = [demand for demand in asked if demand.every_node]
    unplaced = next((one for one in (_everywhere(demand, rooms) for demand in everywhere) if one), None)
    searches: dict[Pod, _Search] = {}
    admitting = _Admitting(rooms)
    ordered = sorted((one for one in asked if not one.every_node), key=lambda one: _order(one, admitting))
    for demand in ordered if unplaced is None else ():
        search = searches.get(demand.pod) or searches.setdefault(demand.pod, _Search(demand.pod, admitting))
        if not all(search.place(demand.name) for _ in range(count(demand))):
            unplaced = Unplaced(demand.name, {room.node.name: room.refusal(demand.pod) or "" for room in rooms})
            break
    return Packing(
        pods={room.node.name: room.pods for room in rooms},
        free={room.node.name: room.left() for room in rooms},
        unplaced=unplaced,
        rooms=rooms,
    )


def _everywhere(demand: Demand, rooms: Sequence["Room"]) -> Unplaced | None:
    """Place a pod on each node that admits it, and return the first that has no room."""
    for room in rooms:
        if admits(room.node, demand.pod) is None:
            if reason := room.refusal(demand.pod):
                return Unplaced(demand.name, {room.node.name: reason})
            room.add(demand.pod, demand.name)
    return None


def _order(demand: Demand, admitting: "_Admitting") -> tuple[int, int, int, int, str]:
    pod = demand.pod
    # Those that only some nodes admit come first: the others find room elsewhere.
    return (len(admitting.rooms(pod)), -pod.gpus, -pod.millicores, -pod.mebibytes, demand.name)


class Room:
    """A node while it fills up.

    Args:
        node: the node.
    """

    def __init__(self, node: Node) -> None:
        self.node = node
        self.pods: dict[str, int] = {}
        self._gpus, self._count = node.allocatable.gpus, node.allocatable.pods
        self._millicores, self._mebibytes = node.allocatable.millicores, node.allocatable.mebibytes
        # Where no source records the size of the disk, nobody can say that it is too small.
        self._disk_gib = math.inf if node.allocatable.disk_gib is None else node.allocatable.disk_gib

    def has_room(self, pod: Pod) -> bool:
        """Whether the pod is no larger than what is left."""
        return (
            pod.millicores <= self._millicores
            and pod.mebibytes <= self._mebibytes
            and pod.gpus <= self._gpus
            and pod.disk_gib <= self._disk_gib
            and self._count > 0
        )

    def refusal(self, pod: Pod) -> str | None:
        """Return why a pod does not fit now; None when it does."""
        needs = (
            (pod.gpus, self._gpus, "GPU shares"),
            (pod.millicores, self._millicores, "millicores of CPU"),
            (pod.mebibytes, self._mebibytes, "MiB of memory"),
            (pod.disk_gib, self._disk_gib, "GiB of disk"),
            (1, self._count, "pods"),
        )
        short = (f"{left} {what} left of the {need} it needs" for need, left, what in needs if need > left)
        return admits(self.node, pod) or next(short, None)

    def add(self, pod: Pod, workload: str) -> None:
        """Give a pod its place."""
        self._gpus -= pod.gpus
        self._count -= 1
        self._millicores -= pod.millicores
        self._mebibytes -= pod.mebibytes
        self._disk_gib -= pod.disk_gib
        self.pods[workload] = self.pods.get(workload, 0) + 1

    def left(self) -> NodeResources:
        """Return what is still free."""
        return self.node.allocatable.model_copy(
            update={
                "gpus": self._gpus,
                "pods": self._count,
                "millicores": self._millicores,
                "mebibytes": self._mebibytes,
                "disk_gib": None if self._disk_gib == math.inf else self._disk_gib,
            }
        )

    def copy(self) -> "Room":
        """Return the same node with the same pods, to be filled on its own."""
        made = Room(self.node)
        made.__dict__.update(self.__dict__, pods=dict(self.pods))
        return made


class _Admitting:
    """Which nodes may take a pod, asked once for all pods that are placed alike."""

    def __init__(self, rooms: Sequence[Room]) -> None:
        self._rooms = rooms
        self._found: dict[object, list[Room]] = {}

    def rooms(self, pod: Pod) -> list[Room]:
        """Return the nodes that admit the pod, those that it prefers first."""
        key = (pod.terms, pod.tolerations, pod.preferred)
        if key not in self._found:
            admitted = [room for room in self._rooms if admits(room.node, pod) is None]
            # Sorted by preference alone, they stay sorted by name where it is equal.
            self._found[key] = sorted(admitted, key=lambda room: -pod.preference(room.node.all_labels))
        return self._found[key]


class _Search:
    """The next node for pods of one kind."""

    def __init__(self, pod: Pod, admitting: _Admitting) -> None:
        self._pod = pod
        self._rooms = admitting.rooms(pod)
        self._next = 0

    def place(self, workload: str) -> bool:
        """Give one pod a place; False when no node has one."""
        while self._next < len(self._rooms):
            room = self._rooms[self._next]
            if room.has_room(self._pod):
                room.add(self._pod, workload)
                return True
            self._next += 1
        return False
