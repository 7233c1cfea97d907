"""Backups of data services: when, how long they are kept, and as whom each service is spoken to."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, date, datetime, time, timedelta
from itertools import product
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from catalog.account import Account
from catalog.model import DnsLabel, EnvName, Model
from catalog.object_storage import ObjectStorage
from catalog.offence import Offence
from catalog.quantity import MemoryQuantity
from catalog.workload import Image, Resources

Verb = Literal["backup", "drill", "restore"]
"""What is done: keep, try out beside what there is, load in its place."""

VERBS: tuple[Verb, ...] = ("backup", "drill", "restore")

_FIELDS = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 6))
"""The least and the greatest value of each field of cron: minute, hour, day, month, day of the week."""


def _known_cron(text: str) -> str:
    for field, (least, most) in zip(text.split(), _FIELDS, strict=True):
        if not (values := _values(field, least, most)) or not {*range(least, most + 1)} >= values:
            message = f"{field} is none of cron's values from {least} to {most}"
            raise ValueError(message)
    return text


_ITEM = r"(\*|[0-9]{1,2}(-[0-9]{1,2})?)(/[1-9][0-9]?)?"
Schedule = Annotated[
    str,
    Field(pattern=rf"^{_ITEM}(,{_ITEM})*( {_ITEM}(,{_ITEM})*){{4}}$", examples=["0 2 * * *"]),
    AfterValidator(_known_cron),
]
"""When, in the five fields of cron, in UTC."""


class Backup(Model):
    """How one data service is spoken to."""

    settings: Mapping[EnvName, str]
    """Plain environment of all that is done with it; ``{host}`` stands for its name in the cluster."""
    backup: Mapping[EnvName, EnvName]
    """Secrets by the variable that holds them, of one who may read everything."""
    drill: Mapping[EnvName, EnvName]
    """The same of one who may make something beside what there is, and remove that."""
    restore: Mapping[EnvName, EnvName]
    """The same of one who may write in its place."""
    writing_settings: Mapping[EnvName, str] = {}
    """Plain environment that differs where something is written: in a drill, and in a restore."""

    def secrets(self, verb: Verb) -> Mapping[str, str]:
        """Return the canonical names of secrets by the variable that holds each.

        Args:
            verb: what is done.
        """
        return {"backup": self.backup, "drill": self.drill, "restore": self.restore}[verb]

    def environment(self, verb: Verb, host: str) -> dict[str, str]:
        """Return the plain environment.

        Args:
            verb: what is done.
            host: the service's name in the cluster.
        """
        told = {**self.settings, **(self.writing_settings if verb != "backup" else {})}
        return {name: value.replace("{host}", host) for name, value in told.items()}


class Times(Model):
    """When a stack's data services are backed up, and their newest backups tried out."""

    schedule: Schedule
    """When services are backed up."""
    drill_schedule: Schedule
    """When the newest backups are tried out."""


class Backups(Times):
    """The file ``catalog/backups.yaml``."""

    image: Image
    """What does it."""
    bucket: DnsLabel
    """The purpose of the buckets that they are kept in (``catalog/object_storage.yaml``)."""
    stacks: Mapping[DnsLabel, Times] = {}
    """Stacks that have times of their own."""
    retention: Annotated[
        Mapping[Literal["hourly", "daily", "weekly", "monthly"], Annotated[int, Field(ge=1)]], Field(min_length=1)
    ]
    """How many backups of a service are kept, by period."""
    aside: MemoryQuantity
    """Upper bound of what a pod writes aside."""
    resources: Resources
    """What one pod asks for and may use."""
    services: Mapping[DnsLabel, Backup]
    """Services by name."""

    def of(self, stack: str) -> "Backups":
        """Return the same with a stack's own times.

        Args:
            stack: name of the stack.
        """
        return self.model_copy(update=dict(self.stacks[stack])) if stack in self.stacks else self


