"""What each stack may spend and use, what the account may hold, and how much of a node the cluster keeps for itself."""

from collections.abc import Mapping
from typing import Annotated

from pydantic import Field

from catalog.machine import InstanceTypeName
from catalog.model import Cents, Model
from catalog.workload import Amount


class Budget(Model):
    """Monthly spending on machines, file systems and seats, in United States cents per 730 hours."""

    warn_cents: Cents
    """From here on the plan warns."""
    block_cents: Cents
    """From here on the plan is refused."""
    target_cents: tuple[Cents, ...] = ()
    """Targets of the source documents; exceeding one is reported, never refused."""


class StackLimits(Model):
    """What one stack may use."""

    budget: Budget
    """Monthly spending."""
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
    rejected_instance_types: Mapping[str, str] = {}
    """Names that older documents invented, each with what is meant instead."""
    stacks: Mapping[str, StackLimits]
    """Limits by stack."""
