"""Resources that differ, as several answers have them."""

from datetime import datetime

from pydantic import JsonValue

from catalog.drift_classes import DriftClass
from ops.drift_rows import (
    Deviation,
)
from ops.row import Row


class Change(Row):
    """One resource that differs."""

    component: str
    """The component it belongs to, such as ``mcp-github``."""
    kind: str
    """Its kind, such as ``Deployment``."""
    name: str
    """Its logical name."""
    op: str
    """What happens to it: create, update, replace, delete."""
    paths: tuple[str, ...] = ()
    """The properties that differ."""
    urn: str
    """Its identity in the stack."""


class Edit(Row):
    """What one property is and would be."""

    path: str
    """Its path, such as ``spec.ports[0].port``."""
    before: JsonValue
    """Its value now; null where it is absent, ``[secret]`` where it is secret."""
    after: JsonValue
    """Its value afterwards, in the same way; ``[unknown]`` where only the deployment will know it."""


class PlannedChange(Change):
    """One resource that would differ, and how."""

    edits: tuple[Edit, ...] = ()
    """What each of those properties is and would be; empty where the resource comes or goes as a whole."""


class DriftedResource(Change):
    """One resource that differs from what was declared, and how."""

    deviations: tuple[Deviation, ...] = ()
    """What each of those properties should be and is."""
    drift_class: DriftClass = DriftClass.AVAILABILITY
    """The worst of what they endanger."""
    first_seen: datetime | None = None
    """When a check found the first of them, in UTC."""
    age_seconds: int = 0
    """How long ago that was."""
