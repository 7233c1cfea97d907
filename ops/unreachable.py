"""Hosts that could not be looked at, each as one finding instead of one per resource on it."""

from collections.abc import Iterable, Mapping, Sequence

from ops.drift_rows import Deviation, UnreachableHost
from ops.error import HOST_KEY_RUNBOOK, LOCKED_OUT_RUNBOOK
from ops.events import Step
from ops.results import DriftedResource

REACHABLE = "reachable"
"""The property that says so on every resource of a host; ``trouble`` on its ``Host`` says why."""

_SAYING_SO = frozenset({REACHABLE, "trouble"})
_CUT = "the connection was cut while it was being looked at"


def unreachable(steps: Iterable[Step]) -> tuple[UnreachableHost, ...]:
    """Return the hosts that could not be reached, by name.

    Args:
        steps: finished steps of a refresh.
    """
    by_host: dict[str, list[Step]] = {}
    for step in steps:
        if step.trouble is not None:
            by_host.setdefault(step.component, []).append(step)
    return tuple(_host(name, by_host[name]) for name in sorted(by_host))


def without(changes: Iterable[DriftedResource], hosts: Sequence[UnreachableHost]) -> tuple[DriftedResource, ...]:
    """Return what differs beside that hosts cannot be reached.

    Args:
        changes: resources that differ.
        hosts: the hosts that cannot be reached.
    """
    concerned = {name for host in hosts for name in (host.resource, *host.unchecked)}
    found = []
    for change in changes:
        if change.name not in concerned or not change.deviations:
            found.append(change)
            continue
        left = tuple(one for one in change.deviations if one.path not in _SAYING_SO)
        if left:
            paths = tuple(path for path in change.paths if path not in _SAYING_SO)
            found.append(change.model_copy(update={"deviations": left, "paths": paths}))
    return tuple(found)


def as_deviations(hosts: Iterable[UnreachableHost]) -> Mapping[str, DriftedResource]:
    """Return, by the host's name, how an entry that bears it sees it: ``reachable`` of its ``Host`` is false."""
    return {
        host.host: DriftedResource(
            component=host.host,
            kind="Host",
            name=host.resource,
            op="update",
            urn="",
            deviations=(Deviation(path=REACHABLE, expected=True, actual=False),),
        )
        for host in hosts
    }


def _host(name: str, steps: Sequence[Step]) -> UnreachableHost:
    own = next((step for step in steps if step.kind == "Host"), None)
    trouble = own.trouble if own is not None and own.trouble else _CUT
    return UnreachableHost(
        host=name,
        resource=own.name if own is not None else f"{name}-host",
        trouble=trouble,
        unchecked=tuple(sorted(step.name for step in steps if step is not own)),
        remedy=HOST_KEY_RUNBOOK if trouble.startswith("host key") else LOCKED_OUT_RUNBOOK,
    )
