"""``machines sleep``: a stack's machines are gone, and all that ran on them, until it is woken."""

from collections.abc import Mapping
from datetime import UTC, datetime

import catalog
from ops import backups
from ops.deployment import existing, rehearsal_of
from ops.error import AsleepError
from ops.results import SleepResult
from ops.view import View
from rehearsal import Rehearsal
from rehearsal.toolchain import Progress

_DESTROY = ("destroy", "--yes", "--skip-preview")
_WITHOUT_A_CLUSTER = {"PULUMI_K8S_DELETE_UNREACHABLE": "true"}
"""What is in a cluster that does not answer goes with its machines."""
_OF_BACKUPS = "kubernetes:batch/v1:CronJob"
"""The type of what backs data services up, which is among the first things that are destroyed."""


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


def sleep(stack: str, *, progress: Progress, view: View, without_backup: bool = False) -> SleepResult:
    """Remove what runs in a stack and terminate its machines; they cost nothing until it is woken.

    Its data services are backed up first, because their volumes go too; where that fails, nothing is changed.

    Args:
        stack: name of the stack.
        without_backup: whether what they hold may be lost.
        progress: told what is being done before the engine runs.
        view: told the engine's events.

    Raises:
        AsleepError: machines of it are pinned; nothing was changed.
        RehearsalError, EngineError: nothing was changed.
    """
    machines = catalog.load().machines
    pinned = [n for n, m in machines.items() if m.owner == stack and m.pinned]
    if pinned:
        msg = f"{', '.join(pinned)} of {stack} are pinned: they are never terminated, so {stack} never sleeps"
        raise AsleepError(msg)
    rehearsal = rehearsal_of(stack)
    changes: Mapping[str, int] = {}
    resources = rehearsal.state.resources()
    if not without_backup and any(one["type"] == _OF_BACKUPS for one in resources):
        rows = backups.run(existing(stack, progress), "backup")
        told = f"nothing was changed; `./sophia machines sleep {stack} --without-backup` loses what is not backed up"
        if errors := [f"backup of {row.service}: {row.error}; {told}" for row in rows if row.error]:
            return SleepResult(stack=stack, errors=tuple(errors))
    if resources:
        outcome = existing(stack, progress).engine.run(_DESTROY, view.event, settings=_WITHOUT_A_CLUSTER)
        errors = [] if outcome.ok else outcome.errors or ["the engine did not finish"]
        changes = outcome.summary.changes if outcome.summary else {}
    else:
        # It sleeps already, or an earlier run was killed before it could record that it does.
        errors = []
    errors = [f"{one}; run `./sophia machines sleep {stack}` again" for one in errors] or _unrecorded(rehearsal)
    if not errors:
        rehearsal.sleep(catalog.load().weaviate.hosting[stack])
    return SleepResult(stack=stack, errors=tuple(errors), changes=changes)


def _unrecorded(rehearsal: Rehearsal) -> list[str]:
    """Return what is wrong with the machines that carry the stack's tag and are in no state: they cost money on."""
    if not rehearsal.account.status().running:
        return []
    # What the provider imports takes half a second (measured), and no other verb needs it.
    from ops.account import launched_by  # noqa: PLC0415 - for that reason

    stack = rehearsal.stack
    return [
        f"{one.name} ({one.id}) was launched for {stack} by a run that was killed before it could record it; "
        f"`./sophia machines wake {stack}` takes it over, or terminate it in Lambda's console"
        for one in launched_by(stack, rehearsal.account.environment())
    ]
