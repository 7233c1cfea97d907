"""A resource graph as plain data."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Self

import catalog

SECRET = "[secret]"  # noqa: S105 - what stands where a secret was
"""What stands in a graph where the program passed a secret."""

UNKNOWN = "[unknown]"
"""What stands in a graph where the program passed a value that only a deployment knows."""


@dataclass(frozen=True, slots=True)
class Resource:
    """One registered resource: what the engine would be told about it, its secrets redacted."""

    urn: str
    """Identity in the stack."""
    type: str
    """Type token."""
    name: str
    """Logical name."""
    custom: bool
    """Whether a provider manages it; components are not."""
    parent: str = ""
    """URN of its parent; empty at the root."""
    provider: str = ""
    """URN of its explicit provider; empty for the default one."""
    inputs: Mapping[str, Any] = field(default_factory=dict)
    """What it is given."""
    dependencies: tuple[str, ...] = ()
    """URNs it waits for."""
    options: Mapping[str, Any] = field(default_factory=dict)
    """Options that differ from the default: protect, retain, import id, aliases, ignored changes."""
    position: str = ""
    """Where the program registers it, as ``file:line``; no part of the graph as JSON, which such lines would fill."""


@dataclass(frozen=True)
class Graph:
    """All resources of one stack by URN, in the order of their URNs, and the stack's exports."""

    stack: str
    """Name of the stack."""
    resources: Mapping[str, Resource]
    """Resources by URN."""
    outputs: Mapping[str, Any]
    """The stack's exports, secrets redacted."""
    chosen: catalog.Stack | None = None
    """What the stack chose from the catalog; absent in a graph that was read from JSON."""

    @property
    def choice(self) -> catalog.Stack:
        """What the stack chose from the catalog.

        Raises:
            LookupError: the graph was read from JSON.
        """
        if self.chosen is None:
            msg = "a graph that was read from JSON does not hold the stack's choice; render it"
            raise LookupError(msg)
        return self.chosen

    def __iter__(self) -> Iterator[Resource]:
        return iter(self.resources.values())

    def __len__(self) -> int:
        return len(self.resources)

    def of_type(self, *types: str) -> tuple[Resource, ...]:
        """Return the resources of the given type tokens."""
        return tuple(resource for resource in self if resource.type in types)

    def to_json(self) -> str:
        """Return the graph as JSON text, equal for equal graphs, one line per value so that differences read well."""
        resources = [_without_empty(asdict(resource)) for resource in self]
        document = {"stack": self.stack, "outputs": self.outputs, "resources": resources}
        return json.dumps(document, indent=1, sort_keys=True) + "\n"

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Return the graph that ``to_json`` wrote.

        >>> Graph.from_json(Graph("dev", {}, {}).to_json()) == Graph("dev", {}, {})
        True
        """
        document = json.loads(text)
        resources = [Resource(**{**r, "dependencies": tuple(r.get("dependencies", ()))}) for r in document["resources"]]
        return cls(document["stack"], {r.urn: r for r in resources}, document["outputs"])


def _without_empty(resource: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in resource.items() if value not in ("", (), {}) and key != "position"}
