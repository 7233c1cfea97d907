"""What each verb answers with ``--json``; the schemas are published in ``docs/schema/``."""

from collections.abc import Mapping
from datetime import datetime
from typing import Literal

from pydantic import BaseModel, JsonValue

from catalog.drift_classes import WORST_FIRST, DriftClass
from catalog.ignores import DriftIgnore
from ops.access_rows import BreakGlassRow, PeerRow
from ops.capacity_rows import LossRow, QuotaRow, RoomRow
from ops.cost_rows import BookRow, BudgetRow, DeltaRow, IdleRow, ItemRow, SavingRow, TargetRow
from ops.dns_rows import NameRow
from ops.drift_rows import (
    Coverage,
    Deviation,
    IgnoredDeviation,
    SilentProvider,
    UnmanagedThing,
    UnreachableCluster,
    UnreachableHost,
)
from ops.gate.verdict import ServerVerdict
from ops.load_rows import LoadRow
from ops.machine_rows import CapacityRow, MachineRow, StackRow
from ops.manifest_rows import ManifestRow
from ops.policy_rows import ExemptionRow, FindingRow, RuleRow
from ops.report_rows import DeploymentRow, RegionCard, RunbookRow, VersionRow
from ops.review_rows import GoldenRow, SchemaRow, StackReview, SurfaceRow
from ops.row import Row
from ops.scan_rows import PartRow
from ops.secret_rows import AuditRow, FoundRow, PushedRow, RotationRow
from ops.site_rows import FrontEnd, SiteRow, SwitchStep


class Result(Row):
    """The answer of one verb about one stack."""

    stack: str
    """Name of the stack; empty where the answer is about none."""
    errors: tuple[str, ...] = ()
    """What went wrong, each with what to do."""


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


class PreviewResult(Result):
    """What the engine would do."""

    commit: str = ""
    """The commit of the checkout, with ``-dirty`` where files were edited; empty without a repository."""
    version: int = 0
    """Number of the stack's last update; 0 before the first. As long as it stays, so does the state."""
    changes: tuple[PlannedChange, ...] = ()
    """Resources that would differ."""
    policies: tuple[FindingRow, ...] = ()
    """What policies found that is told, what refuses the stack among it."""


class PolicyResult(Result):
    """What the rules say of a stack."""

    source: str = "render"
    """What was judged: ``render``, ``state``, or ``preview``, which tells what does not pass alone."""
    rules: tuple[RuleRow, ...] = ()
    """Every rule, by its id."""
    findings: tuple[FindingRow, ...] = ()
    """What was found, by rule, resource and path; what is exempt or left for later among it."""
    exemptions: tuple[ExemptionRow, ...] = ()
    """Every exemption of the catalog, in its order."""

    @property
    def told(self) -> tuple[FindingRow, ...]:
        """What blocks and what warns."""
        return tuple(one for one in self.findings if one.level != "skip")

    @property
    def refusing(self) -> tuple[FindingRow, ...]:
        """What refuses the stack."""
        return tuple(one for one in self.findings if one.level == "block")


class ReviewResult(Result):
    """What a change means for stacks."""

    base: str = ""
    """The commit that it is compared with."""
    commit: str = ""
    """The commit of the checkout."""
    stacks: tuple[StackReview, ...] = ()
    """What it means for each stack."""
    surface: tuple[SurfaceRow, ...] = ()
    """Tools of MCP servers that change."""
    schemas: tuple[SchemaRow, ...] = ()
    """Files that say what data looks like, and that change."""
    goldens: tuple[GoldenRow, ...] = ()
    """Committed resource graphs that change."""

    @property
    def code(self) -> int:
        """What `./sophia review` leaves with: the worst of its stacks, an input that is wrong before all."""
        return next((one.code for one in sorted(self.stacks, key=lambda one: one.code) if one.code), 0)


class ReviewTellResult(Result):
    """Where a pull request was told of a review."""

    comment: int = 0
    """The id of its comment."""
    action: Literal["none", "created", "updated"] = "none"
    """What became of that."""
    check: str = ""
    """Where people read the check run."""


DriftStatus = Literal["in_sync", "drifted", "partial", "error", "asleep"]
"""How a stack stands to what is declared; ``partial`` where a provider could not be asked, whatever else is found."""


