"""Answers that tell of a stack as a whole."""

from collections.abc import Mapping
from datetime import datetime
from typing import Literal

from ops.report_rows import DeploymentRow, RegionCard, RunbookRow, VersionRow
from ops.results.drift import DriftResult
from ops.results.plans import CapacityResult, CostResult, PolicyResult, PreviewResult
from ops.results.result import Result
from ops.results.running import LoadResult, RollbackResult, SleepResult, UpResult, VerifyResult
from ops.secret_rows import AuditRow


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
