"""Why pods cannot fit, whatever the order in which they are placed: sums that exceed what there is."""

from collections.abc import Callable, Iterable, Iterator, Sequence

from catalog.node import Node, NodeResources
from catalog.placement import Count, floor
from catalog.pod import Demand, Pod
from catalog.room import Admission

_Amount = tuple[str, Callable[[Pod], int], Callable[[NodeResources], int | None]]

_AMOUNTS: tuple[_Amount, ...] = (
    ("GPU shares", lambda pod: pod.gpus, lambda has: has.gpus),
    ("millicores of CPU", lambda pod: pod.millicores, lambda has: has.millicores),
    ("MiB of memory", lambda pod: pod.mebibytes, lambda has: has.mebibytes),
    ("GiB of disk", lambda pod: pod.disk_gib, lambda has: has.disk_gib),
    ("pods", lambda _: 1, lambda has: has.pods),
)


def shortage(
    demands: Iterable[Demand], nodes: Sequence[Node], count: Count = floor, *, admission: Admission | None = None
) -> str | None:
    """Return a proof that the pods cannot all run; None where there is none, which proves nothing.

    Pods that may run on some nodes alone are held against what those nodes have: by their sum, and by how many pods
    as large as the smallest of them the nodes can hold.

    Args:
        demands: what wants pods.
        nodes: nodes they may use.
        count: how many pods of each there are.
        admission: which nodes may take which pods, where somebody has asked before.
    """
    known = admission or Admission(nodes)
    admitting = {demand: frozenset(known.names(demand.pod)) for demand in demands}
    bound = [
        (demand.pod, len(own) if demand.every_node else count(demand), own)
        for demand, own in admitting.items()
        if own or not demand.every_node
    ]
    groups = {own for demand, own in admitting.items() if not demand.every_node and count(demand)}
    for group in sorted(groups, key=lambda one: (len(one), sorted(one))):
        has = [node for node in nodes if node.name in group]
        inside = [(pod, number) for pod, number, own in bound if own <= group and number]
        daemons = [(d.pod, len(own & group)) for d, own in admitting.items() if d.every_node and not own <= group]
        proof = next(_short([*inside, *daemons], has), None)
        if proof is not None:
            where = f"on {', '.join(sorted(group)[:4])}" if group else "and no node admits them"
            return f"{proof} {where}" if len(group) <= 4 else f"{proof} on the {len(group)} nodes that admit them"  # noqa: PLR2004 - more are not read
    return None


def _short(pods: Sequence[tuple[Pod, int]], nodes: Sequence[Node]) -> Iterator[str]:
    for what, asked, had in _AMOUNTS:
        room = [had(node.allocatable) for node in nodes]
        if None in room:
            continue
        there = [amount or 0 for amount in room]
        wanted = sum(asked(pod) * number for pod, number in pods)
        if wanted > sum(there):
            yield f"{sum(n for _, n in pods)} pods ask for {wanted} {what}, and there are {sum(there)}"
        for size in sorted({asked(pod) for pod, _ in pods if asked(pod)}):
            number = sum(n for pod, n in pods if asked(pod) >= size)
            places = sum(amount // size for amount in there)
            if number > places:
                yield f"{number} pods ask for {size} {what} or more, and there are places for {places}"
