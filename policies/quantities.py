"""Amounts as Kubernetes writes them: `500m`, `2Gi`, `1e3`, or plain numbers."""

import re
from decimal import Decimal
from typing import Final

from policies.field import Field

_LONGEST: Final = 40
_QUANTITY = re.compile(r"([+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+))(Ki|Mi|Gi|Ti|Pi|Ei|[numkMGTPE]|[eE][+-]?[0-9]{1,3})?")
_FACTORS: Final = {
    **{unit: Decimal(1024) ** power for power, unit in enumerate(("Ki", "Mi", "Gi", "Ti", "Pi", "Ei"), 1)},
    **{
        unit: Decimal(1000) ** power for power, unit in enumerate(("n", "u", "m", "", "k", "M", "G", "T", "P", "E"), -3)
    },
}


def quantity(text: str) -> Decimal | None:
    """Return the amount that a text says; None where it says none.

    >>> quantity("500m"), quantity("2Gi"), quantity("1e3"), quantity("two")
    (Decimal('0.500'), Decimal('2147483648'), Decimal('1E+3'), None)
    """
    found = _QUANTITY.fullmatch(text) if len(text) <= _LONGEST else None
    if not found:
        return None
    number, unit = found[1], found[2] or ""
    if unit[:1] in {"e", "E"} and len(unit) > 1:
        return Decimal(number) * Decimal(f"1{unit}")
    return Decimal(number) * _FACTORS[unit]


def amount(field: Field, *, unknown: Decimal | None) -> Decimal | None:
    """Return the amount that a value is; None where there is none.

    Args:
        field: the value.
        unknown: what is given where it cannot be read, which is noted.
    """
    value = field.value
    if value is None:
        return None
    if isinstance(value, str):
        found = quantity(value)
        return field.unread("a quantity", unknown) if found is None else found
    if isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < float("inf"):
        return Decimal(str(value))
    return field.unread("a quantity", unknown)
