"""What is told of secrets: names, ages and fingerprints, never a value."""

from datetime import date, datetime
from enum import StrEnum

from ops.row import Row


class Deed(StrEnum):
    """What became of one secret."""

    SET = "set"
    """It had no value, and has one now."""
    REPLACED = "replaced"
    """What is given is newer."""
    DRAWN = "drawn"
    """A value was made for it here."""
    SAME = "same"
    """It had the given value already."""
    KEPT = "kept"
    """What Pulumi ESC has is newer than what is given, or nothing says which is."""
    ABSENT = "absent"
    """Nothing was given, and it has no value."""
    UNGIVEN = "ungiven"
    """Nothing was given, and it has a value."""


class _OfASecret(Row):
    name: str
    """Canonical name of the secret."""


class PushedRow(_OfASecret):
    """One secret that was, or would be, pushed."""

    deed: Deed
    """What became of it, or would."""
    source: str = ""
    """The variable that gives it; an older name for it where it is not its own."""
    given: str = ""
    """Fingerprint of the given value; comparable within one stack alone."""
    kept: str = ""
    """Fingerprint of the value in Pulumi ESC before."""


class AuditRow(_OfASecret):
    """What is known of one secret."""

    group: str
    """The part of the environment that holds it."""
    kind: str = ""
    """What it is, which decides how often it is rotated."""
    users: tuple[str, ...] = ()
    """Who needs it."""
    owners: tuple[str, ...] = ()
    """Who answers for those that need it."""
    since: datetime | None = None
    """When its value was set; null where nobody wrote it down."""
    by: str = ""
    """How it was set: by push, or by rotate."""
    age_days: int | None = None
    """How old its value is."""
    due: date | None = None
    """When it is to be rotated; null where its kind is not rotated by schedule, or its age is not known."""
    findings: tuple[str, ...] = ()
    """What is wrong with it."""


class RotationRow(_OfASecret):
    """One secret that was rotated, or that a person has to rotate."""

    way: str
    """How it is rotated: overlapping, drawn, or by hand."""
    steps: tuple[str, ...] = ()
    """What was done, in its order."""
    task: str = ""
    """What a person has to do; empty where it was done."""
    due: date | None = None
    """Until when."""


class FoundRow(_OfASecret):
    """One secret that stands somewhere unencrypted."""

    form: str
    """How it stands there: plain, base64, hex, URL or JSON."""
    kind: str
    """What sort of place it is: states, logs, disks, files, caches, processes or objects."""
    place: str
    """Where."""
    why: str = ""
    """What the place is, where it is made to hold secrets and root alone reads it."""
