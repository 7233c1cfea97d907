"""Which pods fit on which nodes: first fit, the hardest to place first, as plain arithmetic.

The scheduler of Kubernetes decides for itself; what fits here leaves it at least one way to place every pod.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from catalog.node import Node, NodeResources
from catalog.pod import Demand, Pod
from catalog.room import Admission, Room, Size, holds

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
    rooms: Sequence[Room] = field(repr=False, compare=False)
    """The nodes as they are filled, for more pods."""


def pack(
    demands: Iterable[Demand], nodes: Sequence[Node], count: Count = floor, *, admission: Admission | None = None
) -> Packing:
    """Return where pods fit, by first-fit decreasing: those that fit the fewest nodes first, then by what they ask.

    Where that finds no way, those that ask for most come first of all, which now and then finds one. What runs on every
    node comes before all else. Nodes that a pod prefers come first, then the others, each group by name. The time grows
    with the pods plus the nodes times the distinct kinds of pod: a node that has once refused a kind of pod is not
    asked again, because it only fills up.

    Args:
        demands: what wants pods.
        nodes: nodes they may use, empty at the start.
        count: how many pods of each are placed.
        admission: which nodes may take which pods, where somebody has asked before.
    """
    asked = [*demands]
    by_name = sorted(nodes, key=lambda node: node.name)
    known = admission or Admission(by_name)
    first = _fill(asked, [Room(node) for node in by_name], count, known)
    if first.unplaced is None:
        return first
    other = _fill(asked, [Room(node) for node in by_name], count, known, largest_first=True)
    return first if other.unplaced else other


def first_fit(demands: Iterable[Demand], nodes: Sequence[Node]) -> Packing:
    """Return the same of floors, without the second attempt."""
    by_name = sorted(nodes, key=lambda node: node.name)
    return _fill([*demands], [Room(node) for node in by_name], floor, Admission(by_name))


def _fill(
    demands: Sequence[Demand],
    rooms: Sequence[Room],
    count: Count,
    admission: Admission,
    *,
    largest_first: bool = False,
) -> Packing:
    takers = _Takers(rooms, admission)
    everywhere = (takers.everywhere(demand) for demand in demands if demand.every_node)
    unplaced = next((one for one in everywhere if one), None)
    single = [one for one in demands if not one.every_node]
    single.sort(key=lambda one: (0 if largest_first else takers.count(one.pod), *_size(one)))
    searches: dict[Pod, _Search] = {}
    for demand in single if unplaced is None else ():
        search = searches.get(demand.pod) or searches.setdefault(demand.pod, _Search(demand.pod, takers))
        if not all(search.place(demand.name) for _ in range(count(demand))):
            unplaced = refused(demand, rooms)
            break
    return Packing(
        pods={room.node.name: room.pods for room in rooms},
        free={room.node.name: room.left() for room in rooms},
        unplaced=unplaced,
        rooms=rooms,
    )


def refused(demand: Demand, rooms: Iterable[Room]) -> Unplaced:
    """Return why no node takes a pod."""
    return Unplaced(demand.name, {room.node.name: room.refusal(demand.pod) or "" for room in rooms})


def _size(demand: Demand) -> tuple[int, int, int, int, str]:
    pod = demand.pod
    return (-pod.disk_gib, -pod.gpus, -pod.millicores, -pod.mebibytes, demand.name)


class _Takers:
    """Nodes that may take a pod."""

    def __init__(self, rooms: Sequence[Room], admission: Admission) -> None:
        self._by_name = {room.node.name: room for room in rooms}
        self._admission = admission
        self._rooms: dict[tuple[str, ...], list[Room]] = {}
        self._sizes: dict[tuple[str, ...], Counter[Size]] = {}

    def rooms(self, pod: Pod) -> list[Room]:
        """Return them, those that it prefers first."""
        names = self._admission.names(pod)
        if names not in self._rooms:
            self._rooms[names] = [self._by_name[name] for name in names]
        return self._rooms[names]

    def count(self, pod: Pod) -> int:
        """Return how many of them have room, before any pod is placed that has a choice."""
        names = self._admission.names(pod)
        if names not in self._sizes:
            self._sizes[names] = Counter(room.size for room in self.rooms(pod))
        return sum(number for size, number in self._sizes[names].items() if holds(size, pod))

    def everywhere(self, demand: Demand) -> Unplaced | None:
        """Place a pod on each of them, and return the first that has no room."""
        for room in self.rooms(demand.pod):
            if reason := room.refusal(demand.pod):
                return Unplaced(demand.name, {room.node.name: reason})
            room.add(demand.pod, demand.name)
        return None


class _Search:
    """The next node for pods of one kind."""

    def __init__(self, pod: Pod, takers: _Takers) -> None:
        self._pod = pod
        self._rooms = takers.rooms(pod)
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
