"""Machines of Lambda Cloud: what may reach them, what they are, and what they cost."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, collapse_addresses, ip_network
from typing import Final

from catalog.policy import Severity
from policies.context import Context
from policies.field import Field, Problem
from policies.resources import Resource
from policies.rule import Subjects, cis, nsa, resources, rule, soc2, stack_rule

MACHINE: Final = "sophia:lambda:Machine"
INSTANCE: Final = "lambda-cloud:index:Instance"

Network = IPv4Network | IPv6Network
Ports = tuple[str, int, int]

_LAST_PORT = 65535
_CLOSED: Final[tuple[Ports, ...]] = (
    ("tcp", 22, 22),
    ("tcp", 2379, 2380),
    ("tcp", 6443, 6443),
    ("tcp", 10250, 10250),
    ("udp", 8472, 8472),
    ("udp", 51820, 51820),
)
"""What is closed to the world whatever the table says: SSH, etcd, the API server, kubelets, meshes."""

_WORLD = "world"
_WIDEST: Final = {4: 8, 6: 16}
"""A shorter prefix is the world, or a good part of it."""


@dataclass(frozen=True, slots=True)
class Opening:
    """What one rule of a firewall lets through."""

    at: Field
    """The rule, or what says whom it admits."""
    ports: Ports
    """Its protocol, or ``all``, and its ports."""
    sources: tuple[tuple[Network, Field], ...]
    """Whom it admits."""


def _covers(token: str, _: Context) -> bool:
    return token in _READ


def _openings(resource: Resource, _: Context) -> Iterable[Sequence[Opening]]:
    yield tuple(_READ[resource.type](resource))


def _of_rules(resource: Resource) -> Iterator[Opening]:
    """Yield what a ruleset of Lambda's opens (API 1.10.0)."""
    for one in resource.inputs.items("rules"):
        # What cannot be read is taken for what is harmless, and is a finding already.
        protocol = one.text("protocol", unknown="icmp")
        low, high = 0, _LAST_PORT
        if one.at("portRange").value is not None:
            ends = [port.number(unknown=None) for port in one.items("portRange")]
            if len(ends) != 2 or None in ends:  # noqa: PLR2004 - the first and the last
                if isinstance(one.at("portRange").value, list) and None not in ends:
                    one.at("portRange").unreadable("it is no first and last port")
                continue
            low, high = (int(end or 0) for end in ends)
        source = one.at("sourceNetwork")
        network = _network(source)
        yield Opening(one, (protocol or "all", low, high), ((network, source),) if network else ())


def _network(source: Field) -> Network | None:
    """Return a source as a network; an absent one is the world."""
    text = source.text(unknown=None)
    if _unread(source):
        return None
    try:
        return ip_network("0.0.0.0/0" if text is None else text, strict=False)
    except ValueError:
        source.unreadable("it is no network")
        return None


def _of_rows(resource: Resource) -> Iterator[Opening]:
    """Yield what the firewall of a host opens."""
    for row in resource.inputs.items("rows"):
        protocol, port = row.text("protocol", unknown="icmp"), row.number("port", unknown=None)
        span = (0, _LAST_PORT) if port is None and row.at("port").value is None else (int(port or 0),) * 2
        for source in row.items("sources"):
            if source.text(unknown=None) == _WORLD:
                yield Opening(row, (protocol or "all", *span), ((ip_network("0.0.0.0/0"), source),))
    for entry in resource.inputs.items("breakGlass"):
        network = _network(entry.at("cidr"))
        if network:
            yield Opening(entry, ("all", 0, _LAST_PORT), ((network, entry.at("cidr")),))


def _of_sentences(resource: Resource) -> Iterator[Opening]:
    """Yield what the component of the account's firewall says that is opened: ``tcp 443 from 0.0.0.0/0``."""
    for sentence in resource.inputs.items("opened"):
        text = sentence.text(unknown="")
        if not text:
            continue
        what, _, source = text.partition(" from ")
        protocol, _, port = what.partition(" ")
        try:
            network, span = ip_network(source, strict=False), (int(port),) * 2 if port else (0, _LAST_PORT)
        except ValueError:
            sentence.unreadable("it is no sentence of a firewall")
            continue
        yield Opening(sentence, (protocol, *span), ((network, sentence),))


def _of_host(resource: Resource) -> Iterator[Opening]:
    """Yield what the component of a host says that is opened to the world, by the names of the table."""
    for name, sources in resource.inputs.entries("open"):
        for source in sources.items():
            if source.text(unknown=None) == _WORLD:
                yield Opening(sources, (f"row {name}", 0, 0), ((ip_network("0.0.0.0/0"), source),))


