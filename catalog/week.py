"""What a stack costs in each hour of a week."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from fractions import Fraction
from zoneinfo import ZoneInfo

from catalog.account import Account, Schedule
from catalog.bill import Bill

HOURS = 168
"""Hours of a week, which begins on Monday at 00:00 by the clock of the schedule."""

_PARTS = 60
"""Parts of an hour that are looked at: a schedule names minutes."""

_MONDAY = datetime(2024, 1, 1)  # noqa: DTZ001 - any Monday, by the schedule's own clock


def awake(schedule: Schedule | None) -> tuple[Fraction, ...]:
    """Return the part of each hour of the week in which machines exist; all of it without a schedule.

    Args:
        schedule: when they exist.
    """
    if schedule is None:
        return (Fraction(1),) * HOURS
    step = timedelta(hours=1) / _PARTS
    there = [_there(schedule, _MONDAY + step * number) for number in range(HOURS * _PARTS)]
    return tuple(Fraction(sum(there[hour * _PARTS : (hour + 1) * _PARTS]), _PARTS) for hour in range(HOURS))


def _there(schedule: Schedule, moment: datetime) -> bool:
    return schedule.awake(moment.replace(tzinfo=ZoneInfo(schedule.timezone)))


def hourly(bill: Bill, account: Account, stack: str) -> Mapping[str, tuple[Fraction, ...]]:
    """Return the cents of each hour of a week by machine.

    Machines on demand have no hours of their own: what they cost on average is told of each.

    Args:
        bill: what the stack costs.
        account: knows when machines exist.
        stack: name of the stack.
    """
    there = awake(account.schedules.get(stack))
    machines = [item for item in bill.items if item.kind == "machine"]
    if stack in account.on_demand_hours:
        return {item.name: ((item.price_cents or 0) * item.share,) * HOURS for item in machines}
    return {item.name: tuple((item.price_cents or 0) * part for part in there) for item in machines}
