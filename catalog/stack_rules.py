"""What must hold for the machines of a stack and the workloads that run on them."""

from collections.abc import Iterator, Sequence

from catalog.cost import usd
from catalog.limits import Budget
from catalog.node import Node, untainted
from catalog.offence import Concern, Offence
from catalog.placement import pack
from catalog.pod import Demand
from catalog.workload import Workload


def capacity(stack: str, workloads: Sequence[Workload], nodes: Sequence[Node], path: str) -> Iterator[Offence]:
    """Yield the first pod that finds no node while every workload has its minimum, or that there is no node for any.

    Args:
        stack: the stack's name.
        workloads: what runs on it.
        nodes: its nodes.
        path: where the choice of machines stands.
    """
    unplaced = pack(map(Demand.of, workloads), nodes).unplaced
    if unplaced is not None:
        rule = f"the minimum replicas of all workloads fit the machines of {stack}"
        remedy = "lower replicas.min or resources.requests, loosen the placement, or add a machine"
        yield Offence(path, str(unplaced), rule, remedy, Concern.CAPACITY)
    elif nodes and not untainted(nodes):
        rule = f"{stack} has a machine without taints: quotas count what such machines have"
        yield Offence(path, "every machine is tainted", rule, "add a machine without taints", Concern.CAPACITY)


def spending(stack: str, monthly: int, budget: Budget, path: str) -> Iterator[Offence]:
    """Yield an offence when the machines cost what the budget blocks.

    Args:
        stack: the stack's name.
        monthly: cents per month.
        budget: its budget.
        path: where the choice of machines stands.
    """
    if monthly >= budget.block_cents:
        rule = f"{stack} costs less than {usd(budget.block_cents)} USD a month, its limit in catalog/limits.yaml"
        remedy = "choose fewer or cheaper machines, or have block_cents raised there"
        yield Offence(path, f"{usd(monthly)} USD", rule, remedy, Concern.COST)


def warnings(stack: str, *, monthly: int, budget: Budget) -> list[str]:
    """Return what is allowed and yet worth knowing: spending near or over its marks.

    Args:
        stack: the stack's name.
        monthly: cents per month.
        budget: its budget.
    """
    marks = [("warning mark", budget.warn_cents)] if monthly >= budget.warn_cents else []
    marks += [("target", target) for target in budget.target_cents if monthly > target]
    return [
        f"{stack} costs {usd(monthly)} USD a month, {usd(monthly - mark)} over the {what} of {usd(mark)}"
        for what, mark in marks
    ]
