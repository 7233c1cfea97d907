"""The engine's look at what is really there, without the providers that cannot be asked."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from ops.deployment import Deployment
from ops.drift_rows import SilentProvider
from ops.engine import LockedError, Outcome
from ops.events import Event, Finished, Started, Step, provider_of
from ops.patience import SILENCE, Patience
from ops.preview import complaints
from ops.unmanaged import AGAIN, Listing
from ops.unreachable import BEAR_AN_UNREACHABLE_CLUSTER, tells_of_a_cluster
from ops.view import View

_DRIFT: Final = ("refresh", "--preview-only")
_ROUNDS: Final = 3
"""How often the engine looks again without a provider that failed under its hands."""
_REFUSED: Final = 3
"""The CLI's exit code where it is not let in (declared stable since 3.227)."""
_TAKEN: Final = "another update is currently in progress"
"""What Pulumi Cloud says of a stack that somebody works on."""


@dataclass(frozen=True, slots=True)
class Looked:
    """What the engine found."""

    outcome: Outcome
    """Its run."""
    steps: Mapping[str, Step]
    """Every resource that it looked at, by URN."""
    errors: tuple[str, ...]
    """Why it did not finish."""
    silent: tuple[SilentProvider, ...] = ()
    """Providers that could not be asked."""


def looked(
    deployment: Deployment,
    resources: Sequence[Mapping[str, Any]],
    listed: Sequence[Listing],
    left: Iterable[str],
    view: View,
) -> Looked:
    """Return what the engine finds; the state is not written.

    Args:
        deployment: the stack's.
        resources: those of the engine's state.
        listed: what was listed of each provider, or why it could not be.
        left: URNs of what is left out, because it is known that nobody answers there.
        view: told the engine's warnings.

    Raises:
        LockedError: somebody else works on the stack.
    """
    urns: dict[str, list[str]] = {}
    for one in resources:
        urns.setdefault(provider_of(str(one["type"])), []).append(str(one["urn"]))
    silent = [_silent(one.provider, one.trouble, one.remedy, urns) for one in listed if one.trouble]
    away = [*left, *(urn for one in silent for urn in urns.get(one.provider, ()))]
    for _ in range(_ROUNDS):
        found = _once(deployment, away, view)
        lost = _lost(found, urns) if found.errors else {}
        more = {name: why for name, why in lost.items() if urns.get(name) and not {*urns[name]} <= {*away}}
        if not more or more.keys() != lost.keys() or not found.steps:
            break
        silent += [_silent(name, why, AGAIN, urns) for name, why in more.items()]
        away += [urn for name in more for urn in urns[name]]
    return replace(found, silent=tuple(silent))


def _once(deployment: Deployment, away: Sequence[str], view: View) -> Looked:
    steps: dict[str, Step] = {}
    waited_for: dict[str, Step] = {}

    def note(event: Event) -> None:
        patience.heard()
        if isinstance(event, Started):
            waited_for[event.step.urn] = event.step
        if isinstance(event, Finished):
            steps[event.step.urn] = event.step
            waited_for.pop(event.step.urn, None)
        if not tells_of_a_cluster(event):
            view.warning(event)

    words = (*_DRIFT, *(word for urn in away for word in ("--exclude", urn)))
    with Patience(deployment.engine.interrupt, SILENCE) as patience:
        outcome = deployment.engine.run(words, note, settings=BEAR_AN_UNREACHABLE_CLUSTER)
    errors = [*_explained(deployment, outcome)]
    if patience.ended:
        waiting = sorted(step.name for step in waited_for.values() if step.custom)
        errors = [f"the engine told nothing for {SILENCE:.0f} s and was ended; it was reading {', '.join(waiting)}"]
        outcome.failed += [step for step in waited_for.values() if step.custom]
    return Looked(outcome, steps, tuple(errors))


def _explained(deployment: Deployment, outcome: Outcome) -> Iterator[str]:
    told = complaints(outcome)
    if any(_TAKEN in one.lower() for one in told):
        msg = f"somebody else works on {deployment.stack} at the moment; wait for it, or see `pulumi cancel`"
        raise LockedError(msg)
    for one in told:
        way_out = "; `pulumi login`, or a PULUMI_ACCESS_TOKEN that is still valid, and run drift again"
        yield f"{one}{way_out}" if outcome.code == _REFUSED else one


def _lost(found: Looked, urns: Mapping[str, Sequence[str]]) -> Mapping[str, str]:
    """Return what each provider said whose reads failed; nothing where something else failed too."""
    known = {urn for group in urns.values() for urn in group}
    errors = [one for one in found.outcome.diagnostics if one.severity == "error" and one.urn in known]
    told = {_provider_in(one.urn): one.message for one in reversed(errors)}
    for step in found.outcome.failed:
        told.setdefault(provider_of(step.type), next(iter(found.errors)))
    unattributed = [one for one in found.outcome.errors if not any(text in one for text in told.values())]
    hung = any(one.startswith("the engine told nothing") for one in found.errors)
    return {} if unattributed and not hung else told


def _provider_in(urn: str) -> str:
    return provider_of(urn.split("::")[2].rpartition("$")[2])


def _silent(name: str, trouble: str, remedy: str, urns: Mapping[str, Sequence[str]]) -> SilentProvider:
    names = tuple(sorted(urn.rpartition("::")[2] for urn in urns.get(name, ())))
    return SilentProvider(provider=name, trouble=trouble, unchecked=names, remedy=remedy)
