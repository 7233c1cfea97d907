"""``cost``: what a stack costs to the cent, what changes that, and what would make it cheaper; judged on its render."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import catalog
from catalog import CatalogError, Node, Offence
from catalog.bill import Bill, Item, machine_items, stale
from catalog.cost import decimal_usd
from catalog.limits import Rise, Standing
from catalog.machine import Machine
from catalog.node import node
from catalog.placement import Packing, pack
from catalog.savings import Change, Ground, awake_hours, cheaper, idle_gpus, reaching, relabelled, spare
from catalog.week import hourly
from ops import capacity
from ops.cost_rows import BookRow, BudgetRow, DeltaRow, IdleRow, ItemRow, SavingRow, TargetRow, WayRow
from ops.deployment import Target, deployed
from ops.plan import render_commit
from ops.rendering import render
from ops.results import CostResult
from render import Graph

STATE = "state"
"""What a stack is compared with when that is what is deployed."""

_INSTANCE = "lambda-cloud:index:Instance"


@dataclass(frozen=True, slots=True, kw_only=True)
class Before:
    """What there is to compare with."""

    against: str
    """How it is called."""
    types: Mapping[str, str]
    """Instance types by the machine's name."""


def cost(
    stack: str, *, today: date, price_book: str = "", against: str = "", target: Target = Target.REHEARSAL
) -> CostResult:
    """Return what a stack costs.

    Args:
        stack: name of the stack.
        today: the day, in UTC.
        price_book: prices that it is told by, however old; empty for those that the stack chooses, which must be fresh.
        against: `state`, or a commit; empty for the state where the stack is deployed, and else for HEAD.
        target: where the stack is deployed.

    Raises:
        CatalogError: the catalog or the stack's choice breaks a rule, or the prices are stale.
        RenderError: there is no such commit.
    """
    facts = catalog.load()
    graph = render(stack, choices={"sophia:price_book": price_book} if price_book else None)
    if not price_book and (old := stale(graph.choice.bill, today, facts.limits.max_price_age_days)):
        raise CatalogError([old])
    return told(graph, facts, today, before(stack, against, target))


def before(stack: str, against: str, target: Target) -> Before | None:
    """Return what a stack is compared with; None where nothing is deployed, and that was asked for.

    Args:
        stack: name of the stack.
        against: `state`, or a commit; empty for the state where the stack is deployed, and else for HEAD.
        target: where the stack is deployed.
    """
    if against in ("", STATE):
        types = dict(_instances(deployed(stack, target)))
        if types or against:
            return Before(against=f"what is deployed of {stack}", types=types) if types else None
    commit = against or "HEAD"
    return of_graph(render_commit(stack, commit), commit)


def of_graph(graph: Graph, against: str) -> Before:
    """Return what a stack is compared with where that is a render.

    Args:
        graph: the render.
        against: how it is called.
    """
    types = _instances({"type": one.type, "inputs": one.inputs} for one in graph)
    return Before(against=against, types=dict(types))


def _instances(resources: Iterable[Mapping[str, Any]]) -> Iterator[tuple[str, str]]:
    for one in resources:
        if one["type"] == _INSTANCE:
            inputs, outputs = one.get("inputs") or {}, one.get("outputs") or {}
            # What it was launched as, which may be a fallback; in a render, what it is launched as first.
            what = outputs.get("instanceType") or inputs["candidates"][0]["instanceType"]
            yield str(inputs.get("name") or one["urn"].rsplit("::", 1)[-1]), str(what)


def told(graph: Graph, facts: catalog.Catalog, today: date, compared: Before | None) -> CostResult:
    """Return what a rendered stack costs.

    Args:
        graph: the render.
        facts: the catalog.
        today: the day, in UTC.
        compared: with what it is compared.

    Raises:
        CatalogError: an object says something of its pods that is not judged here.
    """
    choice, bill = graph.choice, graph.choice.bill
    on = capacity.ground(graph)
    packing = pack(on.demands, on.nodes)
    ground = _ground(choice, on, facts)
    past = {} if compared is None else _past(compared, bill, facts)
    budget = choice.limits.budget
    rows = tuple(_item(item, past.get(item.name), packing, on) for item in bill.items)
    spared = sorted((*cheaper(ground), *spare(ground)), key=lambda one: (-one.saves_cents, one.machine, str(one)))
    week = hourly(bill, choice.account, choice.name)
    delta = None if compared is None else _delta(bill, past, compared, choice.limits.rise)
    risen = {} if delta is None else {delta.standing: (_told(delta, choice.name, choice.limits.rise),)}
    return CostResult(
        stack=graph.stack,
        book=BookRow(name=bill.book, as_of=bill.as_of, source=bill.source, age_days=(today - bill.as_of).days),
        hourly_usd=decimal_usd(bill.hourly_cents),
        monthly_usd=decimal_usd(bill.monthly_cents),
        yearly_usd=decimal_usd(bill.yearly_cents),
        expected_monthly_usd=decimal_usd(bill.expected_cents),
        items=rows,
        unpriced=tuple(item.name for item in bill.unpriced),
        budget=BudgetRow(
            warn_usd=decimal_usd(budget.warn_cents),
            block_usd=decimal_usd(budget.block_cents),
            used_percent=100 * bill.monthly_cents // budget.block_cents if budget.block_cents else 100,
            standing=_standing(bill.monthly_cents, budget.warn_cents, budget.block_cents),
        ),
        targets=tuple(_target(ground, bill, cents) for cents in budget.target_cents),
        delta=delta,
        idle_gpus=tuple(_idle(bill, found, shares) for found, shares in idle_gpus(on.nodes, packing, on.demands)),
        cheaper=tuple(map(_saving, spared)),
        week_usd={name: tuple(f"{float(part) / 100:.4f}" for part in hours) for name, hours in week.items()},
        warnings=(*choice.warnings, *risen.get("warned", ())),
        errors=risen.get("blocked", ()),
    )


