"""The rows of what ``drift`` answers."""

from datetime import date

from pydantic import BaseModel, ConfigDict, JsonValue


class Deviation(BaseModel):
    """What one property should be and is."""

    model_config = ConfigDict(frozen=True, use_attribute_docstrings=True)

    path: str
    """Its path, such as ``spec.ports[0].port``; empty for the resource as a whole."""
    expected: JsonValue
    """What was declared; null where nothing was, ``[secret]`` where it is secret, ``exists`` for a whole resource."""
    actual: JsonValue
    """What is really there, in the same way; ``gone`` for a whole resource."""


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


class UnreachableHost(BaseModel):
    """A host that could not be looked at, so that nothing is known of what is on it."""

    model_config = ConfigDict(frozen=True, use_attribute_docstrings=True)

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


class UnreachableCluster(BaseModel):
    """A cluster, or a vector store, that does not answer, so that nothing is known of what is in it."""

    model_config = ConfigDict(frozen=True, use_attribute_docstrings=True)

    trouble: str
    """Why it could not be looked into."""
    unchecked: tuple[str, ...]
    """Logical names of what is declared in it."""
    remedy: str
    """What to do: a command, or the page that says it."""
