"""``preview`` and ``drift``: what the engine would do, and what differs from what it did."""

from collections.abc import Iterable

from ops.deployment import Deployment
from ops.engine import Outcome
from ops.events import Event, Finished, Step
from ops.results import Change, DriftResult, PreviewResult
from ops.view import View

_PREVIEW = ("preview",)
_DRIFT = ("refresh", "--preview-only")


def preview(deployment: Deployment) -> PreviewResult:
    """Return what the engine would change; nothing is changed."""
    outcome = deployment.engine.run(_PREVIEW, _silent)
    return PreviewResult(stack=deployment.stack, errors=_errors(outcome), changes=_changes(outcome.changed.values()))


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
    return DriftResult(
        stack=deployment.stack,
        errors=_errors(outcome),
        changes=_changes(outcome.changed.values()),
        checked=len(checked),
    )


def _silent(_: Event) -> None:
    return


def _errors(outcome: Outcome) -> tuple[str, ...]:
    return () if outcome.ok else tuple(outcome.errors) or (f"the engine ended with code {outcome.code}",)


def _changes(steps: Iterable[Step]) -> tuple[Change, ...]:
    return tuple(
        Change(component=s.component, kind=s.kind, name=s.name, op=s.verb, paths=s.paths, urn=s.urn)
        for s in steps
        if s.custom
    )
