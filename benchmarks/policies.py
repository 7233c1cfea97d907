"""How long the rules take: over 500 resources through the servicer, and in a preview of the real engine.

- all rules over 500 resources, through the servicer that the engine asks.
- a preview of prod with the pack against one without, both net of what an empty program costs.
"""

import json
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from benchmarks.checkout import temporary
from benchmarks.samples import Row, machine, ratio, seconds, show
from policies import RULES, context, judge_graph
from policies.servicer import Servicer
from policies.testing import UNKNOWN, Analyzer, Secret
from render import Graph, render
from render.graph import SECRET
from render.graph import UNKNOWN as RENDERED_UNKNOWN

_RESOURCES = 500
_GOAL_SECONDS = 3.0
_RUNS = 5
_GOAL_RATIO = 1.25
_STACK = "prod"
_EMPTY = "floor"


def measure() -> list[Row]:
    """Return what the rules cost by themselves, and in a preview."""
    return [*_alone(), *_in_previews()]


def _in_previews() -> list[Row]:
    """Return how long previews of a stack that is up take, with the pack and without, in the same rounds."""
    with temporary(NODES="light") as checkout:
        checkout.sophia("up", _STACK)
        environment = checkout.engine_environment(_STACK)
        empty = checkout.root.parent / _EMPTY
        empty.mkdir()
        runtime = {"name": "python", "options": {"toolchain": "pip", "virtualenv": str(checkout.root / ".venv")}}
        (empty / "Pulumi.yaml").write_text(json.dumps({"name": _EMPTY, "runtime": runtime}), encoding="utf-8")
        (empty / "__main__.py").write_text("", encoding="utf-8")
        seconds(("pulumi", "stack", "init", _EMPTY, "--non-interactive"), folder=empty, environment=environment)

        def preview(folder: Path, stack: str, *words: str) -> float:
            command = ("pulumi", "preview", "--non-interactive", "--stack", stack, *words)
            return seconds(command, folder=folder, environment=environment)

        pack = ("--policy-pack", str(checkout.root / "policies"))
        rounds = [
            (
                preview(empty, _EMPTY),
                preview(checkout.root, _STACK),
                preview(checkout.root, _STACK, *pack),
            )
            for _ in range(_RUNS)
        ]
    floor, without, within = (statistics.median(column) for column in zip(*rounds, strict=True))
    over = statistics.median((b - floor) / (a - floor) for _, a, b in rounds)
    return [
        Row("an empty program's preview", f"{floor:.2f} s"),
        Row(f"preview of {_STACK}", f"{without:.2f} s"),
        Row(f"preview of {_STACK} with the pack", f"{within:.2f} s"),
        ratio("preview with the pack / without, net of the empty program", over, _GOAL_RATIO),
    ]


def _alone() -> list[Row]:
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
        yield analyzer.request(one.type, _marked(one.inputs), name=one.name, provider=one.provider, parent=one.parent)


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
