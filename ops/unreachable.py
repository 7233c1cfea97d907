"""Hosts and clusters that could not be looked at, each as one finding instead of one per resource there."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import httpx

from catalog.collection import VECTOR_STORE
from ops.cluster import trouble
from ops.deployment import Deployment
from ops.drift_rows import Deviation, UnreachableCluster, UnreachableHost
from ops.error import HOST_KEY_RUNBOOK, LOCKED_OUT_RUNBOOK
from ops.events import Diagnostic, Event, Step
from ops.results import DriftedResource

REACHABLE = "reachable"
"""The property that says so on every resource of a host; ``trouble`` on its ``Host`` says why."""

BEAR_AN_UNREACHABLE_CLUSTER: Mapping[str, str] = {"PULUMI_K8S_SKIP_UPDATE_UNREACHABLE": "true"}
"""Makes the engine's Kubernetes provider warn of what it cannot read, and take it as it was, instead of failing."""

_OF_A_CLUSTER = "configured Kubernetes cluster is unreachable: "
"""How that warning begins."""

_IN_A_CLUSTER = "kubernetes:"
"""How the types of what is in a cluster begin."""
_IN_A_STORE = "weaviate:index:"
"""How those of what is in a vector store begin."""

_SAYING_SO = frozenset({REACHABLE, "trouble"})
_CUT = "the connection was cut while it was being looked at"


def unreachable(steps: Iterable[Step]) -> tuple[UnreachableHost, ...]:
    """Return the hosts that could not be reached, by name.

    Args:
        steps: finished steps of a refresh.
    """
    by_machine: dict[str, list[Step]] = {}
    for step in steps:
        if step.trouble is not None:
            # What runs on a host may belong to another component than the host.
            by_machine.setdefault(step.machine or step.component, []).append(step)
    return tuple(sorted((_host(found) for found in by_machine.values()), key=lambda host: host.host))


def tells_of_a_cluster(event: Event) -> bool:
    """Return whether an event is the warning about one resource of a cluster that does not answer."""
    return isinstance(event, Diagnostic) and event.message.startswith(_OF_A_CLUSTER)


@dataclass(frozen=True, slots=True)
class Silent:
    """A cluster, or a vector store, that does not answer."""

    trouble: str
    """Why, as its client says."""
    urns: frozenset[str]
    """What is in it."""

    @property
    def names(self) -> tuple[str, ...]:
        """Logical names of the same."""
        return tuple(sorted({urn.rsplit("::", 1)[-1] for urn in self.urns}))


def silent_cluster(deployment: Deployment) -> Silent | None:
    """Return the cluster of a stack where it does not answer, asked before the engine.

    The engine's Kubernetes provider asks such an API server again for each custom object (whether its kind is
    namespaced, pulumi-kubernetes 4.25), which takes seconds every time.

    Args:
        deployment: the stack's.
    """
    in_it = _of_type(deployment, _IN_A_CLUSTER)
    why = trouble(deployment.cluster) if in_it else ""
    return Silent(why, in_it) if why else None


def silent_store(deployment: Deployment, cluster: Silent | None) -> Silent | None:
    """Return the vector store of a rehearsal where it does not answer, asked before the engine.

    Args:
        deployment: the stack's.
        cluster: the cluster, where that does not answer.
    """
    in_it, url = _of_type(deployment, _IN_A_STORE), deployment.engine.environment.get("WEAVIATE_URL")
    if not in_it or not url:
        return None
    if cluster and deployment.graph.choice.weaviate.serves(deployment.stack, VECTOR_STORE):
        return Silent("it is in the cluster, which does not answer", in_it)
    with httpx.Client(base_url=url) as server:
        why = trouble(server, "/v1/.well-known/ready")
    return Silent(why, in_it) if why else None


def _of_type(deployment: Deployment, beginning: str) -> frozenset[str]:
    return frozenset(one["urn"] for one in deployment.resources() if str(one["type"]).startswith(beginning))


def told(events: Iterable[Event]) -> Silent | None:
    """Return the cluster that a refresh could not look into, by its warnings.

    Args:
        events: those of the refresh.
    """
    said = [event for event in events if isinstance(event, Diagnostic) and tells_of_a_cluster(event)]
    return Silent(_reason(said[0].message), frozenset(event.urn for event in said)) if said else None


def unreachable_cluster(
    silent: Silent | None, hosts: Sequence[UnreachableHost], *, servers: Iterable[str], otherwise: str
) -> UnreachableCluster | None:
    """Return the finding about a cluster that does not answer.

    Args:
        silent: the cluster; None where it answers.
        hosts: the hosts that cannot be reached.
        servers: names of the hosts that its API server runs on.
        otherwise: what to do where none of these is among those.
    """
    if silent is None:
        return None
    down = [host for host in hosts if host.host in {*servers}]
    return UnreachableCluster(
        trouble=f"{down[0].host} is not reached" if down else silent.trouble,
        unchecked=silent.names,
        remedy=down[0].remedy if down else otherwise,
    )


def unreachable_store(
    silent: Silent | None, cluster: UnreachableCluster | None, deployment: Deployment
) -> UnreachableCluster | None:
    """Return the finding about a vector store that does not answer.

    Args:
        silent: the store; None where it answers.
        cluster: the finding about the stack's cluster, which mends the store too where that is in it.
        deployment: the stack's.
    """
    if silent is None:
        return None
    in_it = deployment.graph.choice.weaviate.serves(deployment.stack, VECTOR_STORE)
    remedy = cluster.remedy if cluster and in_it else f"./sophia up {deployment.stack}"
    return UnreachableCluster(trouble=silent.trouble, unchecked=silent.names, remedy=remedy)


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


def _reason(message: str) -> str:
    """Return the end of what the provider says, which is all that somebody needs: a chain of causes, the first last."""
    return message.removeprefix(_OF_A_CLUSTER).splitlines()[0].rpartition(": ")[2] or "its API server does not answer"


def _host(steps: Sequence[Step]) -> UnreachableHost:
    own = next((step for step in steps if step.kind == "Host"), None)
    name = (own or steps[0]).component
    trouble = own.trouble if own is not None and own.trouble else _CUT
    return UnreachableHost(
        host=name,
        resource=own.name if own is not None else f"{name}-host",
        trouble=trouble,
        unchecked=tuple(sorted(step.name for step in steps if step is not own)),
        remedy=HOST_KEY_RUNBOOK if trouble.startswith("host key") else LOCKED_OUT_RUNBOOK,
    )
