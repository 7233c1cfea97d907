"""What would make a stack cheaper: types that are cheaper and still hold its pods, machines it can do without."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import combinations, product

from catalog.bill import Bill
from catalog.machine import InstanceType, InstanceTypeName, Machine, PriceBook
from catalog.node import GPU, Node, is_sized
from catalog.placement import Packing, pack
from catalog.pod import Demand

_HOURS_PER_WEEK = 168

Rebuilt = Callable[[str, Machine], Node]
"""Gives the node that a machine would be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One machine that is another type, or is not there."""

    machine: str
    """The machine."""
    was: InstanceTypeName
    """The type that it is."""
    becomes: InstanceTypeName | None
    """The type that it would be; None where the stack would do without it."""
    saves_cents: int
    """Cents a month that it saves."""
    caveat: str = ""
    """What the sums do not say; empty where there is nothing."""

    def __str__(self) -> str:
        what = f"{self.machine} as {self.becomes}" if self.becomes else f"without {self.machine}"
        return f"{what} ({self.caveat})" if self.caveat else what


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """What savings are judged on."""

    machines: Mapping[str, Machine]
    """The stack's machines by name."""
    nodes: Sequence[Node]
    """The same as nodes."""
    demands: Sequence[Demand]
    """What wants to run on them."""
    types: Mapping[str, InstanceType]
    """Instance types that the stack may use, and those of its machines."""
    book: PriceBook
    """The prices."""
    hours: int
    """Hours that a month is counted as."""
    rebuilt: Rebuilt
    """Gives the node that a machine would be."""

    def price(self, instance_type: str) -> int:
        """Return cents of a month of one."""
        return self.book.hourly_cents[instance_type] * self.hours

    def judged(self, changes: Sequence[Change]) -> tuple[Change, ...] | None:
        """Return the changes with what the sums do not say of them; None where not all pods at their floors fit."""
        by_machine = {change.machine: change for change in changes}
        changed = [self._changed(node, by_machine.get(node.name)) for node in self.nodes]
        packing = pack(self.demands, [node for node in changed if node])
        if packing.unplaced is not None:
            return None
        return tuple(replace(change, caveat=self._caveat(change, packing)) for change in changes)

    def _caveat(self, change: Change, packing: Packing) -> str:
        here = packing.pods.get(change.machine, {})
        before, after = self.types[change.was], self.types[change.becomes or change.was]
        if change.becomes is None:
            return self._smaller_gpu(before, packing)
        found = []
        if after.disk_gib is None and any(demand.pod.disk_gib for demand in self.demands if demand.name in here):
            found.append("pods keep data there, and no source records its disk")
        if before.gpu and after.gpu and any(demand.pod.gpus for demand in self.demands if demand.name in here):
            had, has = before.gpu.memory_gib, after.gpu.memory_gib
            if has is None or (had is not None and has < had):
                found.append(f"its GPU has {has or 'an unknown number of'} GiB in place of {had}")
        return "; ".join(found)

    def _smaller_gpu(self, before: InstanceType, packing: Packing) -> str:
        """Tell when pods that ask for a GPU may come from one to another with less memory."""
        takers = {demand.name for demand in self.demands if demand.pod.gpus}
        held = [node for node in self.nodes if not takers.isdisjoint(packing.pods.get(node.name, {}))]
        sizes = [gpu.memory_gib or 0 for node in held if (gpu := self.types[node.instance_type].gpu)]
        had = before.gpu.memory_gib if before.gpu else None
        return f"pods that ask for a GPU get {min(sizes)} GiB" if had and sizes and min(sizes) < had else ""

    def _changed(self, node: Node, change: Change | None) -> Node | None:
        if change is None:
            return node
        if change.becomes is None:
            return None
        machine = self.machines[node.name].model_copy(update={"instance_type": change.becomes})
        gpu = self.types[change.becomes].gpu
        update = machine if gpu else machine.model_copy(update={"gpu_sharing": None})
        return self.rebuilt(node.name, update)


