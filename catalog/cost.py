"""What machines cost, in whole United States cents."""

from collections.abc import Iterable

from catalog.machine import Machine, PriceBook


def unpriced(machines: Iterable[Machine], book: PriceBook) -> list[str]:
    """Return the instance types of the machines that a price book does not price, sorted."""
    return sorted({machine.instance_type for machine in machines} - set(book.hourly_cents))


def monthly_cents(hourly: int, hours_per_month: int) -> int:
    """Return the cents of a month that runs through.

    Args:
        hourly: cents per hour.
        hours_per_month: hours that a month is counted as.
    """
    return hourly * hours_per_month


def decimal_usd(cents: int) -> str:
    """Return cents as dollars for programs: a plain decimal number.

    >>> decimal_usd(536550), decimal_usd(7), decimal_usd(-150)
    ('5365.50', '0.07', '-1.50')
    """
    return usd(cents).replace(",", "")


def usd(cents: int) -> str:
    """Return cents as dollars for people.

    >>> usd(536550), usd(735), usd(-150)
    ('5,365.50', '7.35', '-1.50')
    """
    return f"{'-' if cents < 0 else ''}{abs(cents) // 100:,}.{abs(cents) % 100:02d}"
