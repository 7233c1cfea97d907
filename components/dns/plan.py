"""What the records of the zone are called, and how zone files have them."""

from collections.abc import Sequence

from catalog.records import RecordSet
from catalog.zone import Zone


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


def line(one: RecordSet, values: Sequence[str]) -> str:
    """Return a record set as zone files have it (RFC 1035, section 5): a line for each record.

    Args:
        one: the record set.
        values: what its records say.
    """
    return "\n".join(f"{one.host}. {one.ttl} IN {one.type} {value}" for value in values)
