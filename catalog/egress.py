"""How workloads reach names outside of the cluster: NetworkPolicies know addresses, and a proxy knows names.

Each workload comes in to the proxy by a port of its own, which by their policies its pods alone reach.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping

from catalog.offence import Offence
from catalog.rollout import canary_name
from catalog.workload import ServicePort, Workload
from catalog.workload_rules import Where

PROXY = "egress-proxy"
"""The workload that leads out."""
FILE = "egress.json"
"""The file that it reads, in its folder below /etc."""

FORBIDDEN = "example.com"
"""A name that exists for everybody (RFC 2606) and that nobody may be led to: what the gate tries in vain."""

_FIRST = 10_000
"""What is added to a workload's own port, and twice to that of its backups: those of all that lead out differ."""
_HIGHEST = _FIRST - 1


def clients(workloads: Iterable[Workload]) -> tuple[Workload, ...]:
    """Return the workloads that are led out, and beside each one its backups.

    Args:
        workloads: all workloads of a stack.
    """
    both = (either for one in workloads for either in (one, *([backups(one)] if one.backup else [])))
    return tuple(one for one in both if is_led_out(one))


def backups(workload: Workload) -> Workload:
    """Return the pods that back a workload up, as one that is led out where that workload itself is not.

    Args:
        workload: the workload.

    Raises:
        ValueError: nobody backs it up.
    """
    if workload.backup is None:
        msg = f"nobody backs {workload.name} up"
        raise ValueError(msg)
    own, *_ = workload.ports
    # A step above the workload's own port, which is at most `_HIGHEST`.
    ports = (own.model_copy(update={"port": own.port + _FIRST}),)
    changes = {"name": workload.backup_name, "egress": (workload.backup,), "ports": ports, "backup": None}
    return workload.model_copy(update=changes)


def is_led_out(workload: Workload) -> bool:
    """Tell whether a workload reaches names outside."""
    return any(use.hosts for use in workload.egress)


def names(workloads: Iterable[Workload]) -> tuple[str, ...]:
    """Return every name outside that one of the workloads may be led to, and one that none may.

    Args:
        workloads: the workloads.
    """
    return tuple(sorted({FORBIDDEN, *(host for one in workloads for use in one.egress for host in use.hosts)}))


def port(workload: Workload) -> int:
    """Return the port of the proxy by which a workload comes in."""
    return _FIRST + workload.ports[0].port


def url(workload: Workload, namespace: str) -> str:
    """Return where a workload comes in to the proxy.

    Args:
        workload: the workload.
        namespace: the proxy's namespace.
    """
    return f"http://{PROXY}.{namespace}.svc.cluster.local:{port(workload)}"


def entrance(workload: Workload) -> ServicePort:
    """Return the same as one of the proxy's ports, which its next version comes in by too."""
    number = port(workload)
    callers = (workload.name, *([canary_name(workload)] if workload.rollout else []))
    return ServicePort(name=f"client-{number}", port=number, only_from=callers)


def configuration(workloads: Iterable[Workload]) -> str:
    """Return the file of the proxy, as JSON.

    Args:
        workloads: all workloads of a stack.
    """
    told = [
        {
            "name": one.name,
            "port": port(one),
            "destinations": [{"hosts": [*use.hosts], "ports": [*use.ports]} for use in one.egress if use.hosts],
        }
        for one in clients(workloads)
    ]
    return json.dumps({"clients": told}, indent=1, sort_keys=True) + "\n"


def environment(workload: Workload, namespace: str) -> Mapping[str, str]:
    """Return what programs of a workload are told so that they go by the proxy; nothing where it is not led out.

    Args:
        workload: the workload.
        namespace: the proxy's namespace.
    """
    if not is_led_out(workload):
        return {}
    return {
        "HTTPS_PROXY": url(workload, namespace),
        "NO_PROXY": "localhost,127.0.0.1,.svc,.cluster.local",
        # Node.js of 24 and later looks at the two above only then.
        "NODE_USE_ENV_PROXY": "1",
    }


def offences(workload: Workload, where: Where) -> Iterator[Offence]:
    """Yield where a workload would go out to everybody, past the proxy, or comes in by no port.

    Args:
        workload: the workload.
        where: gives the path of a field.
    """
    for index, use in enumerate(workload.egress):
        for range_ in use.cidrs:
            if range_.endswith("/0") and workload.name != PROXY:
                rule = f"only {PROXY} goes out to any address"
                yield Offence(
                    where(("egress", index, "cidrs")), range_, rule, "name the hosts: hosts: [api.example.com]"
                )
    if is_led_out(workload) and workload.ports[0].port > _HIGHEST:
        rule = f"a workload that is led out has a first port of at most {_HIGHEST}"
        yield Offence(where(("ports", 0, "port")), str(workload.ports[0].port), rule, "choose another")


def shared(workloads: Iterable[Workload], where: Callable[[str], Where]) -> Iterator[Offence]:
    """Yield the workloads that would come in to the proxy by one port.

    Args:
        workloads: all workloads.
        where: gives, for a workload, the path of a field.
    """
    taken: dict[int, str] = {}
    for one in clients(workloads):
        first = taken.setdefault(port(one), one.name)
        if first != one.name:
            rule = f"workloads that are led out differ in their first port, and {first} has this one"
            yield Offence(where(one.name)(("ports", 0, "port")), str(one.ports[0].port), rule, "choose another")
