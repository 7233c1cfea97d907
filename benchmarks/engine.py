"""The engine against kubectl, doing the same work on the same objects of prod in one run.

- ``up`` from an empty cluster against ``kubectl apply --server-side`` of the same objects plus ``kubectl wait`` for the
  same readiness; what checkpoints cost is measured by leaving them out, and shown apart.
- a drift scan against ``kubectl get`` of the same objects.
- a preview without changes against ``kubectl diff`` of the same objects.
"""

import json
import statistics
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.checkout import Checkout, temporary
from benchmarks.samples import Row, ratio, seconds, show

STACK = "prod"
NAMESPACE = ("-n", "sophia-mcp")
UP = ("pulumi", "up", "--yes", "--skip-preview", "--non-interactive")
FLEET = f"urn:pulumi:{STACK}::sophia::sophia:mcp:McpFleet"
# What runs on the cluster, and neither the cluster nor its machines.
DESTROY = (
    "pulumi",
    "destroy",
    "--yes",
    "--skip-preview",
    "--non-interactive",
    "-t",
    f"{FLEET}::**",
    "-t",
    f"{FLEET}$**",
)
DRIFT = ("pulumi", "refresh", "--preview-only", "--non-interactive")
PREVIEW = ("pulumi", "preview", "--non-interactive")
NO_CHECKPOINTS = {"PULUMI_SKIP_CHECKPOINTS": "true"}


def measure(runs: int = 5) -> list[Row]:
    """Return the ratios, medians of several rounds."""
    with temporary() as checkout:
        checkout.sophia("up", STACK)
        return _compare(checkout, checkout.root.parent / "objects.json", runs)


def _compare(checkout: Checkout, manifests: Path, runs: int) -> list[Row]:
    environment = checkout.engine_environment(STACK)
    state = json.loads(checkout.by_hand(STACK, "pulumi", "stack", "export", "--show-secrets"))
    # Those of the fleet: of the rest nothing is destroyed, and kubectl would fight for the fields.
    found = [one for one in state["deployment"]["resources"] if one["urn"].startswith(f"{FLEET}$")]
    objects = [_manifest(one) for one in found if one["type"].startswith("kubernetes:")]
    manifests.touch(mode=0o600)
    manifests.write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": objects}), encoding="utf-8")

    def timed(*words: str, extra: Mapping[str, str] | None = None, codes: tuple[int, ...] = (0,)) -> float:
        return seconds(words, folder=checkout.root, environment={**environment, **(extra or {})}, codes=codes)

    def one_round() -> _Round:
        timed(*DESTROY)
        up = timed(*UP)
        reads = {
            "drift": timed(*DRIFT),
            "get": timed("kubectl", "get", "-f", str(manifests), "-o", "json"),
            "preview": timed(*PREVIEW),
            # 1 is what it leaves with when something differs: the fields' manager does.
            "diff": timed(
                *("kubectl", "diff", "--server-side", "--force-conflicts", "-f", str(manifests)), codes=(0, 1)
            ),
        }
        timed(*DESTROY)
        without = timed(*UP, extra=NO_CHECKPOINTS)
        timed(*UP)  # a run without checkpoints leaves a state that knows nothing: record what is there
        timed(*DESTROY)
        kubectl = timed("kubectl", "apply", "--server-side", "-f", str(manifests)) + timed(
            *("kubectl", *NAMESPACE, "wait", "--for=condition=Available", "deployment", "--all", "--timeout=120s")
        )
        timed("kubectl", "delete", "namespace", "sophia-mcp", "--ignore-not-found", "--wait")
        return {**reads, "up": up, "without": without, "kubectl": kubectl}

    # What is compared is measured in the same round: the machine's speed changes from minute to minute.
    return [Row("objects", str(len(objects))), *_rows([one_round() for _ in range(runs)])]


_Round = Mapping[str, float]
"""Seconds of each command."""


def _rows(rounds: Sequence[_Round]) -> list[Row]:
    def took(what: str, key: str) -> Row:
        return Row(what, f"{statistics.median(found[key] for found in rounds):.2f} s")

    def over(what: str, key: str, other: str, goal: float) -> Row:
        return ratio(what, statistics.median(found[key] / found[other] for found in rounds), goal)

    checkpoints = statistics.median(1 - found["without"] / found["up"] for found in rounds)
    return [
        took("kubectl apply and wait", "kubectl"),
        took("up", "up"),
        took("up without checkpoints", "without"),
        Row("share of checkpoints", f"{checkpoints:.0%}"),
        over("up without checkpoints / kubectl apply and wait", "without", "kubectl", 1.3),
        took("kubectl get", "get"),
        took("drift scan", "drift"),
        over("drift scan / kubectl get", "drift", "get", 7),
        took("kubectl diff", "diff"),
        took("preview without changes", "preview"),
        over("preview without changes / kubectl diff", "preview", "diff", 4),
    ]


def _manifest(resource: Mapping[str, Any]) -> dict[str, Any]:
    return {key: _plain(value) for key, value in resource["inputs"].items()}


def _plain(value: Any) -> Any:
    """Return a value of an exported state as kubectl wants it: secrets are wrapped there."""
    if isinstance(value, dict):
        return json.loads(value["plaintext"]) if "plaintext" in value else {k: _plain(v) for k, v in value.items()}
    return [_plain(item) for item in value] if isinstance(value, list) else value


if __name__ == "__main__":
    show("The engine against kubectl", measure())
