"""What must hold for instance types, prices, machines and limits."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping

from catalog.cost import unpriced
from catalog.limits import Limits, StackLimits
from catalog.machine import InstanceType, Machine, PriceBook
from catalog.node import is_sized
from catalog.offence import Offence
from catalog.shape import Entries

Where = Callable[[str], str]
"""Gives the path, for messages, of a field."""


def of_names(limits: Limits, types: Entries[InstanceType], used: Mapping[str, list[str]]) -> Iterator[Offence]:
    """Yield the instance type names that do not exist.

    Args:
        limits: hold the names that older documents invented.
        types: the instance types.
        used: names by the path that uses them.
    """
    for path, names in used.items():
        for name in names:
            meant = limits.rejected_instance_types.get(name)
            if meant is not None:
                rule = "Lambda Cloud has no instance type of this name"
                yield Offence(path, name, rule, f"write what is meant instead: {meant}")
            elif not types.knows(name):
                remedy = "correct it, or add it to catalog/instance_types.yaml"
                yield Offence(path, name, "an instance type is one of catalog/instance_types.yaml", remedy)


def of_machine(machine: Machine, where: Where, *, types: Entries[InstanceType], limits: Limits) -> Iterator[Offence]:
    """Yield the rules that one machine breaks.

    Args:
        machine: the machine.
        where: gives the path of a field.
        types: the instance types.
        limits: those of the machine's owner among them.
    """
    instance_type = types.valid.get(machine.instance_type)
    if instance_type is not None:
        if not is_sized(instance_type):
            rule = "a machine's type has recorded vcpus and memory_gib"
            remedy = "record both in catalog/instance_types.yaml from the API, or choose another type"
            yield Offence(where("instance_type"), machine.instance_type, rule, remedy)
        yield from _sharing(machine, instance_type, where)
        yield from _fallbacks(machine, types, where)
    if machine.pinned and machine.expected_ip is None:
        rule = "a pinned machine exists, so its address is known"
        yield Offence(where("expected_ip"), "absent", rule, "add its public address, which Lambda's console shows")
    owner = limits.stacks.get(machine.owner)
    if owner is None:
        remedy = f"choose one of: {', '.join(limits.stacks)}"
        yield Offence(where("owner"), machine.owner, "an owner is a stack of catalog/limits.yaml", remedy)
    else:
        yield from _allowed(machine, owner, where)


def _fallbacks(machine: Machine, types: Entries[InstanceType], where: Where) -> Iterator[Offence]:
    """Placement is computed for the machine's own type, so that another must be no smaller and run the same images."""
    own, path = types.valid[machine.instance_type], where("fallbacks")
    if machine.pinned and machine.fallbacks:
        rule = "a pinned machine is never launched"
        yield Offence(path, ", ".join(machine.fallbacks), rule, "remove fallbacks")
    for name in machine.fallbacks:
        other = types.valid.get(name)
        if other is not None and not _stands_in(other, own):
            rule = f"it has at least the vcpus and memory of {machine.instance_type}, its architecture and its GPU"
            yield Offence(path, name, rule, "choose another type, or remove it")


def _stands_in(other: InstanceType, own: InstanceType) -> bool:
    if other.architecture is not own.architecture or other.gpu != own.gpu:
        return False
    return (other.vcpus or 0) >= (own.vcpus or 0) and (other.memory_gib or 0) >= (own.memory_gib or 0)


def _sharing(machine: Machine, instance_type: InstanceType, where: Where) -> Iterator[Offence]:
    sharing, path = machine.gpu_sharing, where("gpu_sharing")
    if instance_type.gpu is None and sharing is not None:
        rule = f"only a GPU is shared, and {machine.instance_type} has none"
        yield Offence(path, sharing.mode, rule, "remove gpu_sharing")
    if instance_type.gpu is not None and sharing is None:
        yield Offence(path, "absent", "a GPU machine says how its GPU is shared", "add gpu_sharing: {mode: exclusive}")
    if sharing is not None and sharing.mode == "exclusive" and sharing.shares != 1:
        yield Offence(path, str(sharing.shares), "an exclusive GPU has one share", "remove shares, or use time-slicing")


