"""Nodes while they fill up: which pods one may take, and what is left of it."""

import math
from collections.abc import Iterable

from catalog.node import Node, NodeResources
from catalog.pod import Pod

Size = tuple[int, int, int, float, int]
"""What is left of a node: millicores, MiB, GPU shares, GiB of disk, pods."""


def holds(size: Size, pod: Pod) -> bool:
    """Whether so much is enough for a pod."""
    millicores, mebibytes, gpus, disk_gib, pods = size
    return (
        pod.millicores <= millicores
        and pod.mebibytes <= mebibytes
        and pod.gpus <= gpus
        and pod.disk_gib <= disk_gib
        and pods > 0
    )


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
        return holds(self.size, pod)

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

    def take(self, pod: Pod, workload: str) -> None:
        """Take a pod away again."""
        self._gpus += pod.gpus
        self._count += 1
        self._millicores += pod.millicores
        self._mebibytes += pod.mebibytes
        self._disk_gib += pod.disk_gib
        self.pods[workload] -= 1
        if not self.pods[workload]:
            del self.pods[workload]

    @property
    def size(self) -> Size:
        """What is left, as one value: rooms of the same size hold the same pods."""
        return (self._millicores, self._mebibytes, self._gpus, self._disk_gib, self._count)

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


class Admission:
    """Which nodes may take a pod, asked once for all pods that are placed alike.

    Args:
        nodes: the nodes.
    """

    def __init__(self, nodes: Iterable[Node]) -> None:
        self._nodes = sorted(nodes, key=lambda node: node.name)
        self._found: dict[object, tuple[str, ...]] = {}

    def names(self, pod: Pod) -> tuple[str, ...]:
        """Return the nodes that admit a pod, those that it prefers first, each group by name."""
        key = (pod.terms, pod.tolerations, pod.preferred)
        if key not in self._found:
            admitted = [node for node in self._nodes if admits(node, pod) is None]
            admitted.sort(key=lambda node: -pod.preference(node.all_labels))
            self._found[key] = tuple(node.name for node in admitted)
        return self._found[key]