def sleeping(
    backups: Backups, at: Callable[[str], str], account: Account, stacks: Iterable[str], today: date
) -> Iterator[Offence]:
    """Yield the schedules that want a stack backed up while its machines do not exist.

    Args:
        backups: the file.
        at: gives the path of a field.
        account: knows when machines exist.
        stacks: names of the stacks.
        today: the day, in UTC, from which a year is looked at.
    """
    for stack in sorted(backups.stacks.keys() - {*stacks}):
        yield Offence(at(f"stacks.{stack}"), stack, "it is a stack of limits.yaml", "correct its name")
    for stack, awake in account.schedules.items():
        own = f"stacks.{stack}." if stack in backups.stacks else ""
        times = backups.of(stack)
        if awake.hours_per_week <= 0:
            continue  # that is told already
        for field, schedule in (("schedule", times.schedule), ("drill_schedule", times.drill_schedule)):
            missed = next((one for one in _moments(schedule, today) if not awake.awake(one)), None)
            if missed:
                rule = f"{stack} is awake then, and at {missed:%A %H:%M} UTC it is not ({awake})"
                remedy = f"state {field} in stacks.{stack}, at hours in which it is awake the whole year"
                yield Offence(at(f"{own}{field}"), schedule, rule, remedy)


def _moments(schedule: str, today: date) -> Iterator[datetime]:
    """Yield the moments of a year that a schedule names, as cron has it: by either day where both are restricted."""
    fields = schedule.split()
    minutes, hours, days, months, weekdays = (
        _values(field, *bounds) for field, bounds in zip(fields, _FIELDS, strict=True)
    )
    either = not (fields[2].startswith("*") or fields[4].startswith("*"))
    for day in (today + timedelta(days=n) for n in range(366)):
        named = (day.day in days, day.isoweekday() % 7 in weekdays)
        if day.month in months and (any(named) if either else all(named)):
            for hour, minute in product(sorted(hours), sorted(minutes)):
                yield datetime.combine(day, time(hour, minute), UTC)


def _values(field: str, least: int, most: int) -> set[int]:
    """Return the values that a field of cron names."""
    found: set[int] = set()
    for item in field.split(","):
        span, _, step = item.partition("/")
        first, _, last = (f"{least}-{most}" if span == "*" else span).partition("-")
        end = int(last) if last else most if step else int(first)
        found |= {*range(int(first), end + 1, int(step or 1))}
    return found


def offences(
    backups: Backups,
    at: Callable[[str], str],
    *,
    data: frozenset[str],
    storage: ObjectStorage | None,
    secrets: Mapping[str, str],
) -> Iterator[Offence]:
    """Yield what is wrong between backups, data services, buckets and secrets.

    Args:
        backups: the file.
        at: gives the path of a field.
        data: names of the data services that keep volumes.
        storage: the buckets; None where they cannot be read, which is told already.
        secrets: canonical name by every name of a secret.
    """
    for name in sorted(data - backups.services.keys()):
        yield Offence(at("services"), name, "each data service is backed up", "say how it is spoken to")
    for name in sorted(backups.services.keys() - data):
        remedy = f"remove it, or choose one of: {', '.join(sorted(data))}"
        yield Offence(at(f"services.{name}"), name, "it is a data service of catalog/data/", remedy)
    if storage is not None and backups.bucket not in storage.buckets:
        remedy = f"choose one of: {', '.join(storage.buckets)}"
        yield Offence(at("bucket"), backups.bucket, "it is a purpose of object_storage.yaml", remedy)
    for name, one in backups.services.items():
        for verb in VERBS:
            for variable, secret in one.secrets(verb).items():
                if secrets.get(secret) != secret:
                    rule, remedy = "a secret is used by its canonical name", "correct it, or add it to secrets.yaml"
                    yield Offence(at(f"services.{name}.{verb}.{variable}"), secret, rule, remedy)
