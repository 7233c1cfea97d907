"""Answers about machines, who comes in to them, and this computer."""

from collections.abc import Mapping

from ops.access_rows import BreakGlassRow, PeerRow
from ops.machine_rows import CapacityRow, MachineRow, StackRow
from ops.results.result import Result
from ops.row import Row
from ops.scan_rows import PartRow


class ToolRow(Row):
    """One thing the platform needs on this machine."""

    name: str
    """Its name."""
    wanted: str
    """The version that is pinned."""
    found: str
    """What is there; empty where nothing is."""
    ok: bool
    """Whether it is as it must be."""
    mend: str = ""
    """The one command that mends it."""


class DoctorResult(Result):
    """What is there, what is missing, and what mends it."""

    tools: tuple[ToolRow, ...] = ()
    """The tool chain."""
    services: Mapping[str, str] = {}
    """The stack's rehearsal: where each service listens, or ``stopped``."""


class MachinesResult(Result):
    """The machines of the account: whose they are, what they cost, and what can be launched now."""

    machines: tuple[MachineRow, ...] = ()
    """The machines, by owner."""
    stacks: tuple[StackRow, ...] = ()
    """The stacks, and whether they are asleep."""
    capacity: tuple[CapacityRow, ...] = ()
    """The types that the catalog's machines are launched as."""
    hourly_usd: str = ""
    """What the listed machines cost an hour."""
    monthly_usd: str = ""
    """The same for a month that runs through."""
    in_account: int = 0
    """Machines of the whole account that count against its quota."""
    max_machines: int = 0
    """How many the account may hold."""
    warnings: tuple[str, ...] = ()
    """Machines that cost money and are in no state, and those that a state holds and the account has not."""


class PeersResult(Result):
    """Who may come in to the hosts of a stack."""

    network: str = ""
    """The access network."""
    peers: tuple[PeerRow, ...] = ()
    """Who may come in through the access interface, by name."""
    break_glass: tuple[BreakGlassRow, ...] = ()
    """Networks that come in without it, the first to end first."""


class ScanResult(Result):
    """What is known to be wrong, part by part; the stack is empty, for it is about all of them."""

    parts: tuple[PartRow, ...] = ()
    """The parts; one that was skipped says what is not proven."""