_READ: Final = {
    "lambda-cloud:index:FirewallRuleset": _of_rules,
    "lambda-cloud:index:GlobalFirewallRuleset": _of_rules,
    "host:index:Firewall": _of_rows,
    "sophia:lambda:AccountFirewall": _of_sentences,
    "sophia:hosts:Host": _of_host,
}

FIREWALLS: Final = Subjects(", ".join(f"`{token}`" for token in _READ), _covers, _openings)


def _closed(context: Context) -> Iterator[tuple[str, Ports]]:
    """Yield what must be closed to the world, with its name in the table where it has one."""
    firewall = context.facts.firewall
    for mesh in ({}, *firewall.meshes.values()):
        for name, row in (mesh or firewall.ports).items():
            if _WORLD not in row.sources:
                port = row.port or 0
                yield name, (row.protocol, port, port)
    yield from (("", ports) for ports in _CLOSED)


def _overlap(one: Ports, other: Ports) -> bool:
    protocol, low, high = one
    return protocol in {"all", other[0]} and low <= other[2] and other[1] <= high


@rule(
    "LMB-FW-1",
    FIREWALLS,
    title="What operates the cluster is closed to the world",
    severity=Severity.CRITICAL,
    standards=(cis("K3s 4.2.1"), nsa("C-0044"), nsa("C-0005"), soc2("CC6.6")),
    also=("CKV_AWS_24", "AVD-AWS-0107"),
    remedy="name the networks that must come in, in catalog/firewall.yaml or for a while in break_glass",
    exemptible=False,
)
def closed(openings: Sequence[Opening], context: Context) -> Iterator[Problem]:
    """SSH, the API server, kubelets, etcd and the mesh are found within minutes by those who scan all addresses."""
    told: set[str] = set()
    for name, ports in _closed(context):
        about = [one for one in openings if _overlap(one.ports, ports) or (name and one.ports[0] == f"row {name}")]
        wide = [(net, at) for one in about for net, at in one.sources if net.prefixlen < _WIDEST[net.version]]
        for _net, at in wide:
            if at.path not in told:
                told.add(at.path)
                yield at.problem("must not be the world, or a good part of it")
        # Halves and quarters of the world that are opened one by one.
        for version in _WIDEST:
            nets = [(net, at) for one in about for net, at in one.sources if net.version == version]
            joined = collapse_addresses([net for net, _ in nets])  # type: ignore[type-var]  # of one version
            if any(net.prefixlen < _WIDEST[version] for net in joined):
                last = nets[-1][1]
                if not told:
                    told.add(last.path)
                    yield last.problem("must not be the world together with the rules beside it")


@rule(
    "LMB-FW-2",
    resources(MACHINE, "lambda-cloud:index:GlobalFirewallRuleset"),
    title="Every machine has a firewall that is enforced, and nobody else's rules",
    severity=Severity.CRITICAL,
    standards=(nsa("C-0044"), soc2("CC6.6")),
    remedy="in a region of firewall.yaml's unenforced_regions the host's own firewall protects; rules of others go",
)
def guarded(resource: Resource, context: Context) -> Iterator[Problem]:
    """In us-south-1 Lambda's rules do not apply, and a list of rules is always replaced as a whole."""
    if resource.type != MACHINE:
        if resource.inputs.text("unmanagedRules", unknown="remove") != "remove":
            yield resource.inputs.problem("must be remove", "unmanagedRules")
        return
    region = resource.inputs.text("region", unknown=None)
    by = resource.inputs.text("firewall", unknown=None)
    if resource.inputs.at("firewall").value is None:
        yield resource.inputs.problem("must say who protects the machine", "firewall")
    elif by is not None and region is not None and not context.facts.firewall.enforced_in(region) and by != "host":
        yield resource.inputs.problem("must be the host's: Lambda enforces no rule in the region", "firewall")


@stack_rule(
    "LMB-FW-3",
    title="Every machine that only its host can protect has that firewall",
    severity=Severity.CRITICAL,
    standards=(nsa("C-0044"), soc2("CC6.6")),
    remedy="keep the machine among those of sophia:hosts:Hosts",
    exemptible=False,
)
def protected(everything: Sequence[Resource], _: Context) -> Iterator[Problem]:
    """Where Lambda enforces no rule, a machine without a host firewall is open to the world on every port."""
    guarded = {one.parent.rpartition("::")[2] for one in everything if one.type == "host:index:Firewall"}
    for machine in everything:
        if machine.type == MACHINE and machine.inputs.text("firewall", unknown=None) == "host":
            name = machine.inputs.text("name", unknown=None)
            if name is not None and name not in guarded:
                yield machine.problem("must have a host:index:Firewall")


