"""Answers about what runs, and is done with it."""

from collections.abc import Mapping
from datetime import datetime

from ops.gate.verdict import ServerVerdict
from ops.load_rows import LoadRow
from ops.policy_rows import FindingRow
from ops.results.result import Result
from ops.row import Row


class NodeRow(Row):
    """One node and what runs on it."""

    name: str
    """Name of the node."""
    role: str
    """What it is for."""
    architecture: str
    """Its processor architecture."""
    ready: bool
    """Whether it is ready."""
    pods: int
    """Pods of the platform on it."""


class ServerRow(Row):
    """One workload and whether it serves."""

    name: str
    """Name of the workload."""
    ready: int
    """Pods that are ready."""
    wanted: int
    """Pods that must be ready: the floor."""
    nodes: tuple[str, ...]
    """Where they run."""
    endpoint: str
    """Where pods of the cluster reach it."""


class UpResult(Result):
    """What ``up`` did and what runs now."""

    due: bool = True
    """Whether it was to run; with ``--if-due`` a schedule may have the stack asleep, and then nothing was changed."""
    changes: Mapping[str, int] = {}
    """Number of resources by operation."""
    nodes: tuple[NodeRow, ...] = ()
    """Nodes of the cluster."""
    servers: tuple[ServerRow, ...] = ()
    """What runs: MCP servers, and the central services beside them."""
    monthly_cost_usd: str = ""
    """What the stack's machines cost in 730 hours."""
    warnings: tuple[str, ...] = ()
    """What should be looked at, but blocks nothing."""
    policies: tuple[FindingRow, ...] = ()
    """What policies found that is told, what refuses the stack among it."""
    seconds: Mapping[str, float] = {}
    """Time of each phase."""


class VerifyResult(Result):
    """What the gate found."""

    servers: tuple[ServerVerdict, ...] = ()
    """What was found of each server."""
    seconds: float = 0.0
    """How long it took."""
    evidence: str = ""
    """Where all of it is written."""


class LoadResult(Result):
    """How servers bear clients that never wait."""

    clients: int = 0
    """Clients of each server."""
    seconds: float = 0.0
    """How long they called."""
    servers: tuple[LoadRow, ...] = ()
    """What was measured of each."""
    warnings: tuple[str, ...] = ()
    """What takes longer than it may, where the machines are not those that this is said of."""


class RolloutStep(Row):
    """One weight that a rollout came to."""

    weight: int
    """Of 100 requests so many go to the next version."""
    at: datetime
    """When it began, in UTC."""
    seconds: float
    """How long it took, to be in force and to be gated."""
    wrong: tuple[str, ...] = ()
    """What the gate found; empty where the next version is as declared."""


class RollbackResult(Result):
    """Workloads that are as an earlier commit declares them."""

    commit: str
    """That commit; empty where there was nothing to undo."""
    seconds: float = 0.0
    """How long it took until they served."""
    changes: Mapping[str, int] = {}
    """Number of resources by operation."""
    servers: tuple[ServerRow, ...] = ()
    """What runs."""


class Returned(Row):
    """A return to the last good weight."""

    from_weight: int
    """The weight that was given up."""
    to_weight: int
    """The weight that is in force again."""
    at: datetime
    """When it began, in UTC."""
    seconds: float
    """How long it took."""
    why: str
    """What the gate found first."""
    errors: tuple[str, ...] = ()
    """What went wrong on the way back."""


class RolloutResult(Result):
    """How the next version of a server fared."""

    server: str
    """The server."""
    steps: tuple[RolloutStep, ...] = ()
    """The weights that it came to, in order."""
    returned: Returned | None = None
    """The return, where there was one."""
    report: str = ""
    """Where all of it is written."""


class BackupRow(Row):
    """What became of one data service."""

    service: str
    """The service."""
    seconds: float
    """How long it took, from the Job's making to its end."""
    snapshot: str = ""
    """The backup; empty where there is none."""
    taken_at: datetime | None = None
    """The moment as of which it is, in UTC."""
    age_seconds: int = 0
    """How old it was then: what is newer would be lost (RPO). Of one that was just made, 0."""
    items: int = 0
    """Rows, keys or objects that are in it."""
    checksums: Mapping[str, str] = {}
    """How many items there are and a digest of them, by table, collection or keyspace."""
    error: str = ""
    """Why it failed."""


class BackupResult(Result):
    """What was backed up, tried out or restored."""

    verb: str
    """Which of these."""
    services: tuple[BackupRow, ...] = ()
    """Data services."""


class SleepResult(Result):
    """A stack whose machines are gone until it is woken."""

    changes: Mapping[str, int] = {}
    """Number of resources by operation; empty where it slept already."""
    due: bool = True
    """Whether it was to sleep; with ``--if-due`` its schedule may have it awake now, and then nothing was changed."""
    warnings: tuple[str, ...] = ()
    """What keeps it from being woken, with what to do."""
