"""A stack's cost in Infracost's own JSON, for tools that read that (``schema/infracost.schema.json`` at 95ba4f49).

It is the part of Infracost's schema that we have something to say about, and all that is required there.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel

from ops.commit import git
from ops.cost_rows import ItemRow
from ops.results import CostResult

_TYPES = {
    "machine": "lambda-cloud:index:Instance",
    "file system": "lambda-cloud:index:Filesystem",
    "seat": "vercel:seat",
}
"""What Infracost's summaries count each kind as."""


class _Part(BaseModel):
    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        use_attribute_docstrings=True,
        alias_generator=to_camel,
        populate_by_name=True,
    )


class CostComponent(_Part):
    """What one thing costs by its unit."""

    name: str
    """What it is priced as."""
    unit: str
    """What the price is for."""
    hourly_quantity: str | None
    """Units in an hour."""
    monthly_quantity: str | None
    """Units in a month."""
    price: str | None
    """Price of a unit in dollars; null where it is not known, never 0."""
    hourly_cost: str | None
    """Dollars an hour."""
    monthly_cost: str | None
    """Dollars a month."""
    usage_based: bool = False
    """Whether it depends on use."""
    price_not_found: bool
    """Whether its price is not known."""


class Resource(_Part):
    """One thing that is billed."""

    name: str
    """Its name."""
    resource_type: str
    """Its type."""
    tags: Mapping[str, str] = {}
    """What it is, for filters."""
    metadata: Mapping[str, str] = {}
    """Nothing."""
    hourly_cost: str | None
    """Dollars an hour."""
    monthly_cost: str | None
    """Dollars a month."""
    cost_components: tuple[CostComponent, ...]
    """What that is made of."""


class Breakdown(_Part):
    """Everything at one time."""

    resources: tuple[Resource, ...]
    """What is billed."""
    total_hourly_cost: str | None
    """Dollars an hour."""
    total_monthly_cost: str | None
    """Dollars a month."""
    total_monthly_usage_cost: str | None = "0"
    """Dollars of it that depend on use."""


class Summary(_Part):
    """How many resources were priced."""

    total_detected_resources: int
    """All of them."""
    total_supported_resources: int
    """Those whose kind is priced."""
    total_unsupported_resources: int = 0
    """Those whose kind is not."""
    total_no_price_resources: int
    """Those whose price is not known; they are in no sum."""
    supported_resource_counts: Mapping[str, int]
    """Those whose kind is priced, by type."""
    unsupported_resource_counts: Mapping[str, int] = {}
    """Those whose kind is not, by type."""
    no_price_resource_counts: Mapping[str, int]
    """Those whose price is not known, by type."""


class Commit(_Part):
    """What it was made of."""

    infracost_command: Literal["breakdown"] = "breakdown"
    """What Infracost would call this."""
    vcs_branch: str
    """The branch."""
    vcs_commit_sha: str
    """The commit that is checked out; files may differ from it."""
    vcs_commit_author_name: str
    """Who made that."""
    vcs_commit_author_email: str
    """Who made that."""
    vcs_commit_timestamp: datetime
    """When that was made."""
    vcs_commit_message: str
    """The first line of its message."""


class Metadata(_Part):
    """Where it was found."""

    path: str
    """The stack's file."""
    type: Literal["pulumi"] = "pulumi"
    """What describes it."""


class Project(_Part):
    """One stack."""

    name: str
    """Its name."""
    display_name: str
    """Its name."""
    metadata: Metadata
    """Where it was found."""
    past_breakdown: Breakdown
    """Before."""
    breakdown: Breakdown
    """Afterwards."""
    diff: Breakdown
    """What changes."""
    summary: Summary
    """How many resources were priced."""


class Infracost(_Part):
    """The document."""

    version: str = "0.2"
    """Version of Infracost's format."""
    metadata: Commit
    """What it was made of."""
    currency: Literal["USD"] = "USD"
    """What sums are in."""
    projects: tuple[Project, ...]
    """The stack."""
    total_hourly_cost: str | None
    """Dollars an hour afterwards."""
    total_monthly_cost: str | None
    """Dollars a month afterwards."""
    past_total_hourly_cost: str | None
    """Dollars an hour before."""
    past_total_monthly_cost: str | None
    """Dollars a month before."""
    diff_total_hourly_cost: str | None
    """By how much that changes."""
    diff_total_monthly_cost: str | None
    """By how much that changes."""
    time_generated: datetime
    """When it was made."""
    summary: Summary
    """How many resources were priced."""