@rule(
    "LMB-INS-1",
    resources(MACHINE, INSTANCE),
    title="Machines are of types, in regions and with keys that the stack may use",
    severity=Severity.HIGH,
    standards=(soc2("CC6.1"), soc2("CC8.1"), soc2("A1.1")),
    remedy="choose what catalog/limits.yaml allows the stack, and have that file's owner change it otherwise",
)
def instances(resource: Resource, context: Context) -> Iterator[Problem]:
    """A type is a price and a processor, a region a law and a firewall; both are reviewed once, in one file."""
    types = context.limits.instance_types if context.limits else ()
    regions = context.limits.regions if context.limits else ()
    inputs = resource.inputs
    if resource.type == MACHINE:
        places = [(inputs.at("instance_type"), inputs.at("region"))]
    else:
        places = [(one.at("instanceType"), one.at("region")) for one in inputs.items("candidates")]
        if not places and inputs.at("candidates").value in (None, []):
            yield inputs.problem("must name a type and a region", "candidates")
    for kind, region in places:
        if kind.text(unknown=None) not in types and not _unread(kind):
            yield kind.problem("must be one of the stack's instance_types in catalog/limits.yaml")
        if region.text(unknown=None) not in regions and not _unread(region):
            yield region.problem("must be one of the stack's regions in catalog/limits.yaml")
    yield from _named(resource, context)


def _unread(field: Field) -> bool:
    """Return whether a text could not be read, which is a finding already."""
    return field.value is not None and not isinstance(field.value, str)


def _named(resource: Resource, context: Context) -> Iterator[Problem]:
    """Yield what a machine lacks to be told whose it is."""
    inputs = resource.inputs
    if not inputs.text("name", unknown="-"):
        yield inputs.problem("must be given", "name")
    if resource.type == INSTANCE:
        if inputs.text("sshKeyName", unknown=context.facts.account.ssh_key) != context.facts.account.ssh_key:
            yield inputs.problem("must be the account's key of catalog/account.yaml", "sshKeyName")
        return
    tags = inputs.at("tags")
    missing = sorted({*context.facts.account.tags, "environment", "role"} - {name for name, _ in tags.entries()})
    if missing and (tags.value is None or isinstance(tags.value, dict)):
        yield tags.problem(f"must hold {', '.join(missing)}")


@rule(
    "LMB-INS-2",
    resources(INSTANCE),
    title="A machine that is launched has a ruleset, tags and a highest price",
    severity=Severity.MEDIUM,
    standards=(soc2("CC6.6"), soc2("CC8.1")),
    remedy="launch it with sophia:lambda:Machine, which gives it all three",
)
def launched(resource: Resource, context: Context) -> Iterator[Problem]:
    """All three are fixed at the launch, and an adopted machine, which must have an address, keeps what it has."""
    inputs = resource.inputs
    if inputs.has("expectedIp", unknown=False):
        return
    regions = [one.text("region", unknown=None) for one in inputs.items("candidates")]
    enforced = any(region is not None and context.facts.firewall.enforced_in(region) for region in regions)
    if enforced and inputs.at("firewallRulesetIds").value in (None, []):
        yield inputs.problem("must name a ruleset", "firewallRulesetIds")
    for key in ("tags", "maxPriceCentsPerHour"):
        if not inputs.has(key, unknown=True):
            yield inputs.problem("must be given", key)


@rule(
    "LMB-COST-1",
    resources(MACHINE, "sophia:lambda:Cluster"),
    title="Machines have a known price, and cost what the budget allows",
    severity=Severity.HIGH,
    standards=(soc2("A1.1"),),
    remedy="choose fewer or cheaper machines, or have the budget of catalog/limits.yaml raised",
)
def priced(resource: Resource, context: Context) -> Iterator[Problem]:
    """A machine without a price is not free, and a machine too many runs until somebody reads the bill."""
    inputs = resource.inputs
    if resource.type == MACHINE:
        cents, kind = inputs.number("hourly_cents", unknown=None), inputs.text("instance_type", unknown=None)
        prices = {book.hourly_cents.get(kind) for book in context.facts.price_books.values()} if kind else set()
        if inputs.at("hourly_cents").value is None:
            yield inputs.problem("must be given", "hourly_cents")
        elif cents is not None and kind is not None and cents not in prices - {None}:
            yield inputs.problem("must be the price of the type in a price book of catalog/prices/", "hourly_cents")
        return
    monthly = inputs.number("monthly_cents", unknown=None)
    if inputs.at("monthly_cents").value is None:
        yield inputs.problem("must be given", "monthly_cents")
    elif monthly is not None and (context.limits is None or monthly >= context.limits.budget.block_cents):
        yield inputs.problem("must be less than the stack's block_cents in catalog/limits.yaml", "monthly_cents")
