"""What the records of the zone are called, and how zone files have them."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeVar

import catalog
from catalog.records import RecordSet, verification
from catalog.zone import Zone

T = TypeVar("T")


def logical(one: RecordSet, zone: Zone) -> list[str]:
    """Return a part of the logical name of each record of a set.

    Args:
        one: the record set.
        zone: the zone.
    """
    below = (zone.below(one.host) or "apex").replace(".", "-").lstrip("_")
    called = f"{below}-{one.type.lower()}"
    several = len(one.values) > 1
    return [f"{called}-{number}" for number in range(1, len(one.values) + 1)] if several else [called]


def proofs(found: Mapping[str, Mapping[str, str]], stack: catalog.Stack) -> list[RecordSet]:
    """Return the record sets that prove to Vercel who owns hosts.

    Args:
        found: texts by the name at which each is to stand, by host.
        stack: the stack that owns the zone.
    """
    texts: dict[str, set[str]] = {}
    for one in found.values():
        for host, text in one.items():
            texts.setdefault(host, set()).add(text)
    return [verification(stack.zone, host, sorted(values)) for host, values in sorted(texts.items())]


def declared(sets: Iterable[RecordSet], values: Callable[[RecordSet], Sequence[T]]) -> dict[str, dict[str, Any]]:
    """Return record sets as an authority is told of them, by key.

    Args:
        sets: the record sets.
        values: gives what the records of each say.
    """
    return {one.key: {"ttl": one.ttl, "values": [*values(one)]} for one in sets}


def line(one: RecordSet, values: Sequence[str]) -> str:
    """Return a record set as zone files have it (RFC 1035, section 5): a line for each record.

    Args:
        one: the record set.
        values: what its records say.
    """
    return "\n".join(f"{one.host}. {one.ttl} IN {one.type} {value}" for value in values)