class DriftResult(Result):
    """What differs from what is declared."""

    status: DriftStatus = "in_sync"
    """How the stack stands."""
    commit: str = ""
    """The commit of the checkout that looked, with ``-dirty`` where files were edited; empty without a repository."""
    started: datetime | None = None
    """When it began, in UTC."""
    seconds: float = 0.0
    """How long it took."""
    fingerprint: str = ""
    """The same as long as the same differs in the same way; empty where nothing does."""
    changes: tuple[DriftedResource, ...] = ()
    """Resources that differ."""
    noise: tuple[DriftedResource, ...] = ()
    """What differs and is nobody's drift."""
    unmanaged: tuple[UnmanagedThing, ...] = ()
    """What is there and nobody declared."""
    coverage: tuple[Coverage, ...] = ()
    """How much of what is there is declared, by kind."""
    coverage_percent: float | None = None
    """The same of all that could be listed; null where nothing could."""
    silent: tuple[SilentProvider, ...] = ()
    """Providers that could not be asked."""
    unreachable: tuple[UnreachableHost, ...] = ()
    """Hosts that could not be looked at."""
    cluster: UnreachableCluster | None = None
    """The cluster, where it could not be looked into."""
    vector_store: UnreachableCluster | None = None
    """The vector store, where the same is true of that."""
    ignored: tuple[IgnoredDeviation, ...] = ()
    """Deviations that an entry of ``catalog/drift_ignores.yaml`` bears for a while; they are no drift."""
    expired: tuple[DriftIgnore, ...] = ()
    """Entries that have come to their end and hide nothing any more."""
    stale: tuple[DriftIgnore, ...] = ()
    """Entries to which nothing that is there corresponds."""
    checked: int = 0
    """Resources that were compared."""
    asleep: bool = False
    """Whether the stack sleeps: it has no machines, and nothing that could differ."""
    repair: str = ""
    """What repairs it: a command, or the page that says what to do; empty where nothing differs."""

    @property
    def drifted(self) -> bool:
        """Whether anything differs, or cannot be looked at, that nobody bears."""
        return bool(self.changes or self.unmanaged or self.unreachable or self.cluster or self.vector_store)

    @property
    def partial(self) -> bool:
        """Whether a provider could not be asked."""
        return self.status == "partial"

    @property
    def worst(self) -> DriftClass:
        """The worst of what differs."""
        found = {*(one.drift_class for one in self.changes), *(one.drift_class for one in self.unmanaged)}
        return next((one for one in WORST_FIRST if one in found), DriftClass.AVAILABILITY)

    @property
    def risky(self) -> tuple[str, ...]:
        """Names of what a repair must not touch unasked: what endangers security, and what is gone."""
        return tuple(one.name for one in self.changes if one.drift_class is DriftClass.SECURITY or one.op == "delete")


class TellResult(Result):
    """Who was told of a drift."""

    issue: int = 0
    """Number of the stack's issue; 0 where there is none."""
    url: str = ""
    """Where people read it."""
    action: Literal["none", "created", "updated", "reopened", "closed"] = "none"
    """What became of it."""
    news: bool = False
    """Whether there was anything to tell that nobody had been told of."""
    paged: bool = False
    """Whether Slack was told."""


class RepairResult(Result):
    """What a repair did."""

    before: DriftResult
    """What differed."""
    changes: Mapping[str, int] = {}
    """Number of resources by operation."""
    after: DriftResult | None = None
    """What differs now; null where it could not be looked at."""


class PlanResult(Result):
    """How the stack differs from a commit, from renders alone."""

    base: str
    """The commit it is compared with."""
    changes: tuple[Change, ...] = ()
    """Resources that would differ."""
    monthly_cost_usd: str = ""
    """Monthly cost afterwards."""
    base_monthly_cost_usd: str = ""
    """Monthly cost before."""
    headroom: Mapping[str, str] = {}
    """What each node has left when every workload runs at its floor."""
    warnings: tuple[str, ...] = ()
    """What should be looked at, but blocks nothing."""


class CostResult(Result):
    """What a stack costs, and what would make it cheaper."""

    book: BookRow
    """The prices that it is told by."""
    hourly_usd: str
    """What its machines cost an hour while they exist."""
    monthly_usd: str
    """What all of it costs in 730 hours, when everything exists around the clock."""
    yearly_usd: str
    """The same in twelve such months."""
    expected_monthly_usd: str
    """The same for the hours in which machines are expected to exist, by schedule or on demand."""
    items: tuple[ItemRow, ...]
    """All that is billed."""
    unpriced: tuple[str, ...] = ()
    """What nobody knows the price of; it is in no sum."""
    budget: BudgetRow
    """What it may cost."""
    targets: tuple[TargetRow, ...] = ()
    """Targets of the source documents, and what they would take."""
    delta: DeltaRow | None = None
    """What changes; null where there is nothing to compare with."""
    idle_gpus: tuple[IdleRow, ...] = ()
    """Machines whose GPU no pod asks for."""
    cheaper: tuple[SavingRow, ...] = ()
    """Cheaper types that one machine could be, and machines that it could do without: all pods at their floors fit."""
    week_usd: Mapping[str, tuple[str, ...]] = {}
    """What each machine costs in each hour of a week from Monday 00:00 by the schedule's clock, in dollars."""
    warnings: tuple[str, ...] = ()
    """What should be looked at, but blocks nothing."""


