"""What each stack may spend and use, what the account may hold, and how much of a node the cluster keeps for itself."""

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field

from catalog.machine import InstanceTypeName
from catalog.model import Cents, Model
from catalog.workload import Amount

Percent = Annotated[int, Field(ge=1)]
"""A part of what there was, in percent."""

Standing = Literal["within", "warned", "blocked"]
"""Where something stands against its limits."""


class Budget(Model):
    """Monthly spending on machines, file systems and seats, in United States cents per 730 hours."""

    warn_cents: Cents
    """From here on the plan warns."""
    block_cents: Cents
    """From here on the plan is refused."""
    target_cents: tuple[Cents, ...] = ()
    """Targets of the source documents; exceeding one is reported, never refused."""


class Rise(Model):
    """By how much one change may raise what a stack costs a month; the amount or the percent, whichever comes first."""

    warn_cents: Cents
    """From here on `cost` warns."""
    warn_percent: Percent
    """The same in percent."""
    block_cents: Cents
    """From here on `cost` leaves with 4."""
    block_percent: Percent
    """The same in percent."""

    def standing(self, before: int, after: int) -> Standing:
        """Return where a change stands; what cost nothing before is the budget's matter.

        Args:
            before: cents per month.
            after: the same, after the change.

        >>> Rise(warn_cents=1000, warn_percent=5, block_cents=9000, block_percent=20).standing(10_000, 10_500)
        'warned'
        """
        rise = after - before
        if not before or rise <= 0:
            return "within"
        if rise >= self.block_cents or 100 * rise >= self.block_percent * before:
            return "blocked"
        return "warned" if rise >= self.warn_cents or 100 * rise >= self.warn_percent * before else "within"


class StackLimits(Model):
    """What one stack may use."""

    budget: Budget
    """Monthly spending."""
    rise: Rise
    """What one change may add to that."""
    max_machines: Annotated[int, Field(ge=1)]
    """Machines the stack may hold at once."""
    instance_types: Annotated[tuple[InstanceTypeName, ...], Field(min_length=1)]
    """Instance types the stack may use."""
    regions: Annotated[tuple[str, ...], Field(min_length=1)]
    """Regions the stack may use."""
    require_image_digests: bool
    """Whether an image without a locked digest is refused."""


class NodeReserve(Model):
    """What a node keeps for the system, and how many pods it takes."""

    reserved: Amount
    """CPU and memory that pods cannot have."""
    disk_gib: Annotated[int, Field(ge=0)] = 0
    """Disk in GiB that volumes cannot have: the system's, images, logs, and what pods write beside their volumes."""
    max_pods: Annotated[int, Field(ge=1)]
    """Pods per node (the K3s default is 110)."""


class Load(Model):
    """How long calls of tools may take while a stack is put under load, in milliseconds."""

    p95_ms: Annotated[int, Field(ge=1)]
    """So long take 95 of 100 at most."""
    p99_ms: Annotated[int, Field(ge=1)]
    """So long take 99 of 100 at most."""


class Limits(Model):
    """All limits of the platform."""

    max_machines: Annotated[int, Field(ge=1)]
    """Machines the account may hold at once, over all stacks."""
    hours_per_month: Annotated[int, Field(ge=1)]
    """Hours that a month is counted as."""
    default_price_book: str
    """Price book that applies where a stack chooses none."""
    max_price_age_days: Annotated[int, Field(ge=1)]
    """Days after which prices count as stale: what a stack costs is not told by them any more."""
    node: NodeReserve
    """What every node keeps for itself."""
    load: Load
    """What servers hold under load (platform specification, 11.5)."""
    rejected_instance_types: Mapping[str, str] = {}
    """Names that older documents invented, each with what is meant instead."""
    stacks: Mapping[str, StackLimits]
    """Limits by stack."""
