"""``preview``: what the engine would do."""

import re
from collections.abc import Iterator
from typing import Any

from ops import states
from ops.commit import head
from ops.deployment import Deployment
from ops.engine import Outcome
from ops.events import Event, Judged, Step
from ops.modules import require_modules
from ops.policy_rows import FindingRow
from ops.results import Edit, PlannedChange, PreviewResult
from render import ROOT

PACK = ("--policy-pack", str(ROOT / "policies"))
"""Has the engine ask the rules about every resource, before anything is done with it."""

STACK_FILE = "pulumi:pulumi:StackFile"
"""What rules call the committed file of a stack."""

_PATH = re.compile(r'(?:could not evaluate )?((?:\["(?:[^"\\]|\\.)*"\]|\[\d+\]|[A-Za-z0-9_./-])+)(?=:| must)')


def preview(deployment: Deployment) -> PreviewResult:
    """Return what the engine would change; nothing is changed.

    Raises:
        CatalogError: the vector store lacks a module.
        StateError: it cannot be told which update was the last.
    """
    environment = deployment.engine.environment
    require_modules(deployment.graph.choice, environment)
    version = states.version(deployment.stack, environment)
    outcome = deployment.engine.run(("preview", *PACK), _silent)
    changes = tuple(_planned(step) for step in outcome.changed.values() if step.custom)
    return PreviewResult(
        stack=deployment.stack,
        errors=complaints(outcome),
        commit=head(),
        version=version,
        changes=changes,
        policies=(*of_file(deployment), *(found(one) for one in outcome.judged)),
    )


def of_file(deployment: Deployment) -> Iterator[FindingRow]:
    """Yield what refuses the stack and the engine is not asked about: its committed file, exemptions that have ended.

    Args:
        deployment: the stack.
    """
    from ops.policy import judged  # noqa: PLC0415 - the rules take half a second, and most verbs need none

    for one in judged(deployment.graph).refusing:
        if not one.urn or f"::{STACK_FILE}::" in one.urn:
            yield one


def found(one: Judged) -> FindingRow:
    """Return what the pack told the engine as answers have it.

    Args:
        one: the engine's event.

    >>> found(Judged("A-1", "urn:pulumi:a::b::c:d:E::f", "spec.x[0] must be false; remove it", "high", True)).path
    'spec.x[0]'
    """
    path = _PATH.match(one.message)
    return FindingRow(
        rule=one.rule,
        verdict="unknown" if one.message.startswith("could not evaluate") else "violation",
        level="block" if one.blocks else "warn",
        severity=one.severity,
        urn=one.urn,
        name=one.urn.rsplit("::", 1)[-1],
        path=path[1] if path else "",
        message=one.message,
    )


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
