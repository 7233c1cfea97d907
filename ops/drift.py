"""``drift``: what differs from what the last ``up`` made."""

from collections.abc import Sequence
from datetime import date

from ops import ignores
from ops.deployment import Deployment
from ops.drift_rows import Deviation, UnreachableHost
from ops.error import IGNORES, RUNBOOK
from ops.events import Event, Finished, Step
from ops.preview import change, complaints
from ops.results import DriftedResource, DriftResult
from ops.unreachable import (
    BEAR_AN_UNREACHABLE_CLUSTER,
    as_deviations,
    silent_cluster,
    silent_store,
    tells_of_a_cluster,
    told,
    unreachable,
    unreachable_cluster,
    unreachable_store,
    without,
)
from ops.view import View

_DRIFT = ("refresh", "--preview-only")
_OF_OTHERS = "foreignTables"
"""The property that lists what others brought to a host, and that nothing here removes."""


def drift(deployment: Deployment, view: View, today: date) -> DriftResult:
    """Return what differs between the declared state and what is really there; the state is not written.

    Whether there is drift is decided from the engine's events: its exit code is 1, not 7, when one read fails.

    Args:
        deployment: the stack.
        view: told the engine's warnings.
        today: the day, in UTC, on which entries that bear a deviation have expired or not.
    """
    steps: dict[str, Step] = {}

    def note(event: Event) -> None:
        if isinstance(event, Finished):
            steps[event.step.urn] = event.step
        if not tells_of_a_cluster(event):
            view.warning(event)

    silent = silent_cluster(deployment)
    store = silent_store(deployment, silent)
    urns = [urn for one in (silent, store) if one for urn in one.urns]
    left_out = [word for urn in urns for word in ("--exclude", urn)]
    outcome = deployment.engine.run((*_DRIFT, *left_out), note, settings=BEAR_AN_UNREACHABLE_CLUSTER)
    errors = complaints(outcome)
    dead = unreachable(steps.values())
    cluster = unreachable_cluster(
        silent or told(outcome.diagnostics),
        dead,
        servers=[node.name for node in deployment.graph.choice.nodes if node.k3s == "server"],
        otherwise=f"./sophia up {deployment.stack}",
    )
    entries = ignores.standing(deployment.ignores, deployment.stack, today)
    differing = [_drifted(step) for step in outcome.changed.values() if step.custom]
    of_resources = ignores.judge(without(differing, dead), entries.current)
    of_hosts = ignores.judge(as_deviations(dead).values(), entries.current)
    counted = {one.component for one in of_hosts.counted}
    hosts = tuple(host for host in dead if host.host in counted)
    used = (*of_resources.used, *of_hosts.used)
    unchecked = [name for host in dead for name in (host.resource, *host.unchecked)]
    unchecked += cluster.unchecked if cluster else ()
    unchecked += store.names if store else ()
    lost = unreachable_store(store, cluster, deployment)
    checked = [step.name for step in steps.values() if step.trouble is None and step.name not in unchecked]
    return DriftResult(
        stack=deployment.stack,
        errors=errors,
        changes=of_resources.counted,
        unreachable=hosts,
        cluster=cluster,
        vector_store=lost,
        ignored=(*of_resources.ignored, *of_hosts.ignored),
        expired=entries.expired,
        # Of what could not be read nobody knows whether it is there.
        stale=() if errors else entries.stale(used, checked=checked, unchecked=unchecked),
        checked=len(checked),
        repair=_repair(of_resources.counted, hosts, deployment)
        or next((one.remedy for one in (cluster, lost) if one), ""),
    )


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
        deviations = tuple(Deviation(path=d.path, expected=d.before, actual=d.after) for d in step.differences)
    return DriftedResource(**change(step), deviations=deviations)
