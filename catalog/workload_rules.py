"""What must hold within one workload, and between it and the names it uses."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from catalog.defaults import Defaults
from catalog.node import Node
from catalog.offence import Offence
from catalog.pod import Pod
from catalog.room import admits
from catalog.shape import Location
from catalog.workload import Workload

Where = Callable[[Location], str]
"""Gives the path, for messages, of a field of the workload."""


def within(workload: Workload, where: Where) -> Iterator[Offence]:
    """Yield the rules that a workload breaks by itself.

    Args:
        workload: the workload.
        where: gives the path of a field.
    """
    yield from sizes(workload, where)
    yield from scaling(workload, where)
    yield from _ports(workload, where)
    yield from _names(workload, where)
    for volume in workload.volumes:
        if volume.persistent and workload.kind != "StatefulSet":
            rule = "only a StatefulSet keeps its volumes"
            yield Offence(where(("volumes",)), volume.name, rule, "set kind: StatefulSet, or persistent: false")


def sizes(workload: Workload, where: Where) -> Iterator[Offence]:
    """Yield the resources whose request is above the limit."""
    requests, limits = workload.resources.requests, workload.resources.limits
    pairs = (
        ("cpu", requests.cpu, limits.cpu, requests.millicores > limits.millicores),
        ("memory", requests.memory, limits.memory, requests.mebibytes > limits.mebibytes),
    )
    for what, request, limit, above in pairs:
        if above:
            path = where(("resources", "requests", what))
            yield Offence(path, request, f"a request is at most its limit, {limit}", "lower it, or raise the limit")


def scaling(workload: Workload, where: Where) -> Iterator[Offence]:
    """Yield what replicas, autoscaling and disruption say against each other."""
    replicas, keep = workload.replicas, workload.disruption.min_available
    if replicas.max < replicas.min:
        rule = f"replicas.max is at least replicas.min, {replicas.min}"
        yield Offence(where(("replicas", "max")), str(replicas.max), rule, "raise it, or lower min")
    if replicas.max > replicas.min and workload.autoscaling is None:
        rule = "pods above replicas.min need an autoscaler"
        yield Offence(where(("replicas", "max")), str(replicas.max), rule, "add autoscaling, or set max to min")
    if keep is not None and keep >= replicas.min:
        rule = f"min_available is below replicas.min, {replicas.min}, or no node can ever be drained"
        remedy = f"raise replicas.min to at least {keep + 1}, or state max_unavailable instead"
        yield Offence(where(("disruption", "min_available")), str(keep), rule, remedy)


def _ports(workload: Workload, where: Where) -> Iterator[Offence]:
    names = [port.name for port in workload.ports]
    for name in _repeated(names):
        yield Offence(where(("ports",)), name, "a port's name is given once", "rename one of the two")
    for number in _repeated(port.port for port in workload.ports):
        yield Offence(where(("ports",)), str(number), "a port's number is given once", "change one of the two")
    uses: list[tuple[Location, str]] = [
        (("probes", kind, "port"), probe.port) for kind, probe in workload.probes if probe and probe.kind != "exec"
    ]
    if workload.telemetry:
        uses.append((("telemetry", "metrics_port"), workload.telemetry.metrics_port))
    for location, name in uses:
        if name not in names:
            yield Offence(where(location), name, "it names one of the ports", f"choose one of: {', '.join(names)}")


def _names(workload: Workload, where: Where) -> Iterator[Offence]:
    environment = [*workload.settings, *(use.env for use in workload.secrets if use.env)]
    files = [use.file for use in workload.secrets if use.file]
    lists = (
        ("secrets", environment, "an environment variable is stated once, in settings or in secrets"),
        ("secrets", files, "a file holds one secret"),
        ("volumes", [volume.name for volume in workload.volumes], "a volume's name is given once"),
        ("volumes", [volume.mount_path for volume in workload.volumes], "a mount path is given once"),
    )
    for field, values, rule in lists:
        for value in _repeated(values):
            yield Offence(where((field,)), value, rule, "remove or rename one of the two")


def secrets(workload: Workload, where: Where, canonical: Mapping[str, str]) -> Iterator[Offence]:
    """Yield the secrets that a workload calls by another name than the canonical one.

    Args:
        workload: the workload.
        where: gives the path of a field.
        canonical: canonical name by every name of a secret, aliases included.
    """
    for index, use in enumerate(workload.secrets):
        name = canonical.get(use.secret)
        if name != use.secret:
            remedy = f"write {name}" if name else "add it to catalog/secrets.yaml, or correct its name"
            path = where(("secrets", index, "secret"))
            yield Offence(path, use.secret, "a secret is used by its canonical name", remedy)


def peers(
    workload: Workload, where: Where, known: frozenset[str], workloads: Mapping[str, Workload]
) -> Iterator[Offence]:
    """Yield the peers of a workload that do not exist, and those that it lets in and that are not let out to it.

    Args:
        workload: the workload.
        where: gives the path of a field.
        known: names of all workloads.
        workloads: those of the catalog by name; a peer that is none of them is not judged.
    """
    named: list[tuple[Location, str]] = [
        (("ingress_from", index), name) for index, name in enumerate(workload.ingress_from)
    ]
    named += [
        (("egress", index, "workload"), use.workload) for index, use in enumerate(workload.egress) if use.workload
    ]
    for location, name in named:
        if name not in known:
            remedy = "correct its name, or add it to expected_workloads in catalog/mcp/_defaults.yaml"
            yield Offence(where(location), name, "a peer is a workload of the catalog", remedy)
    ports = {port.port for port in workload.ports}
    for index, name in enumerate(workload.ingress_from):
        out = workloads[name].egress if name in workloads else None
        if out is not None and not any(use.workload == workload.name and ports & {*use.ports} for use in out):
            rule = f"who is let in is let out too, and {name} states no egress to {workload.name}"
            remedy = f"give it egress: [{{workload: {workload.name}, ports: [{workload.ports[0].port}], reason: ...}}]"
            yield Offence(where(("ingress_from", index)), name, rule, remedy)


def conventions(workload: Workload, where: Where, defaults: Defaults) -> Iterator[Offence]:
    """Yield what the defaults forbid an MCP server: retired and stale ports, and variables that are set for it."""
    for index, port in enumerate(workload.ports):
        path = where(("ports", index, "port"))
        if port.port in defaults.retired_ports:
            reason = defaults.retired_ports[port.port]
            yield Offence(path, str(port.port), f"a retired port is not used again: it {reason}", "choose a free port")
        elif port.port in defaults.stale_ports.get(workload.name, ()):
            rule = f"{workload.name} had this port only in old lists, which disagree"
            yield Offence(path, str(port.port), rule, "choose a free port")
    stated: list[tuple[Location, str]] = [(("settings", name), name) for name in workload.settings]
    stated += [(("secrets", index, "env"), use.env) for index, use in enumerate(workload.secrets) if use.env]
    for location, name in stated:
        if name in defaults.reserved_env:
            yield Offence(where(location), name, "this variable is set for every server", "remove it")


def platforms(workload: Workload, where: Where, nodes: Sequence[Node]) -> Iterator[Offence]:
    """Yield the architectures that a workload may be scheduled on and its image is not built for.

    Args:
        workload: the workload.
        where: gives the path of a field.
        nodes: nodes of every stack; one of each kind is enough.
    """
    missing = {
        node.architecture: node.name
        for node in reversed(nodes)
        if node.architecture not in workload.image.platforms and admits(node, Pod.placed(workload.placement)) is None
    }
    for architecture, name in missing.items():
        built = ", ".join(workload.image.platforms)
        rule = f"the image is built for every node that the placement admits, and {name} is {architecture}"
        remedy = f"build it for {architecture} too and list that, or set placement.architectures: [{built}]"
        yield Offence(where(("image", "platforms")), built, rule, remedy)


def shared_ports(workloads: Iterable[Workload], where: Callable[[str], Where]) -> Iterator[Offence]:
    """Yield the ports that two servers claim.

    Args:
        workloads: all servers.
        where: gives, for a server, the path of a field.
    """
    taken: dict[int, str] = {}
    for workload in workloads:
        for index, port in enumerate(workload.ports):
            location = ("ports", index, "port")
            first = taken.setdefault(port.port, where(workload.name)(location))
            path = where(workload.name)(location)
            if first != path:
                yield Offence(
                    path, str(port.port), f"a port belongs to one server, and {first} has it", "choose another"
                )


def _repeated(values: Iterable[object]) -> list[str]:
    return sorted(str(value) for value, count in Counter(values).items() if count > 1)
