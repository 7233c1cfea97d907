"""What a test says to a provider and hears from it, as plain values with marks."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from providers.kit.paths import Path
from providers.kit.values import Values, at, decode, encode


@dataclass(frozen=True)
class Secret:
    """A value that is marked secret."""

    value: Any
    """The value."""


@dataclass(frozen=True)
class Checked:
    """The answer to a check."""

    inputs: Mapping[str, Any]
    """Inputs as they go on."""
    failures: Mapping[str, str]
    """What is wrong, by property path; those that must not name a property are one text under the empty path."""


@dataclass(frozen=True)
class Diff:
    """The answer to a diff."""

    changes: bool
    """Whether anything differs."""
    details: Mapping[str, str]
    """What happens, by property path: ``update``, ``add-replace`` and so on."""
    replaces: Sequence[str]
    """Inputs the resource has to be replaced for."""
    diffs: Sequence[str]
    """Inputs that differ."""
    delete_before_replace: bool
    """Whether the old one goes first."""


@dataclass(frozen=True)
class State:
    """What the engine records of a resource."""

    id: str
    """Its id; empty in a preview, and where a read finds nothing."""
    outputs: Mapping[str, Any]
    """Its outputs."""
    inputs: Mapping[str, Any] = field(default_factory=dict)
    """Its inputs."""


def struct(values: Mapping[str, Any]) -> Any:
    """Return properties as a message; ``Secret`` marks what is secret."""
    secrets: set[Path] = set()

    def unmarked(value: Any, path: Path) -> Any:
        if isinstance(value, Secret):
            secrets.add(path)
            return unmarked(value.value, path)
        if isinstance(value, Mapping):
            return {key: unmarked(item, (*path, key)) for key, item in value.items()}
        if isinstance(value, list | tuple):
            return [unmarked(item, (*path, index)) for index, item in enumerate(value)]
        return value

    found = {key: unmarked(value, (key,)) for key, value in values.items()}
    return encode(Values(found, frozenset(secrets)))


def plain(message: Any) -> dict[str, Any]:
    """Return a message as properties; what is marked secret is a ``Secret``."""
    values = decode(message)
    root: Any = values.plain
    # From the inside out, so that a secret within a secret keeps its own mark.
    for path in sorted(values.secrets, key=len, reverse=True):
        above = at(root, path[:-1])
        above[path[-1]] = Secret(above[path[-1]])
    return values.plain


def bare(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return properties without marks."""
    return decode(struct(values)).plain