def _allowed(machine: Machine, owner: StackLimits, where: Where) -> Iterator[Offence]:
    pairs = (
        ("instance_type", machine.instance_type, owner.instance_types),
        *(("fallbacks", name, owner.instance_types) for name in machine.fallbacks),
        ("region", machine.region, owner.regions),
    )
    for field, value, allowed in pairs:
        if value not in allowed:
            rule = f"{machine.owner} uses what catalog/limits.yaml allows it"
            yield Offence(where(field), value, rule, f"choose one of: {', '.join(allowed)}; or allow it there")


def of_fleet(machines: Mapping[str, Machine], where: Callable[[str], Where], limits: Limits) -> Iterator[Offence]:
    """Yield the rules that the machines break together.

    Args:
        machines: all machines by name.
        where: gives, for a machine, the path of a field; for an empty name, of the file.
        limits: the limits.
    """
    owners = Counter(machine.owner for machine in machines.values())
    servers = Counter(machine.owner for machine in machines.values() if machine.k3s == "server")
    if len(machines) > limits.max_machines:
        rule = f"the account holds at most {limits.max_machines} machines"
        yield Offence(where("")(""), str(len(machines)), rule, "remove machines, or raise max_machines in limits.yaml")
    for owner, count in sorted(owners.items()):
        stack = limits.stacks.get(owner)
        if stack and count > stack.max_machines:
            rule = f"{owner} holds at most {stack.max_machines} machines"
            remedy = f"remove machines, or raise stacks.{owner}.max_machines in limits.yaml"
            yield Offence(where("")(""), str(count), rule, remedy)
        if servers[owner] != 1:
            shown = "no server" if not servers[owner] else f"{servers[owner]} servers"
            rule = f"{owner} has one machine that is the server of its cluster"
            yield Offence(where("")(""), shown, rule, "set k3s: server on one of its machines, and agent on the others")
    addresses: dict[str, str] = {}
    for name, machine in machines.items():
        if machine.expected_ip and addresses.setdefault(machine.expected_ip, name) != name:
            rule = f"an address belongs to one machine, and {addresses[machine.expected_ip]} has it"
            yield Offence(where(name)("expected_ip"), machine.expected_ip, rule, "correct one of the two")


def of_prices(machines: Mapping[str, Machine], book: PriceBook, path: str) -> Iterator[Offence]:
    """Yield the types of the machines that have no price: an unknown price is never counted as nothing.

    Args:
        machines: machines by name.
        book: the prices.
        path: the file of the book.
    """
    for name in unpriced(machines.values(), book):
        rule = "every machine has a price in the book that counts"
        yield Offence(
            f"{path}: hourly_cents.{name}", "absent", rule, "add the price with its source, or use another book"
        )


def of_limits(limits: Limits, books: Entries[PriceBook], where: Where) -> Iterator[Offence]:
    """Yield what the limits say against each other.

    Args:
        limits: the limits.
        books: the price books.
        where: gives the path of a field.
    """
    if not books.knows(limits.default_price_book):
        remedy = f"choose one of: {', '.join(sorted(books.names))}"
        path = where("default_price_book")
        yield Offence(path, limits.default_price_book, "a price book is a file of catalog/prices", remedy)
    total = sum(stack.max_machines for stack in limits.stacks.values())
    if total > limits.max_machines:
        rule = f"the stacks together hold at most max_machines, {limits.max_machines}"
        yield Offence(where("stacks"), str(total), rule, "lower a stack's max_machines, or raise the account's")
    for name, stack in limits.stacks.items():
        budget, rise = stack.budget, stack.rise
        for field, warns, blocks in (
            ("budget.warn_cents", budget.warn_cents, budget.block_cents),
            ("rise.warn_cents", rise.warn_cents, rise.block_cents),
            ("rise.warn_percent", rise.warn_percent, rise.block_percent),
        ):
            if warns > blocks:
                rule = f"the warning comes before the block at {blocks}"
                remedy = f"lower it, or raise {field.rpartition('.')[2].replace('warn', 'block')}"
                yield Offence(where(f"stacks.{name}.{field}"), str(warns), rule, remedy)
