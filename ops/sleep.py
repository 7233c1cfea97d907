"""``machines sleep``: a stack's machines are gone, and all that ran on them, until it is woken."""

from datetime import UTC, datetime

import catalog
from catalog.machine import Lifecycle
from ops.deployment import existing, rehearsal_of
from ops.error import AsleepError
from ops.results import SleepResult
from ops.view import View
from rehearsal.toolchain import Progress

_DESTROY = ("destroy", "--yes", "--skip-preview")


def due(stack: str, *, awake: bool, moment: datetime | None = None) -> bool:
    """Return whether a stack's schedule wants it awake, or asleep, at a moment.

    Args:
        stack: name of the stack.
        awake: which of the two is asked.
        moment: now by default.

    Raises:
        AsleepError: it has no schedule.
    """
    schedule = catalog.load().account.schedules.get(stack)
    if schedule is None:
        msg = f"{stack} has no schedule; leave --if-due out, or give it one in catalog/account.yaml"
        raise AsleepError(msg)
    return schedule.awake(moment or datetime.now(UTC)) is awake


def sleep(stack: str, *, progress: Progress, view: View) -> SleepResult:
    """Remove what runs in a stack and terminate its machines; they cost nothing until it is woken.

    Args:
        stack: name of the stack.
        progress: told what is being done before the engine runs.
        view: told the engine's events.

    Raises:
        AsleepError: machines of it are pinned; nothing was changed.
        RehearsalError, EngineError: nothing was changed.
    """
    machines = catalog.load().machines
    pinned = [n for n, m in machines.items() if m.owner == stack and m.lifecycle is Lifecycle.PINNED]
    if pinned:
        msg = f"{', '.join(pinned)} of {stack} are pinned: they are never terminated, so {stack} never sleeps"
        raise AsleepError(msg)
    rehearsal = rehearsal_of(stack)
    if rehearsal.asleep:
        return SleepResult(stack=stack)
    outcome = existing(stack, progress).engine.run(_DESTROY, view.event)
    if outcome.ok:
        rehearsal.sleep()
    errors = outcome.errors or ["the engine did not finish"]
    return SleepResult(
        stack=stack,
        errors=() if outcome.ok else tuple(f"{one}; run `./sophia machines sleep {stack}` again" for one in errors),
        changes=outcome.summary.changes if outcome.summary else {},
    )
