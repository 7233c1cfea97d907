"""``machines sleep``: a stack's machines are gone, and all that ran on them, until it is woken."""

import os
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import catalog
from ops import backups, states
from ops.deployment import Deployment, Target, cloud_environment, deployed, rehearsal_of, there
from ops.error import AsleepError
from ops.results import SleepResult
from ops.view import View
from rehearsal.toolchain import Progress, progress_for

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


def asleep(stack: str, target: Target) -> bool:
    """Return whether a stack sleeps: in the cloud, that it may and that its state holds nothing but what is protected.

    Args:
        stack: name of the stack.
        target: where it is.

    Raises:
        EngineError: the shell points at a rehearsal, and the cloud is meant.
        StateError: its state cannot be read.
        ToolError: a tool cannot be had.
    """
    if target is Target.REHEARSAL:
        return rehearsal_of(stack).asleep
    if _pinned(stack):
        return False
    held = states.resources(stack, cloud_environment(catalog.load(), progress_for()))
    return held is not None and not any(map(_goes, held))


def _goes(resource: Mapping[str, Any]) -> bool:
    """Return whether a resource goes with the machines: what is protected, such as data at Weaviate Cloud, stays."""
    provider = str(resource["type"]).startswith("pulumi:providers:")
    return bool(resource.get("custom")) and not resource.get("protect") and not provider


def _pinned(stack: str) -> list[str]:
    return [name for name, one in catalog.load().machines.items() if one.owner == stack and one.pinned]


def sleep(stack: str, target: Target, *, progress: Progress, view: View, without_backup: bool = False) -> SleepResult:
    """Remove what runs in a stack and terminate its machines; they cost nothing until it is woken.

    Its data services are backed up first, because their volumes go too; where that fails, nothing is changed.

    Args:
        stack: name of the stack.
        target: where it is.
        without_backup: whether what they hold may be lost.
        progress: told what is being done before the engine runs.
        view: told the engine's events.

    Raises:
        AsleepError: machines of it are pinned; nothing was changed.
        AccountError: it cannot be told whether machines run on that no state knows.
        RehearsalError, EngineError: nothing was changed.
    """
    if pinned := _pinned(stack):
        msg = f"{', '.join(pinned)} of {stack} are pinned: they are never terminated, so {stack} never sleeps"
        raise AsleepError(msg)
    changes: Mapping[str, int] = {}
    errors: list[str] = []
    resources = deployed(stack, target)
    # Otherwise it sleeps already, or an earlier run was killed before it could record that it does.
    if any(map(_goes, resources)):
        deployment = there(stack, target, progress)
        if not without_backup and any(one["type"] == _OF_BACKUPS for one in resources):
            errors = _backed_up(deployment)
            if errors:
                return SleepResult(stack=stack, errors=tuple(errors))
        stays = ("--exclude-protected",) if any(one.get("protect") for one in resources) else ()
        outcome = deployment.engine.run((*_DESTROY, *stays), view.event, settings=_WITHOUT_A_CLUSTER)
        errors = [] if outcome.ok else outcome.errors or ["the engine did not finish"]
        errors = [f"{one}; run `./sophia machines sleep {stack}` again" for one in errors]
        changes = outcome.summary.changes if outcome.summary else {}
    errors = errors or _unrecorded(stack, target)
    warnings: tuple[str, ...] = ()
    if not errors and target is Target.REHEARSAL:
        rehearsal_of(stack).sleep(catalog.load().weaviate.hosting[stack])
    elif not errors:
        warnings = tuple(_still_named(stack))
    return SleepResult(stack=stack, errors=tuple(errors), warnings=warnings, changes=changes)


def _still_named(stack: str) -> Iterator[str]:
    """Yield which machines that are gone are to be taken over in the cloud: a rehearsal finds that out by itself."""
    facts = catalog.load()
    known = states.configured(stack, cloud_environment(facts, progress_for()), "adopt") or {}
    yield from (
        f"{machine}, which is gone, is still to be taken over, so that {stack} cannot wake: take it out of "
        f"sophia:adopt, `pulumi env edit sophia/{stack}`"
        for machine in known
        if machine in facts.machines
    )


def _backed_up(deployment: Deployment) -> list[str]:
    """Back data services up, and return why that cannot be."""
    verb = f"./sophia machines sleep {deployment.stack} --without-backup"
    told = f"nothing was changed; `{verb}` loses what is not backed up"
    return [f"backup of {row.service}: {row.error}; {told}" for row in backups.run(deployment, "backup") if row.error]


def _unrecorded(stack: str, target: Target) -> list[str]:
    """Return what is wrong with the machines that carry the stack's tag and are in no state: they cost money on."""
    account = rehearsal_of(stack).account
    if target is Target.REHEARSAL and not account.status().running:
        return []
    # What the provider imports takes half a second (measured), and no other verb needs it.
    from ops.account import launched_by  # noqa: PLC0415 - for that reason

    reach = account.environment() if target is Target.REHEARSAL else os.environ
    return [
        f"{one.name} ({one.id}) was launched for {stack} by a run that was killed before it could record it; "
        f"`./sophia machines wake {stack}` takes it over, or terminate it in Lambda's console"
        for one in launched_by(stack, reach)
    ]
