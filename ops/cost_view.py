"""What people see of cost and capacity: tables, and pages with charts."""

from collections.abc import Iterable
from decimal import Decimal

from rich.console import Console

from ops.capacity import in_words
from ops.capacity_rows import RoomRow
from ops.cost_rows import ItemRow, SavingRow, TargetRow
from ops.results import CapacityResult, CostResult
from ops.view import show_warnings, table


def show_cost(result: CostResult, console: Console) -> None:
    """Print what a stack costs, item by item, against its budget, and what would make it cheaper."""
    title = (
        f"Cost of {result.stack}, prices of {result.book.as_of} ({result.book.name}, {result.book.age_days} days old)"
    )
    rows = table(title, "item", "what", "quantity", "$ each", "$/month", "expected", "change", "CPU", "memory", "GPU")
    for item in result.items:
        rows.add_row(*_cells(item))
    for gone in result.delta.removed if result.delta else ():
        rows.add_row(gone.name, gone.what, "", "", "0.00", "0.00", f"-{gone.before_usd}", "", "", "")
    console.print(rows)
    console.print(
        f"Total: ${result.hourly_usd} an hour, ${result.monthly_usd} a month, ${result.yearly_usd} a year; "
        f"expected ${result.expected_monthly_usd} a month"
    )
    if result.delta:
        share = "" if result.delta.percent is None else f" ({result.delta.percent:+} %)"
        console.print(
            f"Against {result.delta.against}: ${result.delta.before_usd} a month before, "
            f"so {Decimal(result.delta.difference_usd):+} USD{share}"
        )
    budget = result.budget
    console.print(
        f"Budget: {budget.standing}, {budget.used_percent} % of ${budget.block_usd} (warned from ${budget.warn_usd})"
    )
    for target in result.targets:
        _show_target(target, console)
    for idle in result.idle_gpus:
        console.print(
            f"Idle GPU: {idle.machine} ({idle.instance_type}, ${idle.monthly_usd} a month): no pod asks for a share"
        )
    if result.cheaper:
        savings = table("One change alone, all pods still fit", "change", "saves $/month", "but")
        for one in result.cheaper:
            savings.add_row(_words(one), one.saves_usd, one.caveat)
        console.print(savings)
    show_warnings(result.warnings, console)


def _cells(item: ItemRow) -> tuple[str, ...]:
    # Of what has no price, never a number.
    month, expected, price = (one or "unknown" for one in (item.monthly_usd, item.expected_usd, item.price_usd))
    quantity = "unknown" if item.quantity is None else str(item.quantity)
    return (
        item.name,
        item.what,
        f"{quantity} {item.unit}",
        price,
        month,
        expected,
        "" if item.before_usd == item.monthly_usd else "new" if item.before_usd is None else f"was {item.before_usd}",
        "" if item.cpu_percent is None else f"{item.cpu_percent} %",
        "" if item.memory_percent is None else f"{item.memory_percent} %",
        f"{item.gpu_shares_used} of {item.gpu_shares}" if item.gpu_shares else "",
    )


def _show_target(target: TargetRow, console: Console) -> None:
    if not target.ways and target.awake_hours_per_week is None:
        reached = "met" if target.over_usd == "0.00" else f"exceeded by ${target.over_usd}, and no change reaches it"
        console.print(f"Target ${target.target_usd}: {reached}")
        return
    console.print(f"Target ${target.target_usd}: exceeded by ${target.over_usd}. What would reach it:")
    for way in target.ways:
        changes = " and ".join(_words(one) + (f" ({one.caveat})" if one.caveat else "") for one in way.changes)
        console.print(f"  {changes}: ${way.monthly_usd} a month", soft_wrap=True)
    if target.awake_hours_per_week is not None:
        console.print(f"  or no machine for more than {target.awake_hours_per_week} of the week's 168 hours")


def _words(one: SavingRow) -> str:
    return f"{one.machine} as {one.becomes}" if one.becomes else f"without {one.machine}"


def show_capacity(result: CapacityResult, console: Console) -> None:
    """Print whether all pods fit, what is left on each node, and what the loss of each would mean."""
    rows = table(
        f"Room on the nodes of {result.stack}", "node", "type", "pods", "left at the floors", "under full load"
    )
    for node in result.nodes:
        rows.add_row(node.name, node.instance_type, str(sum(node.pods.values())), in_words(node.left), _grown(node))
    losses = table("When one is lost", "node", "pods that move", "what then")
    for loss in result.losses:
        losses.add_row(loss.node, str(loss.moved), "; ".join(_after(loss.homeless, loss.tied)) or _alone(loss.survives))
    console.print(rows, losses)
    full = "and at their ceilings too" if result.grows else "but not at their ceilings"
    console.print(f"Fits: all {result.pods} pods at their floors, {full}" if result.fits else "Does not fit")
    if result.proof:
        console.print(f"Proof: {result.proof}", soft_wrap=True)
    show_warnings(result.warnings, console)


def _grown(node: RoomRow) -> str:
    return "not all pods fit" if node.left_grown is None else in_words(node.left_grown)


def _alone(survives: bool) -> str:  # noqa: FBT001 - it renders the truth value itself
    return "all of it runs on the others" if survives else "the control plane is lost: restore a snapshot"


def _after(homeless: str, tied: Iterable[str]) -> list[str]:
    kept = ", ".join(tied)
    return [*([homeless] if homeless else []), *([f"restore {kept}"] if kept else [])]
