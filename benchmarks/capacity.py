"""How long it takes to tell whether 1,600 servers and all else fit: floors, ceilings, every loss, every quota."""

import statistics
import time
from dataclasses import replace

from benchmarks.samples import Row, machine, show
from catalog import Node
from catalog.pod import Demand
from ops.capacity import Ground, capacity_of, ground
from render import Graph, render

SERVERS = 1600
SECONDS = 2.0
_RUNS = 5


def measure(servers: int = SERVERS) -> list[Row]:
    """Return seconds of the proof, where all of it fits and where one pod too many is asked for."""
    graph = render("prod")
    own = ground(graph)
    fleet = _fleet(own, servers)
    crowd = replace(fleet, demands=(*fleet.demands, _crowd(fleet)))
    rows = []
    for what, on, fits in (("fit", fleet, True), ("do not fit, with the proof", crowd, False)):
        taken = [_seconds(graph, on, fits=fits) for _ in range(_RUNS)]
        seconds = statistics.median(taken)
        pods = sum(demand.count for demand in on.demands)
        title = f"{servers} servers, {pods} pods at their floors on {len(on.nodes)} nodes: {what}"
        rows.append(Row(title, f"{seconds:.2f} s", f"under {SECONDS:.0f} s", seconds < SECONDS))
    return rows


def _fleet(own: Ground, servers: int) -> Ground:
    """Return prod's ground with its servers repeated, each repetition of another size, and as many of its nodes."""
    pattern = [demand for demand in own.demands if demand.most and demand.most > demand.count]
    more = [_server(pattern[number % len(pattern)], number) for number in range(servers)]
    copies = servers // len(pattern) + 1
    nodes = [_copy(node, number) for number in range(copies) for node in own.nodes]
    return replace(own, nodes=tuple(nodes), demands=(*own.demands, *more))


def _server(pattern: Demand, number: int) -> Demand:
    # No two ask for the same: what is remembered of one kind of pod helps no other.
    pod = replace(
        pattern.pod, millicores=pattern.pod.millicores - number % 97, mebibytes=pattern.pod.mebibytes - number
    )
    return replace(pattern, name=f"{pattern.name}-{number}", pod=pod, namespace=f"n{number}")


def _copy(node: Node, number: int) -> Node:
    return node.model_copy(update={"name": f"{node.name}-{number}"})


def _crowd(on: Ground) -> Demand:
    largest = max(node.allocatable.millicores for node in on.nodes)
    pattern = next(demand for demand in on.demands if demand.most and demand.most > demand.count)
    return replace(pattern, name="crowd", pod=replace(pattern.pod, millicores=largest), count=len(on.nodes), most=None)


def _seconds(graph: Graph, on: Ground, *, fits: bool) -> float:
    begun = time.perf_counter()
    result = capacity_of(graph.stack, on)
    taken = time.perf_counter() - begun
    if result.fits is not fits:
        msg = f"{result.unplaced or 'all pods fit'}: that was not to be"
        raise RuntimeError(msg)
    return taken


if __name__ == "__main__":
    show(f"Capacity ({machine()})", measure())
