"""Answers about what would be: plans, rules, reviews, costs, room, locks."""

from collections.abc import Mapping
from typing import Literal

from ops.capacity_rows import LossRow, QuotaRow, RoomRow
from ops.cost_rows import BookRow, BudgetRow, DeltaRow, IdleRow, ItemRow, SavingRow, TargetRow
from ops.policy_rows import ExemptionRow, FindingRow, RuleRow
from ops.results.changes import Change, PlannedChange
from ops.results.result import Result
from ops.review_rows import GoldenRow, SchemaRow, StackReview, SurfaceRow


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
