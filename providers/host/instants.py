"""Points in time as inputs: an instant has one spelling, in UTC."""

from datetime import UTC, datetime
from typing import Annotated

from pydantic import AfterValidator


def instant(text: str) -> str:
    """Return a point in time in its one spelling, `2026-12-01T12:00:00Z`.

    Args:
        text: an ISO 8601 date and time that says its time zone.

    Raises:
        ValueError: when it is none.
    """
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        message = f"{text!r} is no date and time; write one such as 2026-12-01T12:00:00Z"
        raise ValueError(message) from None
    if moment.tzinfo is None:
        message = f"{text!r} does not say its time zone; write {moment.isoformat()}Z if UTC is meant"
        raise ValueError(message)
    return spelt(moment.timestamp())


def spelt(seconds: float) -> str:
    """Return seconds since 1970 as an instant, rounded to a whole second."""
    return datetime.fromtimestamp(round(seconds), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def seconds(text: str) -> int:
    """Return an instant as whole seconds since 1970."""
    return int(datetime.fromisoformat(text).timestamp())


Instant = Annotated[str, AfterValidator(instant)]
"""A point in time as an input."""
