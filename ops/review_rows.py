"""The rows of what ``review`` answers."""

from typing import Final

from catalog.limits import Standing
from ops.policy_rows import FindingRow
from ops.row import Row

OPS: Final = ("delete", "replace", "update", "create")
"""What may happen to a resource, what is lost first."""


class ComponentRow(Row):
    """What happens to one component."""

    component: str
    """The component, such as ``mcp-github``."""
    delete: tuple[str, ...] = ()
    """Kinds and names of what goes."""
    replace: tuple[str, ...] = ()
    """The same of what goes and comes anew; a render cannot tell it from an update, the engine's preview can."""
    update: tuple[str, ...] = ()
    """The same of what changes, each with the properties."""
    create: tuple[str, ...] = ()
    """The same of what comes."""


class CostRow(Row):
    """What a stack costs a month, in dollars."""

    before_usd: str | None
    """By the same prices before; null where there was no such stack."""
    monthly_usd: str
    """With the change."""
    difference_usd: str = "0.00"
    """By how much that rises."""
    percent: float | None = None
    """The same in percent; null where it cost nothing."""
    rise: Standing = "within"
    """Where that stands against what one change may add."""
    budget_usd: str = ""
    """From here on it is refused."""
    budget: Standing = "within"
    """Where it stands."""


class RoomRow(Row):
    """Whether all pods fit."""

    fits: bool
    """Whether every pod has a place while every workload runs at its floor."""
    grows: bool
    """Whether the same holds at their ceilings."""
    pods: int
    """Pods at the floors."""
    left: dict[str, str]
    """What each node has left then, in words."""


class StackReview(Row):
    """What a change means for one stack."""

    stack: str
    """Name of the stack."""
    code: int = 0
    """What `./sophia` would leave with: 0, or why it is refused (README, exit codes)."""
    refusals: tuple[str, ...] = ()
    """Why, each with what to do."""
    warnings: tuple[str, ...] = ()
    """What should be looked at, but blocks nothing."""
    planned_by: str = "render"
    """``render``, offline, or ``engine``, with a preview that was given."""
    components: tuple[ComponentRow, ...] = ()
    """What changes, by component: those first from which something goes."""
    cost: CostRow | None = None
    """What it costs; null where that could not be told."""
    room: RoomRow | None = None
    """Whether it fits; null in the same way."""
    findings: tuple[FindingRow, ...] = ()
    """What rules find that blocks or warns, what blocks first."""
    exempt: int = 0
    """How often somebody answers for it that a rule does not hold."""

    def count(self, op: str) -> int:
        """Return how many resources meet an operation."""
        return sum(len(getattr(row, op)) for row in self.components)


class SurfaceRow(Row):
    """A tool of an MCP server that changes: what a model is told of it decides what it does."""

    server: str
    """The server."""
    tool: str
    """The tool."""
    op: str
    """What happens to it: create, update or delete."""
    paths: tuple[str, ...] = ()
    """What of it changes."""


class SchemaRow(Row):
    """A file that says what data looks like, and that changes."""

    file: str
    """The file."""
    op: str
    """What happens to it: create, update or delete."""


class GoldenRow(Row):
    """A committed resource graph that changes."""

    file: str
    """The file."""
    added: int
    """Lines that come."""
    removed: int
    """Lines that go."""
