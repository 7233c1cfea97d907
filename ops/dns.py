"""Whether authorities and resolvers answer what the zone declares."""

from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from ipaddress import IPv4Address
from typing import Any, Final

import dns.exception
import dns.flags
import dns.message
import dns.query
import dns.rcode
import dns.rdatatype
import dns.resolver

from ops.dns_rows import NameRow
from ops.error import InputError, StateError

COMPONENT: Final = "sophia:dns:Zone"
"""The type of what declares the records."""
PORT: Final = 53

_SECONDS: Final = 3.0
_AT_ONCE: Final = 32
_FIELDS: Final = 5


@dataclass(frozen=True, slots=True)
class Server:
    """Who is asked."""

    name: str
    """What it is called in messages."""
    address: str
    """Its address."""
    port: int = PORT
    """Its port."""
    authority: bool = True
    """Whether it answers by itself, and so with the whole time that its answers may be kept."""
    tcp: bool = False
    """Whether it is asked by TCP from the first."""


@dataclass(frozen=True, slots=True)
class _Answer:
    ttl: int
    values: tuple[str, ...]


def declared(resources: Iterable[Mapping[str, Any]], stack: str) -> tuple[NameRow, ...]:
    """Return the record sets that the last run of the program declared.

    Args:
        resources: what the engine's state holds.
        stack: the stack's name.

    Raises:
        StateError: the stack has none, or its last run did not come so far.
    """
    for resource in resources:
        outputs = resource.get("outputs") or {}
        if resource.get("type") == COMPONENT and (lines := outputs.get("records")):
            return tuple(_row(text) for text in (*lines, *outputs.get("proofs", ())))
    msg = f"{stack} declares no names; ask for the stack that owns the zone (catalog/zone.yaml), after an `up` of it"
    raise StateError(msg)


def _row(text: str) -> NameRow:
    """Return what the lines of one record set say (RFC 1035, section 5)."""
    fields = [line.split(maxsplit=_FIELDS - 1) for line in text.splitlines()]
    host, ttl, _, kind, _ = fields[0]
    values = tuple(sorted(one[-1] for one in fields))
    return NameRow(host=host.removesuffix("."), type=kind, ttl=int(ttl), values=values, wrong={})


def server(text: str, *, authority: bool) -> Server:
    """Return who is asked, of how people write it.

    >>> server("192.0.2.1:5353", authority=True).port
    5353

    Args:
        text: an IPv4 address, and after a colon a port.
        authority: whether it answers by itself.

    Raises:
        InputError: it is none.
    """
    address, colon, port = text.partition(":")
    try:
        IPv4Address(address)
    except ValueError:
        address = ""
    if not address or (colon and not port.isdecimal()):
        msg = f"{text}: write an IPv4 address, and a port where it is not {PORT}: 192.0.2.1:5353"
        raise InputError(msg)
    return Server(text, address, int(port or PORT), authority=authority)


def public_servers(zone: str) -> tuple[Server, ...]:
    """Return the zone's authorities, as this computer's resolvers know them, and these resolvers.

    Args:
        zone: the zone's name.

    Raises:
        StateError: they do not know any.
    """
    try:
        resolver = dns.resolver.Resolver()
        names = sorted(str(one.target) for one in resolver.resolve(zone, "NS"))
        found = [(name, str(one)) for name in names for one in resolver.resolve(name, "A")]
    except dns.exception.DNSException as error:
        msg = (
            f"no resolver of this computer knows who answers for {zone} ({type(error).__name__}); name one: --authority"
        )
        raise StateError(msg) from None
    resolvers = [Server(f"resolver {one}", str(one), authority=False) for one in resolver.nameservers]
    return (*(Server(name.removesuffix("."), address) for name, address in found), *resolvers)


def check(rows: Sequence[NameRow], servers: Sequence[Server]) -> tuple[NameRow, ...]:
    """Return the record sets with what each server answers that is not right.

    Args:
        rows: what is declared.
        servers: who is asked.
    """
    with ThreadPoolExecutor(max_workers=_AT_ONCE) as threads:
        asked = [threads.map(partial(_wrong, row), servers) for row in rows]
        found = [{one.name: text for one, text in zip(servers, said, strict=True) if text} for said in asked]
    return tuple(row.model_copy(update={"wrong": wrong}) for row, wrong in zip(rows, found, strict=True))


def _wrong(row: NameRow, one: Server) -> str:
    try:
        answer = _ask(row, one)
    except (dns.exception.DNSException, OSError, EOFError) as error:
        return f"no answer ({type(error).__name__})"
    if answer is None:
        return "nothing is there"
    if answer.values != row.values:
        return ", ".join(answer.values)
    if one.authority and answer.ttl != row.ttl:
        return f"kept for {answer.ttl} s"
    return ""


def _ask(row: NameRow, one: Server) -> _Answer | None:
    kind = dns.rdatatype.from_text(row.type)
    query = dns.message.make_query(f"{row.host}.", kind)
    if one.tcp:
        answer = dns.query.tcp(query, one.address, timeout=_SECONDS, port=one.port)
    else:
        answer, _ = dns.query.udp_with_fallback(query, one.address, timeout=_SECONDS, port=one.port)
    if answer.rcode() not in {dns.rcode.NOERROR, dns.rcode.NXDOMAIN}:
        raise dns.resolver.NoNameservers
    for found in answer.answer:
        if found.rdtype == kind and found.name == query.question[0].name:
            return _Answer(found.ttl, tuple(sorted(record.to_text() for record in found)))
    return None
