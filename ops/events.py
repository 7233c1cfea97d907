"""The engine's event stream as typed values.

The format is that of ``pulumi --json`` at 3.259: one JSON object a line, of which exactly one member, named for the
kind of event, is present (``sdk/go/common/apitype/events.go``).
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ops.comparison import Difference, compare

UNCHANGED = frozenset(
    {
        "same",
        "read",
        "refresh",
        "read-discard",
        "remove-pending-replace",
        "replace",
        "delete-replaced",
        "discard-replaced",
    }
)
"""Operations after which nothing differs from before; of a replacement's steps only the one that creates counts."""

_ON_HOSTS = "host:index:"
"""How the types of resources on hosts begin."""

_NAMES = {"create-replacement": "replace", "import-replacement": "replace"}
"""What people call the steps that the engine splits a replacement into."""


def provider_of(kind: str) -> str:
    """Return the provider of a type of resources.

    >>> provider_of("vercel:index/project:Project"), provider_of("kubernetes:apps/v1:Deployment")
    ('vercel', 'kubernetes')
    """
    return kind.partition(":")[0]


@dataclass(frozen=True, slots=True)
class Step:
    """One operation of the engine on one resource."""

    op: str
    """Name of the operation: create, update, delete, same, ...; the engine's own."""
    urn: str
    """The resource."""
    type: str
    """Its type token."""
    parent: str = ""
    """URN of its parent."""
    custom: bool = True
    """Whether a provider manages it; a component holds nothing but its children."""
    paths: tuple[str, ...] = ()
    """Property paths that differ; empty where the engine names none."""
    differences: tuple[Difference, ...] = ()
    """What stood and stands at those paths; only in a finished step that changes something."""
    machine: str = ""
    """Id of the machine that it is on, where it is on one."""
    trouble: str | None = None
    """Why the host that it is on was not reached when it was read, empty where only its ``Host`` knows; None where it
    was reached."""

    @property
    def name(self) -> str:
        """Logical name of the resource."""
        return self.urn.rsplit("::", 1)[-1]

    @property
    def kind(self) -> str:
        """Last part of the type token, such as ``Deployment``."""
        return self.type.rsplit(":", 1)[-1]

    @property
    def verb(self) -> str:
        """What happens, as people say it: create, update, replace, delete."""
        return _NAMES.get(self.op, self.op)

    @property
    def component(self) -> str:
        """Logical name of its parent, or its own where it has none."""
        return self.parent.rsplit("::", 1)[-1] or self.name

    @property
    def changes(self) -> bool:
        """Whether anything differs afterwards."""
        return self.op not in UNCHANGED


@dataclass(frozen=True, slots=True)
class Started:
    """The engine began a step."""

    step: Step


@dataclass(frozen=True, slots=True)
class Finished:
    """The engine finished a step."""

    step: Step


@dataclass(frozen=True, slots=True)
class Failed:
    """A step failed; a diagnostic says why."""

    step: Step


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """Something the engine, a provider or the program said."""

    severity: str
    """``info``, ``warning`` or ``error``; what is said for debugging is dropped, because it holds property values."""
    message: str
    """What it said."""
    urn: str = ""
    """The resource it is about, where there is one."""

    @property
    def complaint(self) -> str:
        """What it said, and about which resource."""
        name = self.urn.rsplit("::", 1)[-1]
        stack = "::pulumi:pulumi:Stack::" in self.urn
        return self.message if stack or not name or name in self.message else f"{name}: {self.message}"


@dataclass(frozen=True, slots=True)
class Judged:
    """The policy pack found something in a resource."""

    rule: str
    """The rule."""
    urn: str
    """The resource."""
    message: str
    """What is wrong, and what to do."""
    severity: str
    """How bad the rule says it is."""
    blocks: bool
    """Whether it refuses the resource."""

    @property
    def complaint(self) -> str:
        """What is wrong, with rule and resource."""
        return f"{self.rule}: {self.urn.rsplit('::', 1)[-1]}: {self.message}"


@dataclass(frozen=True, slots=True)
class Summary:
    """The engine is done."""

    result: str
    """``succeeded`` or ``failed``."""
    changes: Mapping[str, int]
    """Number of resources by operation."""


Event = Started | Finished | Failed | Diagnostic | Judged | Summary


def parse(line: str) -> Event | None:
    """Return the event of one line, or None for a line that tells a reader nothing."""
    try:
        document = json.loads(line)
    except json.JSONDecodeError:
        return None
    for member, read in _READERS.items():
        if isinstance(document, dict) and member in document:
            return read(document[member])
    return None


def _step(event: Mapping[str, Any], *, compared: bool = False) -> Step:
    metadata = event["metadata"]
    old, new = metadata.get("old"), metadata.get("new")
    state = new or old or {}
    detailed = metadata.get("detailedDiff") or {}
    kinds = {path: detailed.get(path, {}).get("diffKind", "") for path in detailed or metadata.get("diffs") or ()}
    paths = sorted(kinds)
    return Step(
        op=metadata["op"],
        urn=metadata["urn"],
        type=metadata["type"],
        parent=state.get("parent", ""),
        custom=state.get("custom", False),
        paths=tuple(paths),
        # Most steps change nothing, and their states are looked at no further.
        differences=compare(old, new, kinds) if compared and metadata["op"] not in UNCHANGED else (),
        machine=_machine(metadata["type"], state.get("outputs") or {}),
        trouble=_trouble(metadata["type"], state.get("outputs") or {}),
    )


def _machine(kind: str, found: Mapping[str, Any]) -> str:
    return str(found.get("host") or found.get("machine") or "") if kind.startswith(_ON_HOSTS) else ""


def _trouble(kind: str, found: Mapping[str, Any]) -> str | None:
    # Not from what differs: an `up` that failed may have recorded that the host is not reached.
    unreached = kind.startswith(_ON_HOSTS) and found.get("reachable") is False
    return str(found.get("trouble", "")) if unreached else None


def _diagnostic(event: Mapping[str, Any]) -> Diagnostic | None:
    severity = str(event.get("severity", "info")).removesuffix("#err")
    message = str(event.get("message", "")).strip()
    if severity == "debug" or event.get("ephemeral") or not message:
        return None
    return Diagnostic(severity, message, event.get("urn", ""))


def _judged(event: Mapping[str, Any]) -> Judged:
    return Judged(
        rule=event["policyName"],
        urn=event.get("resourceUrn", ""),
        message=str(event.get("message", "")).strip(),
        severity=event.get("severity", ""),
        blocks=event.get("enforcementLevel") == "mandatory",
    )


_READERS: Mapping[str, Callable[[Mapping[str, Any]], Event | None]] = {
    "resourcePreEvent": lambda event: Started(_step(event)),
    "resOutputsEvent": lambda event: Finished(_step(event, compared=True)),
    "resOpFailedEvent": lambda event: Failed(_step(event)),
    "diagnosticEvent": _diagnostic,
    "policyEvent": _judged,
    "summaryEvent": lambda event: Summary(event.get("result", ""), event.get("resourceChanges", {})),
}
