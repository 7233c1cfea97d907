"""The records of the zone, which follow from what the catalog says of sites, gateways and machines."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from catalog.facts import Facts
from catalog.site import FrontEnd
from catalog.zone import Zone


class RecordType(StrEnum):
    """What a record says."""

    A = "A"
    """An IPv4 address."""
    CNAME = "CNAME"
    """Another name (RFC 1034, section 3.6.2)."""
    TXT = "TXT"
    """A text."""
    CAA = "CAA"
    """Who may sign certificates (RFC 8659)."""


@dataclass(frozen=True, slots=True, order=True)
class RecordSet:
    """All records of one type at one name, which a resolver is given together (RFC 2181, section 5)."""

    host: str
    """The whole name, without the dot at its end."""
    type: RecordType
    """What they say."""
    ttl: int
    """How long they may be kept, in seconds."""
    values: tuple[str, ...]
    """What they say, in the form of zone files, sorted; empty where that is the address of a machine."""
    owner: str
    """What in the catalog they follow from."""
    machine: str = ""
    """The machine whose address they say."""

    @property
    def key(self) -> str:
        """What it is known by: host and type."""
        return f"{self.host} {self.type}"


def records(facts: Facts, frontend: FrontEnd) -> tuple[RecordSet, ...]:
    """Return the record sets of the zone, sorted by name.

    Args:
        facts: what the catalog knows.
        frontend: who serves the sites.
    """
    sets = [_authorities(facts), *_of_hosts(facts), *_of_gateways(facts)]
    return tuple(sorted([*sets, *(_at_vercel(facts) if frontend == "vercel" else _in_cluster(facts))]))


def verification(zone: Zone, host: str, texts: Sequence[str]) -> RecordSet:
    """Return what proves to Vercel who owns names.

    Args:
        zone: the zone.
        host: where it is to stand.
        texts: what Vercel asks for, sorted.
    """
    return RecordSet(host, RecordType.TXT, zone.ttl.verification, tuple(f'"{text}"' for text in texts), "Vercel")


def addressed(sets: Iterable[RecordSet], addresses: Mapping[str, str]) -> Iterator[RecordSet]:
    """Yield record sets with the addresses of their machines; one whose machine has none is left out.

    Args:
        sets: the record sets.
        addresses: addresses by machine.
    """
    for one in sets:
        if not one.machine:
            yield one
        elif address := addresses.get(one.machine):
            yield RecordSet(one.host, one.type, one.ttl, (address,), one.owner, one.machine)


def expected(facts: Facts) -> dict[str, str]:
    """Return the addresses that machines are known to have, by machine."""
    return {name: one.expected_ip for name, one in facts.machines.items() if one.expected_ip}


def _entrance(facts: Facts, stack: str) -> str | None:
    """Return the machine that a stack's gateway is reached at; none where the stack has no server."""
    return next((name for name, one in facts.machines.items() if one.owner == stack and one.k3s == "server"), None)


def _of_hosts(facts: Facts) -> Iterator[RecordSet]:
    zone = facts.zone
    for below, one in zone.hosts.items():
        values, kind = ((f"{one.alias}.",), RecordType.CNAME) if one.alias else ((), RecordType.A)
        yield RecordSet(zone.host(below), kind, zone.ttl.address, values, "zone", one.machine or "")


def _of_gateways(facts: Facts) -> Iterator[RecordSet]:
    for stack, host in facts.gateway.hosts.items():
        if machine := _entrance(facts, stack):
            yield RecordSet(host, RecordType.A, facts.zone.ttl.address, (), f"gateway of {stack}", machine)


def _in_cluster(facts: Facts) -> Iterator[RecordSet]:
    machine = _entrance(facts, facts.sites.owner)
    for name, site in facts.sites.sites.items() if machine else ():
        for host in site.domains:
            yield RecordSet(host, RecordType.A, facts.zone.ttl.site, (), f"site {name}", machine or "")


def _at_vercel(facts: Facts) -> Iterator[RecordSet]:
    zone = facts.zone
    for name, site in facts.sites.sites.items():
        for host in site.domains:
            # At www too there is an address (platform specification, 3.2).
            by_address = zone.below(host) in {"", "www"}
            kind = RecordType.A if by_address else RecordType.CNAME
            value = zone.vercel.address if by_address else f"{zone.vercel.alias}."
            yield RecordSet(host, kind, zone.ttl.site, (value,), f"site {name}")


def _authorities(facts: Facts) -> RecordSet:
    zone = facts.zone
    signing = [f'0 issue "{one}"' for one in zone.certificate_authorities]
    # Nobody needs a certificate for all names, and whoever is asked for one is to tell us.
    values = (*signing, '0 issuewild ";"', f'0 iodef "mailto:{zone.contact}"')
    return RecordSet(zone.name, RecordType.CAA, zone.ttl.authority, tuple(sorted(values)), "zone")