class CapacityResult(Result):
    """Whether all that a stack registers fits its machines."""

    fits: bool
    """Whether every pod has a place while every workload runs at its floor, and quotas let it be made."""
    unplaced: str = ""
    """The first pod that has none, and why, by node; empty where each has one."""
    proof: str = ""
    """A sum that shows that no order of placing them would help; empty where none was found."""
    grows: bool = True
    """Whether every pod has a place under full load."""
    pods: int = 0
    """Pods that have a place at the floors."""
    nodes: tuple[RoomRow, ...] = ()
    """The nodes and what is left on each, in the stack's order."""
    losses: tuple[LossRow, ...] = ()
    """What the loss of each machine would mean."""
    quotas: tuple[QuotaRow, ...] = ()
    """Quotas of namespaces, and what is used of them."""
    broken_quotas: tuple[str, ...] = ()
    """Quotas that leave no room for the floors."""
    warnings: tuple[str, ...] = ()
    """What should be looked at, but blocks nothing."""


class LockResult(Result):
    """Which entries were written."""

    filled: Mapping[str, str] = {}
    """Digest by image reference, or by the address of a program; price before and now, in cents, by instance type."""
    warnings: tuple[str, ...] = ()
    """What should be looked at, but blocks nothing."""


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


class SleepResult(Result):
    """A stack whose machines are gone until it is woken."""

    changes: Mapping[str, int] = {}
    """Number of resources by operation; empty where it slept already."""
    due: bool = True
    """Whether it was to sleep; with ``--if-due`` its schedule may have it awake now, and then nothing was changed."""
    warnings: tuple[str, ...] = ()
    """What keeps it from being woken, with what to do."""


class PeersResult(Result):
    """Who may come in to the hosts of a stack."""

    network: str = ""
    """The access network."""
    peers: tuple[PeerRow, ...] = ()
    """Who may come in through the access interface, by name."""
    break_glass: tuple[BreakGlassRow, ...] = ()
    """Networks that come in without it, the first to end first."""


class DnsResult(Result):
    """What the servers of the zone answer."""

    servers: tuple[str, ...] = ()
    """Who was asked."""
    names: tuple[NameRow, ...] = ()
    """All record sets that are declared, sorted by name."""

    @property
    def wrong(self) -> tuple[NameRow, ...]:
        """Those that somebody answers otherwise."""
        return tuple(row for row in self.names if row.wrong)


class SecretsPushResult(Result):
    """What became of each secret of a stack, or would."""

    secrets: tuple[PushedRow, ...] = ()
    """The secrets, in the order of the definition."""


class SecretsAuditResult(Result):
    """What is known of each secret of a stack."""

    secrets: tuple[AuditRow, ...] = ()
    """The secrets, in the order of the definition."""


class SecretsRotateResult(Result):
    """Secrets that have another value, and what a person has to do."""

    secrets: tuple[RotationRow, ...] = ()
    """The secrets, in the order in which they were rotated."""


class SecretsDoctorResult(Result):
    """Whether a stack's environment opens and gives what is needed."""

    place: str = ""
    """Organisation, project and name of the environment."""
    given: int = 0
    """Keys of the configuration that it gives."""


class SecretsSearchResult(Result):
    """Where a stack's secrets stand unencrypted; those where they may not are its errors."""

    secrets: int = 0
    """How many values were looked for."""
    forms: tuple[str, ...] = ()
    """In which forms."""
    places: Mapping[str, int] = {}
    """How many places of each kind were looked at."""
    megabytes: int = 0
    """How much stands there."""
    found: tuple[FoundRow, ...] = ()
    """What stands where anyone may read it."""
    held: tuple[FoundRow, ...] = ()
    """What stands in places that are made to hold secrets."""


class SitesResult(Result):
    """How the public sites answer."""

    served_by: FrontEnd
    """Who is declared to serve them."""
    hosts: tuple[SiteRow, ...]
    """Their hosts."""

    @property
    def wrong(self) -> tuple[SiteRow, ...]:
        """The hosts that do not answer as declared."""
        return tuple(row for row in self.hosts if row.wrong)


