"""The rows of what ``drift`` answers."""

from datetime import date, datetime

from pydantic import JsonValue

from catalog.drift_classes import DriftClass
from ops.row import Row


class Deviation(Row):
    """What one property should be and is."""

    path: str
    """Its path, such as ``spec.ports[0].port``; empty for the resource as a whole."""
    expected: JsonValue
    """What was declared; null where nothing was, ``[secret]`` where it is secret, ``exists`` for a whole resource."""
    actual: JsonValue
    """What is really there, in the same way; ``gone`` for a whole resource, ``changed`` for a secret."""
    drift_class: DriftClass = DriftClass.AVAILABILITY
    """What it endangers, by ``catalog/drift_classes.yaml``."""


class IgnoredDeviation(Deviation):
    """A deviation that an entry of the catalog bears for a while."""

    component: str
    """The component that the resource belongs to."""
    resource: str
    """Logical name of the resource."""
    reason: str
    """Why it is borne."""
    owner: str
    """Who answers for it."""
    expires: date
    """The first day on which it is a drift again."""


class UnreachableHost(Row):
    """A host that could not be looked at, so that nothing is known of what is on it."""

    host: str
    """Its name: the machine's."""
    resource: str
    """Logical name of its ``Host``, which an entry that bears this names, with the path ``reachable``."""
    trouble: str
    """Why it could not be reached."""
    unchecked: tuple[str, ...] = ()
    """Logical names of the resources on it."""
    remedy: str
    """The page that says what to do."""


class UnreachableCluster(Row):
    """A cluster, or a vector store, that does not answer, so that nothing is known of what is in it."""

    trouble: str
    """Why it could not be looked into."""
    unchecked: tuple[str, ...]
    """Logical names of what is declared in it."""
    remedy: str
    """What to do: a command, or the page that says it."""


class SilentProvider(Row):
    """A provider whose API does not answer, or refuses, so that nothing is known of what it keeps."""

    provider: str
    """The provider, such as ``vercel``."""
    trouble: str
    """What it says, or that it says nothing."""
    unchecked: tuple[str, ...] = ()
    """Logical names of what is declared there."""
    remedy: str
    """What to do."""


class UnmanagedThing(Row):
    """Something that is there, and that nobody declared."""

    provider: str
    """Where it is, such as ``vercel``."""
    type: str
    """The type of resources that would declare it."""
    name: str
    """Its name there."""
    id: str
    """By which it would be imported, or removed."""
    drift_class: DriftClass = DriftClass.AVAILABILITY
    """What it endangers."""
    monthly_usd: str | None = None
    """What it costs a month, in dollars; null where nobody says."""
    first_seen: datetime | None = None
    """When a check found it first, in UTC."""
    age_seconds: int = 0
    """How long ago that was."""


class Coverage(Row):
    """How much of what is there is declared, of one kind."""

    provider: str
    """Where it is."""
    type: str
    """The type of resources that declare it."""
    managed: int = 0
    """How many are declared."""
    known: int = 0
    """How many are not, and the catalog says who brings them."""
    unmanaged: int = 0
    """How many are not, and nobody says so."""
    percent: float | None = None
    """Declared ones among all but the known; null where there is none, or where it could not be listed."""
    unlisted: str = ""
    """Why it could not be listed; empty where it was."""