def commit(root: Path) -> Commit:
    """Return the commit that is checked out.

    Args:
        root: the checkout.
    """
    told = git("log", "-1", "--format=%H%n%an%n%ae%n%cI%n%s", folder=root, check=True).stdout.splitlines()
    branch = git("rev-parse", "--abbrev-ref", "HEAD", folder=root, check=True).stdout.strip()
    return Commit(
        vcs_branch=branch,
        vcs_commit_sha=told[0],
        vcs_commit_author_name=told[1],
        vcs_commit_author_email=told[2],
        vcs_commit_timestamp=datetime.fromisoformat(told[3]),
        vcs_commit_message=told[4],
    )


def document(result: CostResult, made_of: Commit, hours_per_month: int, now: datetime) -> Infracost:
    """Return the document of a result.

    Args:
        result: what a stack costs.
        made_of: the commit that is checked out.
        hours_per_month: hours that a month is counted as.
        now: when it is made, with its time zone.
    """
    gone = result.delta.removed if result.delta else ()
    after = [_resource(row, row.monthly_usd, hours_per_month) for row in result.items]
    before = [_resource(row, row.before_usd, hours_per_month) for row in (*result.items, *gone) if row.before_usd]
    moved = [
        _resource(row, str(Decimal(row.monthly_usd or 0) - Decimal(row.before_usd or 0)), hours_per_month)
        for row in result.items
        if row.monthly_usd is not None and row.monthly_usd != row.before_usd
    ]
    moved += [_resource(row, f"-{row.before_usd}", hours_per_month) for row in gone]
    past, present, difference = (_breakdown(parts) for parts in (before, after, moved))
    summary = _summary(result.items)
    project = Project(
        name=result.stack,
        display_name=result.stack,
        metadata=Metadata(path=f"Pulumi.{result.stack}.yaml"),
        past_breakdown=past,
        breakdown=present,
        diff=difference,
        summary=summary,
    )
    return Infracost(
        metadata=made_of,
        projects=(project,),
        total_hourly_cost=present.total_hourly_cost,
        total_monthly_cost=present.total_monthly_cost,
        past_total_hourly_cost=past.total_hourly_cost,
        past_total_monthly_cost=past.total_monthly_cost,
        diff_total_hourly_cost=difference.total_hourly_cost,
        diff_total_monthly_cost=difference.total_monthly_cost,
        time_generated=now,
        summary=summary,
    )


def _resource(row: ItemRow, monthly: str | None, hours: int) -> Resource:
    hourly = None if monthly is None else _hourly(monthly, hours)
    component = CostComponent(
        name=row.what,
        unit=row.unit,
        hourly_quantity="1" if row.unit == "hours" else None,
        monthly_quantity=None if row.quantity is None else str(row.quantity),
        price=row.price_usd,
        hourly_cost=hourly,
        monthly_cost=monthly,
        price_not_found=row.price_usd is None,
    )
    return Resource(
        name=row.name,
        resource_type=_TYPES[row.kind],
        tags={"kind": row.kind},
        hourly_cost=hourly,
        monthly_cost=monthly,
        cost_components=(component,),
    )


def _hourly(monthly: str, hours: int) -> str:
    return str((Decimal(monthly) / hours).quantize(Decimal("0.0001")))


def _breakdown(resources: Iterable[Resource]) -> Breakdown:
    found = tuple(resources)
    sums = [
        sum((Decimal(cost) for cost in costs if cost is not None), Decimal())
        for costs in ([one.hourly_cost for one in found], [one.monthly_cost for one in found])
    ]
    return Breakdown(resources=found, total_hourly_cost=str(sums[0]), total_monthly_cost=str(sums[1]))


def _summary(rows: Iterable[ItemRow]) -> Summary:
    found = [*rows]
    unpriced = [_TYPES[row.kind] for row in found if row.monthly_usd is None]
    return Summary(
        total_detected_resources=len(found),
        total_supported_resources=len(found),
        total_no_price_resources=len(unpriced),
        supported_resource_counts=Counter(_TYPES[row.kind] for row in found),
        no_price_resource_counts=Counter(unpriced),
    )
