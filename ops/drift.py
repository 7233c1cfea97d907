"""``drift``: what differs from what the last ``up`` made."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime
from functools import partial

from catalog.ignores import DriftIgnore
from ops import ignores
from ops.commit import head
from ops.comparison import undisclosed
from ops.deployment import Deployment
from ops.drift_record import Record, aged
from ops.drift_rows import Deviation, UnmanagedThing, UnreachableHost
from ops.engine import InterruptedRunError
from ops.error import IGNORES, RUNBOOK
from ops.events import Step
from ops.ignores import Judged
from ops.judgement import apart, judged, unbelievable
from ops.listings import APART, KUBERNETES, WEAVIATE, listings
from ops.preview import change
from ops.refresh import Looked, looked
from ops.results import DriftedResource, DriftResult, DriftStatus
from ops.unmanaged import Told, as_change, managed, overall, tell
from ops.unreachable import (
    as_deviations,
    silent_cluster,
    silent_store,
    told,
    unreachable,
    unreachable_cluster,
    unreachable_store,
    without,
)
from ops.view import View

_OF_OTHERS = "foreignTables"
"""The property that lists what others brought to a host, and that nothing here removes."""


def checked(
    deployment: Deployment, view: View, before: Record, *, believe_deletions: bool = False
) -> tuple[DriftResult, Record]:
    """Return what differs, since when, at which commit, and the record of it.

    Args:
        deployment: the stack.
        view: told the engine's warnings.
        before: the record of before.
        believe_deletions: whether whatever is told as gone is gone, however much that is.

    Raises:
        LockedError: somebody else works on the stack.
    """
    began = datetime.now(UTC)
    found = drift(deployment, view, began.date(), believe_deletions=believe_deletions)
    ended = datetime.now(UTC)
    found = found.model_copy(
        update={"commit": head(), "started": began, "seconds": round((ended - began).total_seconds(), 2)}
    )
    return aged(found, before, began)


def failed(stack: str, error: str, before: Record) -> tuple[DriftResult, Record]:
    """Return the answer about a stack that could not be looked at at all.

    Args:
        stack: name of the stack.
        error: why, and what to do.
        before: the record of before.
    """
    now = datetime.now(UTC)
    return aged(DriftResult(stack=stack, errors=(error,), status="error", commit=head(), started=now), before, now)


def drift(deployment: Deployment, view: View, today: date, *, believe_deletions: bool = False) -> DriftResult:
    """Return what differs between the declared state and what is really there; the state is not written.

    Whether there is drift is decided from the engine's events: its exit code is 1, not 7, when one read fails.

    Args:
        deployment: the stack.
        view: told the engine's warnings.
        today: the day, in UTC, on which entries that bear a deviation have expired or not.
        believe_deletions: whether whatever is told as gone is gone, however much that is.
    """
    resources = [*deployment.resources()]
    with ThreadPoolExecutor(1) as thread:
        of_others = thread.submit(listings, deployment, resources, APART)
        silent = silent_cluster(deployment)
        store = silent_store(deployment, silent)
        inside = [name for name, one in ((KUBERNETES, silent), (WEAVIATE, store)) if one is None]
        listed = (*of_others.result(), *listings(deployment, resources, inside))
    left_out = [urn for one in (silent, store) if one for urn in one.urns]
    found = _looked(deployment, partial(looked, deployment, resources, listed, left_out, view))
    dead = unreachable(found.steps.values())
    cluster = unreachable_cluster(
        silent or told(found.outcome.diagnostics),
        dead,
        servers=[node.name for node in deployment.graph.choice.nodes if node.k3s == "server"],
        otherwise=f"./sophia up {deployment.stack}",
    )
    lost = unreachable_store(store, cluster, deployment)
    entries = ignores.standing(deployment.ignores, deployment.stack, today)
    differing, noise = _differing(deployment, found)
    there = tell(listed, managed(resources), deployment.classes)
    of_resources = ignores.judge(without(differing, dead), entries.current)
    of_hosts = ignores.judge(as_deviations(dead).values(), entries.current)
    of_things = ignores.judge(map(as_change, there.things), entries.current)
    borne = (of_resources, of_hosts, of_things)
    unchecked = [name for host in dead for name in (host.resource, *host.unchecked)]
    unchecked += [name for one in (cluster, store and lost) if one for name in one.unchecked]
    unchecked += [name for one in found.silent for name in one.unchecked]
    reached = [one.name for one in found.steps.values() if one.trouble is None and one.name not in unchecked]
    errors = [*found.errors]
    if not believe_deletions:
        errors += unbelievable([*found.steps.values()], deployment.classes.deletion_guard)
    return _result(
        DriftResult(
            stack=deployment.stack,
            errors=tuple(errors),
            changes=of_resources.counted,
            noise=noise,
            unmanaged=_counted(there, of_things),
            coverage=there.coverage,
            coverage_percent=overall(there.coverage),
            silent=found.silent,
            unreachable=_hosts(dead, of_hosts),
            cluster=cluster,
            vector_store=lost,
            ignored=tuple(row for one in borne for row in one.ignored),
            expired=entries.expired,
            # Of what could not be read nobody knows whether it is there.
            stale=() if errors or found.silent else entries.stale(_used(borne), checked=reached, unchecked=unchecked),
            checked=len(reached),
        ),
        deployment,
    )


def _looked(deployment: Deployment, look: Callable[[], Looked]) -> Looked:
    """Return what the engine finds, with the graph rendered while it works, which takes a fifth of its time.

    Raises:
        InterruptedRunError: it was interrupted (Ctrl-C), and so is the engine.
    """
    with ThreadPoolExecutor(1) as thread:
        looking = thread.submit(look)
        try:
            _ = deployment.graph.choice
            return looking.result()
        except KeyboardInterrupt:
            # Only this thread hears of it.
            deployment.engine.interrupt()
            looking.exception()
            msg = f"interrupted; nothing was changed: run drift of {deployment.stack} again"
            raise InterruptedRunError(msg) from None


def _result(found: DriftResult, deployment: Deployment) -> DriftResult:
    """Return what was found with how the stack stands and what repairs it."""
    status: DriftStatus = "drifted" if found.drifted else "in_sync"
    if found.silent:
        status = "partial"
    if found.errors:
        status = "error"
    mends = (
        _repair(found.changes, found.unreachable, deployment),
        *(one.remedy for one in (found.cluster, found.vector_store) if one),
        *(one.remedy for one in found.silent),
    )
    told = (next(filter(None, mends), ""), _declare(found.unmanaged))
    return found.model_copy(update={"status": status, "repair": "; ".join(filter(None, told))})


def _differing(
    deployment: Deployment, found: Looked
) -> tuple[tuple[DriftedResource, ...], tuple[DriftedResource, ...]]:
    changed = [step for step in found.outcome.changed.values() if step.custom]
    return apart(judged(_drifted(step), step.type, deployment.classes) for step in changed)


def _hosts(dead: Sequence[UnreachableHost], borne: Judged) -> tuple[UnreachableHost, ...]:
    counted = {one.component for one in borne.counted}
    return tuple(host for host in dead if host.host in counted)


def _counted(there: Told, borne: Judged) -> tuple[UnmanagedThing, ...]:
    counted = {one.urn for one in borne.counted}
    return tuple(one for one in there.things if as_change(one).urn in counted)


def _used(borne: Sequence[Judged]) -> tuple[DriftIgnore, ...]:
    return tuple(entry for one in borne for entry in one.used)


def _declare(things: Sequence[UnmanagedThing]) -> str:
    if not things:
        return ""
    return f"what nobody declared: declare it, remove it there, or bear it by an entry in {IGNORES} (path: unmanaged)"


def _repair(changes: Sequence[DriftedResource], hosts: Sequence[UnreachableHost], deployment: Deployment) -> str:
    if not changes:
        return ", ".join(sorted({host.remedy for host in hosts}))
    machines = deployment.graph.choice.machines
    pinned = {name for name, machine in machines.items() if machine.pinned}
    lost = [one.component for one in changes if one.op == "delete" and one.kind == "Instance"]
    if pinned & {*lost}:
        return RUNBOOK
    paths = [deviation.path for one in changes for deviation in one.deviations]
    if paths and all(path.startswith(_OF_OTHERS) for path in paths):
        return f"`nft delete table` on the host if nobody needs it, or an entry in {IGNORES} with reason and end"
    return f"./sophia up {deployment.stack}"


def _drifted(step: Step) -> DriftedResource:
    if step.verb == "delete":
        deviations: tuple[Deviation, ...] = (Deviation(path="", expected="exists", actual="gone"),)
    else:
        differences = map(undisclosed, step.differences)
        deviations = tuple(Deviation(path=d.path, expected=d.before, actual=d.after) for d in differences)
    return DriftedResource(**change(step), deviations=deviations)
