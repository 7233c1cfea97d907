"""The engine against kubectl, doing the same work on the same objects of prod in one run.

- ``up`` from an empty cluster against ``kubectl apply --server-side`` of the same objects plus ``kubectl wait`` for the
  same readiness; what checkpoints cost is measured by leaving them out, and shown apart.
- a drift scan against ``kubectl get`` of the same objects.
- a preview without changes against ``kubectl diff`` of the same objects.
"""

import json
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from benchmarks.checkout import Checkout, copied
from benchmarks.samples import Row, median, ratio, seconds, show

STACK = "prod"
NAMESPACE = ("-n", "sophia-mcp")
UP = ("pulumi", "up", "--yes", "--skip-preview", "--non-interactive")
DESTROY = ("pulumi", "destroy", "--yes", "--skip-preview", "--non-interactive")
DRIFT = ("pulumi", "refresh", "--preview-only", "--non-interactive")
PREVIEW = ("pulumi", "preview", "--non-interactive")
NO_CHECKPOINTS = {"PULUMI_SKIP_CHECKPOINTS": "true"}


def measure(runs: int = 3) -> list[Row]:
    """Return the ratios, medians of several runs each."""
    with tempfile.TemporaryDirectory(prefix="sophia-bench-") as folder:
        checkout = copied(Path(folder))
        try:
            checkout.sophia("up", STACK)
            return _compare(checkout, Path(folder) / "objects.json", runs)
        finally:
            checkout.sophia("down", "--all")


def _compare(checkout: Checkout, manifests: Path, runs: int) -> list[Row]:
    environment = checkout.engine_environment(STACK)
    state = json.loads(checkout.by_hand(STACK, "pulumi", "stack", "export", "--show-secrets"))
    objects = [_manifest(r) for r in state["deployment"]["resources"] if r["type"].startswith("kubernetes:")]
    manifests.touch(mode=0o600)
    manifests.write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": objects}), encoding="utf-8")

    def timed(*words: str, extra: Mapping[str, str] | None = None, codes: tuple[int, ...] = (0,)) -> float:
        return seconds(words, folder=checkout.root, environment={**environment, **(extra or {})}, codes=codes)

    def destroy() -> None:
        timed(*DESTROY)

    get_objects = ("kubectl", "get", "-f", str(manifests), "-o", "json")
    scan, get = median(lambda: timed(*DRIFT), runs=runs), median(lambda: timed(*get_objects), runs=runs)
    diff = ("kubectl", "diff", "--server-side", "--force-conflicts", "-f", str(manifests))
    preview, difference = (
        median(lambda: timed(*PREVIEW), runs=runs),
        # 1 is what it leaves with when something differs: the fields' manager does.
        median(lambda: timed(*diff, codes=(0, 1)), runs=runs),
    )
    with_checkpoints = median(lambda: timed(*UP), runs=runs, before=destroy)
    without = median(lambda: timed(*UP, extra=NO_CHECKPOINTS), runs=runs, before=_twice(timed, destroy))
    destroy()
    kubectl = median(lambda: _apply(timed, manifests), runs=runs, before=lambda: _delete(timed))
    _delete(timed)
    return [
        Row("objects", str(len(objects))),
        Row("kubectl apply and wait", f"{kubectl:.2f} s"),
        Row("up", f"{with_checkpoints:.2f} s"),
        Row("up without checkpoints", f"{without:.2f} s"),
        Row("share of checkpoints", f"{1 - without / with_checkpoints:.0%}"),
        ratio("up without checkpoints / kubectl apply and wait", without / kubectl, 1.3),
        Row("kubectl get", f"{get:.2f} s"),
        Row("drift scan", f"{scan:.2f} s"),
        ratio("drift scan / kubectl get", scan / get, 7),
        Row("kubectl diff", f"{difference:.2f} s"),
        Row("preview without changes", f"{preview:.2f} s"),
        ratio("preview without changes / kubectl diff", preview / difference, 4),
    ]


def _twice(timed: Callable[..., float], destroy: Callable[[], None]) -> Callable[[], None]:
    """A run without checkpoints leaves a state that knows nothing: record what is there, then destroy it."""

    def before() -> None:
        timed(*UP)
        destroy()

    return before


def _manifest(resource: Mapping[str, Any]) -> dict[str, Any]:
    return {key: _plain(value) for key, value in resource["inputs"].items()}


def _plain(value: Any) -> Any:
    """Return a value of an exported state as kubectl wants it: secrets are wrapped there."""
    if isinstance(value, dict):
        return json.loads(value["plaintext"]) if "plaintext" in value else {k: _plain(v) for k, v in value.items()}
    return [_plain(item) for item in value] if isinstance(value, list) else value


def _apply(timed: Callable[..., float], manifests: Path) -> float:
    applied = timed("kubectl", "apply", "--server-side", "-f", str(manifests))
    wait = ("kubectl", *NAMESPACE, "wait", "--for=condition=Available", "deployment", "--all", "--timeout=120s")
    return applied + timed(*wait)


def _delete(timed: Callable[..., float]) -> None:
    timed("kubectl", "delete", "namespace", "sophia-mcp", "--ignore-not-found", "--wait")


if __name__ == "__main__":
    show("The engine against kubectl", measure())
