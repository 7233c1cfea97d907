"""``preview`` and ``drift``: what the engine would do, and what differs from what it did."""

from collections.abc import Sequence
from typing import Any

from ops.deployment import Deployment
from ops.engine import Outcome
from ops.error import RUNBOOK
from ops.events import Event, Finished, Step
from ops.results import Deviation, DriftedResource, DriftResult, Edit, PlannedChange, PreviewResult
from ops.view import View

_PREVIEW = ("preview",)
_DRIFT = ("refresh", "--preview-only")


def preview(deployment: Deployment) -> PreviewResult:
    """Return what the engine would change; nothing is changed."""
    outcome = deployment.engine.run(_PREVIEW, _silent)
    changes = tuple(_planned(step) for step in outcome.changed.values() if step.custom)
    return PreviewResult(stack=deployment.stack, errors=_errors(outcome), changes=changes)


def drift(deployment: Deployment, view: View) -> DriftResult:
    """Return what differs between the declared state and what is really there; the state is not written.

    Whether there is drift is decided from the engine's events: its exit code is 1, not 7, when one read fails.
    """
    checked: set[str] = set()

    def count(event: Event) -> None:
        if isinstance(event, Finished):
            checked.add(event.step.urn)
        view.warning(event)

    outcome = deployment.engine.run(_DRIFT, count)
    changes = tuple(_drifted(step) for step in outcome.changed.values() if step.custom)
    return DriftResult(
        stack=deployment.stack,
        errors=_errors(outcome),
        changes=changes,
        checked=len(checked),
        repair=_repair(changes, deployment) if changes else "",
    )


def _repair(changes: Sequence[DriftedResource], deployment: Deployment) -> str:
    machines = deployment.graph.choice.machines
    pinned = {name for name, machine in machines.items() if machine.pinned}
    lost = [change.component for change in changes if change.op == "delete" and change.kind == "Instance"]
    return RUNBOOK if pinned & {*lost} else f"./sophia up {deployment.stack}"


def _silent(_: Event) -> None:
    return


def _errors(outcome: Outcome) -> tuple[str, ...]:
    return () if outcome.ok else tuple(outcome.errors) or (f"the engine ended with code {outcome.code}",)


def _planned(step: Step) -> PlannedChange:
    edits = tuple(Edit(path=d.path, before=d.before, after=d.after) for d in step.differences)
    return PlannedChange(**_change(step), edits=edits)


def _drifted(step: Step) -> DriftedResource:
    if step.verb == "delete":
        deviations: tuple[Deviation, ...] = (Deviation(path="", expected="exists", actual="gone"),)
    else:
        deviations = tuple(Deviation(path=d.path, expected=d.before, actual=d.after) for d in step.differences)
    return DriftedResource(**_change(step), deviations=deviations)


def _change(step: Step) -> dict[str, Any]:
    return {
        "component": step.component,
        "kind": step.kind,
        "name": step.name,
        "op": step.verb,
        "paths": step.paths,
        "urn": step.urn,
    }
