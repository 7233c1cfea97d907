"""What the stacks share in the Lambda Cloud account, and when machines exist."""

from collections.abc import Mapping
from datetime import datetime, time, timedelta
from typing import Annotated, Literal
from zoneinfo import ZoneInfo, available_timezones

from pydantic import AfterValidator, Field

from catalog.machine import RegionName
from catalog.model import DnsLabel, Model

Day = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
"""A day of the week."""

_DAYS: tuple[Day, ...] = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_HOURS_PER_WEEK = 168


def _known_zone(name: str) -> str:
    if name not in available_timezones():
        message = "a time zone is a name of the IANA database, such as America/Denver"
        raise ValueError(message)
    return name


def _clock_time(text: str) -> str:
    time.fromisoformat(text)
    return text


ClockTime = Annotated[str, Field(pattern=r"^[0-2][0-9]:[0-5][0-9]$"), AfterValidator(_clock_time)]
"""A time of day, such as ``07:00``."""

TagKey = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-:]+$", max_length=55)]
"""The key of an instance's tag (Lambda Cloud API 1.10.0)."""

TagValue = Annotated[str, Field(max_length=128)]
"""The value of an instance's tag (Lambda Cloud API 1.10.0)."""


FileSystemName = Annotated[str, Field(pattern=r"^[a-zA-Z]+[0-9a-zA-Z-]*$", max_length=60)]
"""The name of a file system (Lambda Cloud API 1.10.0)."""


class Schedule(Model):
    """When the machines of a stack exist: on these days, between two times of day."""

    days: Annotated[tuple[Day, ...], Field(min_length=1)]
    """Days on which they are awake."""
    start: ClockTime
    """When they wake."""
    end: ClockTime
    """When they go to sleep; later than the start."""
    timezone: Annotated[str, AfterValidator(_known_zone)]
    """Whose clock counts, by its IANA name."""

    @property
    def hours_per_week(self) -> float:
        """Hours of a week in which the machines are billed.

        >>> Schedule(days=("monday", "friday"), start="07:00", end="19:30", timezone="UTC").hours_per_week
        25.0
        """
        span = _since_midnight(self.end) - _since_midnight(self.start)
        return len(self.days) * span.total_seconds() / 3600

    def awake(self, moment: datetime) -> bool:
        """Whether the machines should exist at a moment, which names its time zone.

        >>> schedule = Schedule(days=("monday",), start="07:00", end="19:00", timezone="America/Denver")
        >>> schedule.awake(datetime.fromisoformat("2026-11-23T14:30:00+00:00"))
        True
        """
        local = moment.astimezone(ZoneInfo(self.timezone))
        hours = time.fromisoformat(self.start) <= local.time() < time.fromisoformat(self.end)
        return hours and _DAYS[local.weekday()] in self.days

    def share(self) -> float:
        """Return the part of a month in which the machines are billed, between 0 and 1."""
        return self.hours_per_week / _HOURS_PER_WEEK

    def __str__(self) -> str:
        """Say it for people and for the tag of an instance."""
        return f"{'-'.join(day[:3] for day in self.days)} {self.start}-{self.end} {self.timezone}"


class FileSystem(Model):
    """A persistent file system of Lambda Cloud."""

    owner: DnsLabel
    """The stack that owns it."""
    region: RegionName
    """Its region, for good."""
    machines: tuple[DnsLabel, ...] = ()
    """Machines that are launched with it, in its region."""
    expected_gib: Annotated[int, Field(ge=0)] | None = None
    """GiB that it is expected to hold, by which it is billed; while that is absent, what it costs is not known."""


class Account(Model):
    """The one account of all stacks."""

    owner: DnsLabel
    """The stack that manages what is account-wide."""
    ssh_key: Annotated[str, Field(min_length=1, max_length=64)]
    """Name of the SSH key that machines are launched with."""
    tags: Mapping[TagKey, TagValue]
    """Tags that every machine is launched with."""
    file_systems: Mapping[FileSystemName, FileSystem] = {}
    """File systems by name."""
    schedules: Mapping[DnsLabel, Schedule] = {}
    """When the machines of a stack exist, by stack; around the clock where none is named."""
    on_demand_hours: Mapping[DnsLabel, Annotated[int, Field(ge=0)]] = {}
    """Hours a month that the machines of an on-demand stack are expected to exist, by stack."""


def _since_midnight(text: str) -> timedelta:
    moment = time.fromisoformat(text)
    return timedelta(hours=moment.hour, minutes=moment.minute)
