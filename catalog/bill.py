"""What a stack costs, item by item, in whole United States cents."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import Literal

from catalog.account import Account, Schedule
from catalog.limits import Limits
from catalog.machine import Machine, PriceBook
from catalog.offence import Offence
from catalog.site import Sites

Kind = Literal["machine", "file system", "seat"]
"""What is billed."""

SEATS = "vercel"
"""The service that bills the people who deploy sites."""

_HOURS_PER_WEEK = 168
_MONTHS_PER_YEAR = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One thing that is billed."""

    name: str
    """Its name."""
    kind: Kind
    """What it is."""
    what: str
    """What the book prices it as, such as an instance type."""
    unit: Literal["hours", "GiB", "seats"]
    """What its price is for."""
    quantity: int | None
    """How many of these a month has, when all exists around the clock; None where nobody says."""
    price_cents: int | None
    """Cents per unit; None where the book has no price, which is never counted as nothing."""
    share: Fraction = Fraction(1)
    """The part of a month in which it is expected to exist."""

    @property
    def priced(self) -> bool:
        """Whether it is known what it costs."""
        return self.price_cents is not None and self.quantity is not None

    @property
    def monthly_cents(self) -> int:
        """Cents of a month that runs through; 0 where that is not known, which `priced` tells."""
        return (self.price_cents or 0) * (self.quantity or 0)

    @property
    def expected_cents(self) -> int:
        """Cents of the part of a month in which it is expected to exist."""
        return round(self.monthly_cents * self.share)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bill:
    """What a stack costs."""

    items: tuple[Item, ...]
    """All that is billed: machines in the stack's order, then file systems, then seats."""
    book: str
    """Name of the price book."""
    as_of: date
    """The day its prices were read."""
    source: str
    """Where they were read."""

    @property
    def unpriced(self) -> tuple[Item, ...]:
        """What nobody knows the price of; it is in no sum."""
        return tuple(one for one in self.items if not one.priced)

    @property
    def hourly_cents(self) -> int:
        """Cents per hour of what is billed by the hour."""
        return sum(one.price_cents or 0 for one in self.items if one.unit == "hours")

    @property
    def monthly_cents(self) -> int:
        """Cents of a month in which everything exists all the time."""
        return sum(one.monthly_cents for one in self.items)

    @property
    def yearly_cents(self) -> int:
        """Cents of twelve such months."""
        return self.monthly_cents * _MONTHS_PER_YEAR

    @property
    def expected_cents(self) -> int:
        """Cents of a month in which machines exist as their schedule has it, or as long as they are expected to."""
        return sum(one.expected_cents for one in self.items)


def bill(
    stack: str,
    machines: Mapping[str, Machine],
    book: PriceBook,
    name: str,
    *,
    account: Account | None,
    sites: Sites | None,
    limits: Limits,
) -> Bill:
    """Return what a stack costs.

    Args:
        stack: name of the stack.
        machines: its machines by name.
        book: the prices.
        name: the name of the book.
        account: knows file systems and when machines exist; None where that cannot be read, which is told already.
        sites: whose seats their owner pays; None in the same way.
        limits: how many hours a month is counted as.
    """
    share = Fraction(1) if account is None else _share(account, stack, limits.hours_per_month)
    items = (
        *_machines(machines, book, limits.hours_per_month, share),
        *_file_systems(stack, book, account),
        *_seats(stack, book, sites),
    )
    return Bill(items=items, book=name, as_of=book.as_of, source=book.source)


def machine_items(types: Mapping[str, str], book: PriceBook, hours: int) -> tuple[Item, ...]:
    """Return machines around the clock, by what they are.

    Args:
        types: instance types by the machine's name.
        book: the prices.
        hours: hours that a month is counted as.
    """
    return tuple(_machine(name, what, book, hours) for name, what in types.items())


def _machines(machines: Mapping[str, Machine], book: PriceBook, hours: int, share: Fraction) -> Iterator[Item]:
    for name, machine in machines.items():
        yield _machine(name, machine.instance_type, book, hours, share)


def _machine(name: str, what: str, book: PriceBook, hours: int, share: Fraction = Fraction(1)) -> Item:
    price = book.hourly_cents.get(what)
    return Item(name=name, kind="machine", what=what, unit="hours", quantity=hours, price_cents=price, share=share)


def _file_systems(stack: str, book: PriceBook, account: Account | None) -> Iterator[Item]:
    systems = {} if account is None else account.file_systems
    for name, system in systems.items():
        if system.owner == stack:
            price = book.file_system_gib_cents
            yield Item(
                name=name, kind="file system", what="GiB", unit="GiB", quantity=system.expected_gib, price_cents=price
            )


def _seats(stack: str, book: PriceBook, sites: Sites | None) -> Iterator[Item]:
    if sites is not None and sites.owner == stack:
        price = book.seat_cents.get(SEATS)
        yield Item(name=sites.team, kind="seat", what=SEATS, unit="seats", quantity=sites.seats, price_cents=price)


def _share(account: Account, stack: str, hours: int) -> Fraction:
    if stack in account.on_demand_hours:
        return Fraction(account.on_demand_hours[stack], hours)
    schedule = account.schedules.get(stack)
    return Fraction(1) if schedule is None else awake_share(schedule)


def awake_share(schedule: Schedule) -> Fraction:
    """Return the part of a month in which machines exist by a schedule."""
    return Fraction(round(schedule.hours_per_week * 60), 60 * _HOURS_PER_WEEK)


def unpriced(items: Iterable[Item], path: str) -> Iterator[Offence]:
    """Yield what is billed and has no price: an unknown price is never counted as nothing.

    Args:
        items: what is billed; machines are judged by ``machine_rules.of_prices``.
        path: the file of the price book.
    """
    for item in items:
        if item.kind == "machine" or item.priced:
            continue
        field = {"file system": "file_system_gib_cents", "seat": f"seat_cents.{item.what}"}[item.kind]
        if item.price_cents is None:
            rule = f"the {item.kind} {item.name} has a price in the book that counts"
            yield Offence(f"{path}: {field}", "absent", rule, "add the price with its source, or use another book")
        else:
            rule = "a file system is billed by what it holds, so that this is estimated"
            where = f"catalog/account.yaml: file_systems.{item.name}.expected_gib"
            yield Offence(where, "absent", rule, "say how many GiB it will hold")


def stale(bill: Bill, today: date, max_age_days: int) -> Offence | None:
    """Return what is wrong when the prices are too old to tell what a stack costs; None when they are not.

    Args:
        bill: what was priced by them.
        today: the day, in UTC.
        max_age_days: days that prices are good for.
    """
    age = (today - bill.as_of).days
    path = f"catalog/prices/{bill.book}.yaml: as_of"
    if age < 0:
        rule, remedy = f"prices were read before today, {today}", "correct the date"
        return Offence(path, str(bill.as_of), rule, remedy)
    if age > max_age_days:
        rule = f"prices are at most {max_age_days} days old (catalog/limits.yaml), and these are {age}"
        return Offence(path, str(bill.as_of), rule, "run `./sophia lock prices`, and commit the result")
    return None