def _ground(choice: catalog.Stack, on: capacity.Ground, facts: catalog.Catalog) -> Ground:
    present = {one.name: one for one in on.nodes}

    def rebuilt(name: str, machine: Machine) -> Node:
        kind = facts.instance_types[machine.instance_type]
        return relabelled(present[name], node(name, machine, kind, stack=choice.name, reserve=choice.reserve))

    names = {*choice.limits.instance_types, *(machine.instance_type for machine in choice.machines.values())}
    return Ground(
        machines=choice.machines,
        nodes=on.nodes,
        demands=on.demands,
        types={name: facts.instance_types[name] for name in sorted(names)},
        book=facts.price_books[choice.bill.book],
        hours=facts.limits.hours_per_month,
        rebuilt=rebuilt,
    )


def _past(compared: Before, bill: Bill, facts: catalog.Catalog) -> dict[str, Item]:
    """Return what was billed before; people and file systems do not come and go with machines."""
    machines = machine_items(compared.types, facts.price_books[bill.book], facts.limits.hours_per_month)
    lasting = [item for item in bill.items if item.kind != "machine"]
    return {item.name: item for item in (*machines, *lasting)}


def _standing(cents: int, warn: int, block: int) -> Standing:
    return "blocked" if cents >= block else "warned" if cents >= warn else "within"


def _item(item: Item, past: Item | None, packing: Packing | None, on: capacity.Ground | None) -> ItemRow:
    return ItemRow(
        name=item.name,
        kind=item.kind,
        what=item.what,
        unit=item.unit,
        quantity=item.quantity,
        price_usd=None if item.price_cents is None else decimal_usd(item.price_cents),
        monthly_usd=_known(item, item.monthly_cents),
        expected_usd=_known(item, item.expected_cents),
        before_usd=None if past is None else _known(past, past.monthly_cents),
        **(_use(item.name, packing, on) if packing and on else {}),
    )


def _known(item: Item, cents: int) -> str | None:
    return decimal_usd(cents) if item.priced else None


def _use(name: str, packing: Packing, on: capacity.Ground) -> dict[str, int]:
    """Return how full a machine is at the floors; nothing for what is none."""
    has = next((one.allocatable for one in on.nodes if one.name == name), None)
    if has is None:
        return {}
    left = packing.free[name]
    return {
        "gpu_shares": has.gpus,
        "gpu_shares_used": has.gpus - left.gpus,
        "cpu_percent": round(100 * (has.millicores - left.millicores) / max(1, has.millicores)),
        "memory_percent": round(100 * (has.mebibytes - left.mebibytes) / max(1, has.mebibytes)),
    }


def _delta(bill: Bill, past: Mapping[str, Item], compared: Before, rise: Rise) -> DeltaRow:
    cents = sum(item.monthly_cents for item in past.values())
    difference = bill.monthly_cents - cents
    present = {item.name for item in bill.items}
    return DeltaRow(
        against=compared.against,
        before_usd=decimal_usd(cents),
        difference_usd=decimal_usd(difference),
        percent=round(100 * difference / cents, 1) if cents else None,
        standing=rise.standing(cents, bill.monthly_cents),
        removed=tuple(_item(item, item, None, None) for name, item in past.items() if name not in present),
    )


def _told(delta: DeltaRow, stack: str, rise: Rise) -> str:
    """Return what is said of a change that adds too much, or much."""
    blocks = delta.standing == "blocked"
    cents, percent = (rise.block_cents, rise.block_percent) if blocks else (rise.warn_cents, rise.warn_percent)
    value = f"+{delta.difference_usd} USD (+{delta.percent} %) against {delta.against}"
    rule = f"one change adds less than {decimal_usd(cents)} USD and {percent} % to a month"
    remedy = "choose cheaper machines, or raise it in the same change"
    return str(Offence(f"catalog/limits.yaml: stacks.{stack}.rise", value, rule, remedy))


def _target(ground: Ground, bill: Bill, cents: int) -> TargetRow:
    over = max(0, bill.monthly_cents - cents)
    hours = awake_hours(bill, cents) if over else None
    return TargetRow(
        target_usd=decimal_usd(cents),
        over_usd=decimal_usd(over),
        ways=tuple(_way(bill, way) for way in reaching(ground, bill, cents)),
        # Rounded down: a little more would be over the target.
        awake_hours_per_week=None if hours is None else int(hours * 10) / 10,
    )


def _way(bill: Bill, changes: tuple[Change, ...]) -> WayRow:
    saved = sum(change.saves_cents for change in changes)
    return WayRow(changes=tuple(map(_saving, changes)), monthly_usd=decimal_usd(bill.monthly_cents - saved))


def _saving(change: Change) -> SavingRow:
    return SavingRow(
        machine=change.machine,
        was=change.was,
        becomes=change.becomes,
        saves_usd=decimal_usd(change.saves_cents),
        caveat=change.caveat,
    )


def _idle(bill: Bill, found: Node, shares: int) -> IdleRow:
    cents = next(item.monthly_cents for item in bill.items if item.name == found.name)
    return IdleRow(
        machine=found.name, instance_type=found.instance_type, gpu_shares=shares, monthly_usd=decimal_usd(cents)
    )
