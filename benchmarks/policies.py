"""How long the rules take: all of them over 500 resources, through the servicer that the engine asks."""

import statistics
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from benchmarks.samples import Row, machine, show
from policies import RULES, context, judge_graph
from policies.servicer import Servicer
from policies.testing import UNKNOWN, Analyzer, Secret
from render import Graph, render
from render.graph import SECRET
from render.graph import UNKNOWN as RENDERED_UNKNOWN

_RESOURCES = 500
_GOAL_SECONDS = 3.0
_RUNS = 5


def measure() -> list[Row]:
    """Return the seconds of the servicer over 500 resources of prod, and of the rules alone over its render."""
    graph = render("prod")
    known = context("prod", choice=graph.chosen)
    analyzer = Analyzer(Servicer(RULES, lambda _: known, "prod"), stack="prod")
    requests = [*_requests(graph, analyzer)]
    servicer = _median(lambda: [analyzer.servicer.Analyze(request, None) for request in requests])
    rules = _median(lambda: judge_graph(graph, known))
    return [
        Row(
            f"{len(RULES)} rules, {len(requests)} resources, through the servicer",
            f"{servicer:.2f} s",
            f"under {_GOAL_SECONDS:.0f} s",
            servicer < _GOAL_SECONDS,
        ),
        Row(f"the same rules over the render of prod, {len(graph)} resources", f"{rules:.2f} s"),
    ]


def _requests(graph: Graph, analyzer: Analyzer) -> Iterator[object]:
    """Yield what the engine would send about prod's resources, some of them again until there are enough."""
    resources = [*graph]
    for number in range(_RESOURCES):
        one = resources[number % len(resources)]
        yield analyzer.request(one.type, _marked(one.inputs), name=one.name)


def _marked(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _marked(child) for key, child in value.items()}
    if isinstance(value, list):
        return [_marked(child) for child in value]
    return UNKNOWN if value == RENDERED_UNKNOWN else Secret("x" * 32) if value == SECRET else value


def _median(act: Callable[[], object]) -> float:
    def timed() -> float:
        begun = time.perf_counter()
        act()
        return time.perf_counter() - begun

    return statistics.median(timed() for _ in range(_RUNS))


if __name__ == "__main__":
    sys.stdout.write(f"{machine()}\n\n")
    show(f"Policies (median of {_RUNS})", measure())
