"""``preview``: what the engine would do."""

from typing import Any

from ops.deployment import Deployment
from ops.engine import Outcome
from ops.events import Event, Step
from ops.modules import require_modules
from ops.results import Edit, PlannedChange, PreviewResult

_PREVIEW = ("preview",)


def preview(deployment: Deployment) -> PreviewResult:
    """Return what the engine would change; nothing is changed.

    Raises:
        CatalogError: the vector store lacks a module.
    """
    require_modules(deployment.graph.choice, deployment.engine.environment)
    outcome = deployment.engine.run(_PREVIEW, _silent)
    changes = tuple(_planned(step) for step in outcome.changed.values() if step.custom)
    return PreviewResult(stack=deployment.stack, errors=complaints(outcome), changes=changes)


def _silent(_: Event) -> None:
    return


def complaints(outcome: Outcome) -> tuple[str, ...]:
    """Return why the engine did not finish; nothing where it did."""
    return () if outcome.ok else tuple(outcome.errors) or (f"the engine ended with code {outcome.code}",)


def _planned(step: Step) -> PlannedChange:
    edits = tuple(Edit(path=d.path, before=d.before, after=d.after) for d in step.differences)
    return PlannedChange(**change(step), edits=edits)


def change(step: Step) -> dict[str, Any]:
    """Return what every answer says of a resource that differs."""
    return {
        "component": step.component,
        "kind": step.kind,
        "name": step.name,
        "op": step.verb,
        "paths": step.paths,
        "urn": step.urn,
    }
