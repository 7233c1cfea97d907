"""Records of the zone: every name leads to something of ours that is there."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Final

from catalog.policy import Severity
from policies.context import Context
from policies.field import Field, Problem
from policies.reading import NOT_KNOWN
from policies.resources import Resource
from policies.rule import Subjects, rule, soc2, stack_rule

ZONE: Final = "rfc2136:index:Zone"
RECORD: Final = "vercel:index/dnsRecord:DnsRecord"

_SHORTEST, _LONGEST = 60, 86400


@dataclass(frozen=True, slots=True)
class RecordSet:
    """Records of one name and type, or one of them."""

    resource: Resource
    """The resource that has them."""
    at: Field
    """Where they stand."""
    host: str
    """The name, without a dot at its end; empty where it is not known."""
    type: str
    """Their type; empty where it is not known."""
    ttl: Field
    """How long an answer may be kept."""
    values: tuple[Field, ...]
    """What they say."""


def _sets(resource: Resource, _: Context) -> Iterable[RecordSet]:
    return resource.view("records", _read)


def _read(resource: Resource) -> Iterator[RecordSet]:
    inputs = resource.inputs
    if resource.type == ZONE:
        # What proves to Vercel whose a host is, it says once the host is asked for.
        records = inputs.at("records")
        for key, told in (records.later if records.value is NOT_KNOWN else records).entries():
            host, _, kind = key.partition(" ")
            yield RecordSet(resource, told, host.rstrip("."), kind, told.at("ttl"), told.later.items("values"))
        return
    kind = inputs.text("type", unknown="") or ""
    below, domain = inputs.text("name", unknown=None), inputs.text("domain", unknown=None)
    known = domain is not None and (below is not None or inputs.at("name").value is None)
    host = ".".join(part for part in (below, domain) if part) if known else ""
    value = inputs.later.at("value")
    yield RecordSet(resource, inputs, host, kind, inputs.at("ttl"), (value,) if value.value is not None else ())


RECORDS: Final = Subjects("records of the zone", lambda token, _: token in {ZONE, RECORD}, _sets)


@rule(
    "DNS-1",
    RECORDS,
    title="No name is a wildcard",
    severity=Severity.HIGH,
    standards=(soc2("CC6.6"),),
    remedy="name the hosts in catalog/zone.yaml or catalog/sites.yaml",
)
def wildcards(one: RecordSet, _: Context) -> Iterator[Problem]:
    """With one every name that anybody makes up leads to us, and passes for ours."""
    if "*" in one.host:
        yield one.at.problem("must not be of a wildcard")


@stack_rule(
    "DNS-2",
    title="The zone says who may sign certificates for it",
    severity=Severity.MEDIUM,
    standards=(soc2("CC6.7"),),
    remedy="keep certificate_authorities of catalog/zone.yaml, and no other",
)
def authorities(everything: Sequence[Resource], context: Context) -> Iterator[Problem]:
    """Without it any of some hundred authorities may sign one for whoever deceives it."""
    zone, sets = context.facts.zone, [*_all(everything, context)]
    allowed = {*zone.certificate_authorities, ";"}
    said = [one for one in sets if one.type == "CAA" and one.host == zone.name]
    whole = all(one.host and one.type for one in sets) and not _unread(everything)
    # What cannot be read may be such a record; that is a finding already.
    if sets and whole and not any("issue " in (_text(value) or "issue ") for one in said for value in one.values):
        yield sets[0].resource.problem("must have a CAA record at the zone's own name")
    for one in (one for one in sets if one.type == "CAA"):
        for value in one.values:
            text = _text(value)
            _flags, _, rest = (text or "").partition(" ")
            tag, _, who = rest.partition(" ")
            if (
                text is not None
                and tag in {"issue", "issuewild"}
                and who.strip('"').partition(";")[0].strip()
                not in {
                    *allowed,
                    "",
                }
            ):
                yield value.problem("must be of an authority of catalog/zone.yaml")


def _text(value: Field) -> str | None:
    # An authority is written down: nothing of it may wait.
    return Field(value.value, value.path, value.notes, secret=value.secret).text(unknown=None)


def _all(everything: Sequence[Resource], context: Context) -> Iterator[RecordSet]:
    for resource in everything:
        if resource.type in {ZONE, RECORD}:
            yield from _sets(resource, context)


def _unread(everything: Sequence[Resource]) -> bool:
    """Return whether the records of a zone cannot be read at all."""
    return any(one.type == ZONE and not isinstance(one.inputs.at("records").value, dict | None) for one in everything)


@rule(
    "DNS-3",
    RECORDS,
    title="Answers are kept neither for a moment nor for days",
    severity=Severity.LOW,
    standards=(soc2("A1.2"),),
    remedy="choose from 60 to 86400 seconds in catalog/zone.yaml",
)
def kept(one: RecordSet, _: Context) -> Iterator[Problem]:
    """A name that is to lead elsewhere after a failure does so once every kept answer has ended."""
    seconds = one.ttl.number(unknown=None)
    if one.ttl.value is None and one.resource.type == ZONE:
        yield one.ttl.problem("must be given")
    elif seconds is not None and not _SHORTEST <= seconds <= _LONGEST:
        yield one.ttl.problem(f"must be from {_SHORTEST} to {_LONGEST}")


@rule(
    "DNS-4",
    RECORDS,
    title="No name leads to an address that is not public",
    severity=Severity.MEDIUM,
    standards=(soc2("CC6.6"),),
    remedy="publish the public address, or use the cluster's own names inside of it",
)
def public(one: RecordSet, _: Context) -> Iterator[Problem]:
    """It tells how we are built inside, and lets a page that was loaded from elsewhere speak to what is there."""
    if one.type not in {"A", "AAAA", ""}:
        return
    for value in one.values:
        text = value.text(unknown=None)
        if text is None or (not one.type and not _is_address(text)):
            continue
        if not _is_address(text):
            yield value.problem("must be an address")
        elif not ip_address(text).is_global:
            yield value.problem("must be a public address")


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


@stack_rule(
    "DNS-5",
    title="No alias leads to what nobody of ours serves",
    severity=Severity.HIGH,
    standards=(soc2("CC6.6"), soc2("CC8.1")),
    remedy="name the host in catalog/sites.yaml or its alias in catalog/zone.yaml, or remove the record",
)
def dangling(everything: Sequence[Resource], context: Context) -> Iterator[Problem]:
    """Whoever takes the place that an alias is left leading to has a site under our name."""
    zone, facts = context.facts.zone, context.facts
    sets = [*_all(everything, context)]
    hosts = {one.host for one in sets}
    sites = {host for site in facts.sites.sites.values() for host in site.domains}
    for one in (one for one in sets if one.type == "CNAME"):
        named = zone.hosts.get(zone.below(one.host))
        for value in one.values:
            target = _text(value)
            if target is None:
                continue
            target = target.rstrip(".")
            inside = target == zone.name or target.endswith(f".{zone.name}")
            served = target in hosts if inside else _served(one.host in sites, target, zone.vercel.alias)
            if not served and not (named and named.alias == target):
                yield value.problem("must lead to what is served")


def _served(is_site: bool, target: str, alias: str) -> bool:  # noqa: FBT001 - both are what is known of one record
    return is_site and target == alias