class SwitchResult(Result):
    """How the sites went over to the other side."""

    to: FrontEnd
    """Who serves them now, where nothing went wrong."""
    steps: tuple[SwitchStep, ...] = ()
    """The steps, in order; none where that side served them alone already."""


class ReportResult(Result):
    """The state of a stack, as far as it could be told."""

    target: str
    """Where the stack is: ``rehearsal`` or ``cloud``."""
    made: datetime
    """When this was told, in UTC."""
    commit: str = ""
    """The commit of the checkout, with ``-dirty`` where files were edited; empty without a repository."""
    file: str = ""
    """The page that was written."""
    regions: tuple[RegionCard, ...] = ()
    """Where its machines are, and what runs on them."""
    live: bool = False
    """Whether that was asked of the cluster; otherwise it is planned."""
    cost: CostResult | None = None
    """What it costs; null where that cannot be told."""
    capacity: CapacityResult | None = None
    """What is left on its machines; null in the same way."""
    policy: PolicyResult | None = None
    """What the rules say of it; null in the same way."""
    drift: DriftResult | None = None
    """What the last look for drift found; null where nobody has looked."""
    secrets: tuple[AuditRow, ...] = ()
    """Its secrets: names and ages, never a value."""
    versions: tuple[VersionRow, ...] = ()
    """What it runs on."""
    deployments: tuple[DeploymentRow, ...] = ()
    """Its last updates, the newest first."""
    runbooks: tuple[RunbookRow, ...] = ()
    """What to do, when something is wrong."""
    untold: Mapping[str, str] = {}
    """Why a part of this cannot be told, and what to do, by the part."""


class ScanResult(Result):
    """What is known to be wrong, part by part; the stack is empty, for it is about all of them."""

    parts: tuple[PartRow, ...] = ()
    """The parts; one that was skipped says what is not proven."""


Verdict = Literal["delivered", "unverified", "returned", "failed", "refused"]
"""What became of a delivery: it runs and was asked whether it does, or not; what was before is back; it is broken; it
never began."""


class DeliveryResult(Result):
    """What became of one delivery to a stack."""

    verdict: Verdict = "refused"
    """What became of it."""
    made: datetime
    """When this was told, in UTC."""
    commit: str = ""
    """The commit that was delivered, with ``-dirty`` where files were edited."""
    by: str = ""
    """Who began it; empty outside of a workflow."""
    approved_by: tuple[str, ...] = ()
    """Who approved of it, as GitHub knows them."""
    run: str = ""
    """Where people read of the run; empty outside of a workflow."""
    update: DeploymentRow | None = None
    """The engine's update; null where there was none."""
    plan: PreviewResult | None = None
    """What was reviewed; of this and of what follows, null where nobody asked for it or nothing came of it."""
    up: UpResult | None = None
    """What was done."""
    verify: VerifyResult | None = None
    """What the gate found."""
    load: LoadResult | None = None
    """How servers bore clients that never wait."""
    rollback: RollbackResult | None = None
    """The return to what was before."""
    sleep: SleepResult | None = None
    """Machines that were terminated afterwards."""
    untold: Mapping[str, str] = {}
    """Why a part of this cannot be told, and what to do, by the part."""


VERBS: Mapping[str, type[BaseModel]] = {
    "up": UpResult,
    "preview": PreviewResult,
    "report": ReportResult,
    "review": ReviewResult,
    "review tell": ReviewTellResult,
    "drift": DriftResult,
    "drift tell": TellResult,
    "drift repair": RepairResult,
    "verify": VerifyResult,
    "load": LoadResult,
    "rollback": RollbackResult,
    "delivery": DeliveryResult,
    "scan": ScanResult,
    "rollout": RolloutResult,
    "backup": BackupResult,
    "restore": BackupResult,
    "restore-drill": BackupResult,
    "plan": PlanResult,
    "policy": PolicyResult,
    "doctor": DoctorResult,
    "lock": LockResult,
    "cost": CostResult,
    "capacity": CapacityResult,
    "machines": MachinesResult,
    "machines sleep": SleepResult,
    "machines wake": UpResult,
    "access peers": PeersResult,
    "dns check": DnsResult,
    "sites check": SitesResult,
    "sites switch": SwitchResult,
    "policy check-manifests": ManifestRow,
    "secrets push": SecretsPushResult,
    "secrets diff": SecretsPushResult,
    "secrets audit": SecretsAuditResult,
    "secrets rotate": SecretsRotateResult,
    "secrets doctor": SecretsDoctorResult,
    "secrets search": SecretsSearchResult,
}
"""The result of every verb that has ``--json``; of ``policy check-manifests`` a line of it."""
