"""Which pods fit on which nodes: first fit, the largest first, as plain arithmetic.

The scheduler of Kubernetes decides for itself; what fits here leaves it at least one way to place every pod.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from catalog.machine import Role
from catalog.node import Node, NodeResources
from catalog.workload import Placement, Workload


@dataclass(frozen=True, slots=True)
class Unplaced:
    """The first pod that found no node."""

    workload: str
    """The workload it belongs to."""
    reasons: Mapping[str, str]
    """Why it does not fit, by node."""

    def __str__(self) -> str:
        if not self.reasons:
            return f"a pod of {self.workload} has no node at all"
        why = "; ".join(f"{node}: {reason}" for node, reason in self.reasons.items())
        return f"a pod of {self.workload} fits no node ({why})"


@dataclass(frozen=True, slots=True)
class Packing:
    """Pods on nodes."""

    pods: Mapping[str, Mapping[str, int]]
    """Pods by node and workload; every node has an entry."""
    free: Mapping[str, NodeResources]
    """What is left of each node's allocatable resources."""
    unplaced: Unplaced | None
    """The first pod that found no node; none are placed after it."""


def admits(node: Node, placement: Placement) -> str | None:
    """Return why a node may not take the pods of a placement; None when it may.

    Preferences do not count, nor does what the node has left.
    """
    if placement.required_roles and node.role not in placement.required_roles:
        return f"role {node.role} is not {' or '.join(placement.required_roles)}"
    if placement.architectures and node.architecture not in placement.architectures:
        return f"architecture {node.architecture} is not {' or '.join(placement.architectures)}"
    for taint in node.taints:
        if taint.effect != "PreferNoSchedule" and taint.key not in placement.tolerated_taints:
            return f"taint {taint.key} is not tolerated"
    return None


def pack(pods: Iterable[tuple[Workload, int]], nodes: Sequence[Node]) -> Packing:
    """Return where pods fit, by first-fit decreasing: required roles and GPU shares first, then CPU, memory and name.

    Preferred nodes come first, then the others, each group by name. The time grows with the pods plus the nodes times
    the distinct kinds of pod: a node that has once refused a kind of pod is not asked again, because it only fills up.

    Args:
        pods: how many pods of which workload.
        nodes: nodes they may use, empty at the start.
    """
    rooms = [_Room(node) for node in sorted(nodes, key=lambda node: node.name)]
    searches: dict[_Kind, _Search] = {}
    unplaced = None
    for kind, name, count in sorted(
        ((_Kind.of(workload), workload.name, count) for workload, count in pods), key=_order
    ):
        search = searches.get(kind) or searches.setdefault(kind, _Search(kind, rooms))
        if not all(search.place(name) for _ in range(count)):
            unplaced = Unplaced(name, {room.node.name: room.refusal(kind) or "" for room in rooms})
            break
    return Packing(
        pods={room.node.name: room.pods for room in rooms},
        free={room.node.name: room.left() for room in rooms},
        unplaced=unplaced,
    )


@dataclass(frozen=True, slots=True)
class _Kind:
    """All that decides where a pod fits; pods of the same kind are interchangeable."""

    placement: Placement
    gpus: int
    millicores: int
    mebibytes: int
    disk_gib: int

    @classmethod
    def of(cls, workload: Workload) -> "_Kind":
        requests = workload.resources.requests
        return cls(
            workload.placement,
            workload.resources.gpus,
            requests.millicores,
            requests.mebibytes,
            workload.kept_gib,
        )


def _order(pods: tuple[_Kind, str, int]) -> tuple[bool, int, int, int, str]:
    kind, name, _ = pods
    # Those that only some nodes admit come first: the others find room elsewhere.
    return (not kind.placement.required_roles, -kind.gpus, -kind.millicores, -kind.mebibytes, name)


class _Room:
    """A node while it fills up."""

    def __init__(self, node: Node) -> None:
        self.node = node
        self.pods: dict[str, int] = {}
        self._gpus, self._count = node.allocatable.gpus, node.allocatable.pods
        self._millicores, self._mebibytes = node.allocatable.millicores, node.allocatable.mebibytes
        # Where no source records the size of the disk, nobody can say that it is too small.
        self._disk_gib = math.inf if node.allocatable.disk_gib is None else node.allocatable.disk_gib

    def refusal(self, kind: _Kind) -> str | None:
        """Return why a pod of this kind does not fit now; None when it does."""
        needs = (
            (kind.gpus, self._gpus, "GPU shares"),
            (kind.millicores, self._millicores, "millicores of CPU"),
            (kind.mebibytes, self._mebibytes, "MiB of memory"),
            (kind.disk_gib, self._disk_gib, "GiB of disk"),
            (1, self._count, "pods"),
        )
        short = (f"{left} {what} left of the {need} it needs" for need, left, what in needs if need > left)
        return admits(self.node, kind.placement) or next(short, None)

    def add(self, kind: _Kind, workload: str) -> None:
        """Give a pod its place."""
        self._gpus -= kind.gpus
        self._count -= 1
        self._millicores -= kind.millicores
        self._mebibytes -= kind.mebibytes
        self._disk_gib -= kind.disk_gib
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


class _Search:
    """The next node for pods of one kind."""

    def __init__(self, kind: _Kind, rooms: Sequence[_Room]) -> None:
        preferred: set[Role] = set(kind.placement.preferred_roles)
        self._kind = kind
        self._rooms = sorted(rooms, key=lambda room: room.node.role not in preferred)
        self._next = 0

    def place(self, workload: str) -> bool:
        """Give one pod a place; False when no node has one."""
        while self._next < len(self._rooms):
            room = self._rooms[self._next]
            if room.refusal(self._kind) is None:
                room.add(self._kind, workload)
                return True
            self._next += 1
        return False
