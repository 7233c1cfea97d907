"""The rows of what ``report`` answers."""

from datetime import datetime

from ops.row import Row


class PlaceRow(Row):
    """A workload on a node."""

    workload: str
    """Namespace and name."""
    pods: int
    """Its pods there."""
    ready: int | None = None
    """How many of them are ready; null where they are planned, and nobody asked."""


class MachineCard(Row):
    """One machine, and what runs on it."""

    name: str
    """Name of the machine, which is its node's."""
    instance_type: str
    """Its type."""
    role: str
    """What it is for."""
    k3s: str
    """``server`` or ``agent``."""
    architecture: str
    """Its processor architecture."""
    lifecycle: str
    """What may happen to it: pinned, replaceable, or on-demand."""
    monthly_usd: str
    """What it costs in a month that runs through; empty where nobody knows."""
    ready: bool | None = None
    """Whether its node is ready; null where nobody asked."""
    runs: tuple[PlaceRow, ...] = ()
    """What runs on it; where nobody asked, what would by first fit, every workload at its floor."""


class RegionCard(Row):
    """The machines of one region."""

    region: str
    """The region."""
    machines: tuple[MachineCard, ...]
    """Its machines."""


class VersionRow(Row):
    """One version that the platform runs on."""

    name: str
    """What it is of."""
    version: str
    """The version."""
    since: datetime | None
    """When it was pinned last; null where git does not say."""
    age_days: int | None
    """How long ago that was."""


class DeploymentRow(Row):
    """One update of the stack."""

    number: int
    """Its number."""
    kind: str
    """``update``, ``refresh``, ``destroy``, ``import``."""
    result: str
    """``succeeded``, ``failed`` or ``in-progress``."""
    started: datetime
    """When it began, in UTC."""
    seconds: int | None
    """How long it took; null while it runs."""
    changes: dict[str, int]
    """Number of resources by operation; what stays the same is left out."""
    commit: str
    """The commit that was deployed, with ``-dirty`` where files were edited; empty where nobody knows."""
    author: str
    """Who made that commit."""
    message: str
    """What the commit is called."""


class RunbookRow(Row):
    """A page that says what to do."""

    file: str
    """The file, without its ending."""
    title: str
    """Its title."""