def cheaper(ground: Ground) -> tuple[Change, ...]:
    """Return the cheaper types that each machine could be, alone, the largest saving first: all pods still fit.

    Args:
        ground: what it is judged on.
    """
    found = [ground.judged([change]) for name in ground.machines for change in _types(name, ground)]
    return tuple(sorted((one for way in found if way for one in way), key=_largest_first))


def spare(ground: Ground) -> tuple[Change, ...]:
    """Return the machines that the stack could do without, each alone: all pods still fit the others.

    Args:
        ground: what it is judged on.
    """
    found = [ground.judged([change]) for name in ground.machines for change in _away(name, ground)]
    return tuple(sorted((one for way in found if way for one in way), key=_largest_first))


def _largest_first(change: Change) -> tuple[int, str, str]:
    return (-change.saves_cents, change.machine, str(change.becomes))


def reaching(ground: Ground, bill: Bill, target_cents: int, most: int = 3) -> tuple[tuple[Change, ...], ...]:
    """Return the ways to come down to a target with the fewest changes: all pods still fit, the least saving first.

    Args:
        ground: what it is judged on.
        bill: what the stack costs now.
        target_cents: cents a month.
        most: how many ways.
    """
    needed = bill.monthly_cents - target_cents
    if needed <= 0:
        return ()
    choices = {name: [*_types(name, ground), *_away(name, ground)] for name in ground.machines}
    for count in range(1, len(choices) + 1):
        ways = [
            way
            for machines in combinations(choices, count)
            for way in product(*(choices[name] for name in machines))
            if sum(change.saves_cents for change in way) >= needed
        ]
        ways.sort(key=lambda way: (sum(change.saves_cents for change in way), [str(change) for change in way]))
        found: list[tuple[Change, ...]] = []
        for way in ways:
            if judged := ground.judged(way):
                found.append(judged)
            if len(found) == most:
                break
        if found:
            return tuple(found)
    return ()


def awake_hours(bill: Bill, target_cents: int) -> Fraction | None:
    """Return the hours a week for which all machines may exist, so that the stack costs a target; None where none do.

    There is no stopped state: a machine that does not exist has lost its disk and its address.

    Args:
        bill: what the stack costs now.
        target_cents: cents a month.
    """
    machines = sum(item.monthly_cents for item in bill.items if item.kind == "machine")
    rest = bill.monthly_cents - machines
    if not machines or target_cents < rest:
        return None
    return min(Fraction(1), Fraction(target_cents - rest, machines)) * _HOURS_PER_WEEK


def idle_gpus(nodes: Iterable[Node], packing: Packing, demands: Iterable[Demand]) -> Iterator[tuple[Node, int]]:
    """Yield the nodes with GPU shares of which no pod takes one, and how many shares those are.

    Args:
        nodes: the nodes.
        packing: pods on them.
        demands: whose pods those are.
    """
    takers = {demand.name for demand in demands if demand.pod.gpus}
    for node in nodes:
        if node.allocatable.gpus and takers.isdisjoint(packing.pods.get(node.name, {})):
            yield node, node.allocatable.gpus


def relabelled(node: Node, built: Node) -> Node:
    """Return a node built anew with the labels that the present one has from elsewhere; those of a GPU go with it."""
    kept = {
        key: value for key, value in node.labels.items() if built.capacity.gpus or not key.startswith("nvidia.com/")
    }
    return built.model_copy(update={"labels": {**{k: v for k, v in kept.items() if k != GPU}, **built.labels}})


def _types(name: str, ground: Ground) -> Iterator[Change]:
    machine = ground.machines[name]
    now = ground.price(machine.instance_type)
    for other, instance_type in ground.types.items():
        if not is_sized(instance_type) or other not in ground.book.hourly_cents or ground.price(other) >= now:
            continue
        yield Change(machine=name, was=machine.instance_type, becomes=other, saves_cents=now - ground.price(other))


def _away(name: str, ground: Ground) -> Iterator[Change]:
    machine = ground.machines[name]
    if machine.k3s != "server":
        saved = ground.price(machine.instance_type)
        yield Change(machine=name, was=machine.instance_type, becomes=None, saves_cents=saved)
