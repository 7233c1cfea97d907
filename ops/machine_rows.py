"""The rows of what ``machines`` answers."""

from enum import StrEnum
from typing import Literal

from ops.row import Row


class Standing(StrEnum):
    """How a machine of the account stands to the stacks."""

    MANAGED = "managed"
    """It is in a stack's state."""
    ADOPTABLE = "adoptable"
    """It is a machine of the catalog that no state holds yet."""
    ORPHANED = "orphaned"
    """It carries our tag and is in no state: a run was killed before it could write down what it had launched."""
    UNMANAGED = "unmanaged"
    """It is nobody's: no tag of ours, and not in the catalog."""


class MachineRow(Row):
    """One machine of the account."""

    name: str
    """Its name in the account; empty where it has none."""
    id: str
    """Its id, which ``sophia:adopt`` and imports take."""
    instance_type: str
    """Its type, such as ``gpu_1x_a10``."""
    region: str
    """Its region."""
    status: str
    """What the API says of it: booting, active, unhealthy, terminating, ..."""
    address: str
    """Its public address; empty while it has none."""
    hourly_usd: str
    """What it costs an hour; 0.00 once it is on its way to being terminated."""
    monthly_usd: str
    """The same for a month that runs through."""
    owner: str
    """The stack it belongs to; empty where it is nobody's, project and stack where another project launched it."""
    standing: Standing
    """How it stands to the stacks."""


class StackRow(Row):
    """One stack and its machines."""

    name: str
    """Name of the stack."""
    state: Literal["up", "asleep", "down"]
    """``asleep`` where it was put to sleep; ``down`` where its state holds nothing."""
    machines: int
    """Machines of the account that its state holds."""
    hourly_usd: str
    """What those cost an hour."""
    monthly_usd: str
    """The same for a month that runs through."""
    schedule: str = ""
    """When its machines exist; empty for around the clock, or on demand."""


class CapacityRow(Row):
    """One type that the catalog's machines are launched as, and where it can be launched now."""

    instance_type: str
    """The type."""
    hourly_usd: str
    """What it costs an hour today; empty where the API does not offer the type."""
    regions: tuple[str, ...]
    """Regions with capacity now."""
