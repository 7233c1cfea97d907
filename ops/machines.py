"""Whose the machines of the account are and what they cost, as pure functions of what was read."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from catalog import Catalog
from catalog.cost import decimal_usd
from catalog.machine import Lifecycle, Machine
from ops.error import RUNBOOK
from ops.machine_rows import CapacityRow, MachineRow, StackRow, Standing
from ops.results import MachinesResult
from ops.states import Recorded
from providers.lambda_cloud.answers import Instance, Offer
from providers.lambda_cloud.order import OWNER_KEY
from rehearsal.home import PROJECT


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What was read of the account and of the stacks' states."""

    instances: Sequence[Instance]
    """The machines that the API lists."""
    offers: Mapping[str, Offer]
    """What can be launched now, by type."""
    states: Mapping[str, Recorded]
    """What is recorded, by stack; a stack that is not there has none."""
    adopt: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """Ids by machine that a stack is configured to take over, by stack."""


def listed(found: Found, facts: Catalog, stack: str = "") -> MachinesResult:
    """Return the machines, their cost, what can be launched now and what is amiss.

    Args:
        found: what was read.
        facts: the catalog.
        stack: only what belongs to that stack; empty for the whole account.
    """
    hours = facts.limits.hours_per_month
    everything = classify(found, facts.machines, hours)
    rows = tuple(row for row in everything if stack in ("", row.owner))
    names = [name for name in sorted({*facts.limits.stacks, *found.states}) if stack in ("", name)]
    hourly = _hourly(found.instances, {row.id for row in rows})
    return MachinesResult(
        stack=stack,
        machines=rows,
        stacks=tuple(_stack(name, found, facts) for name in names),
        capacity=tuple(_capacity(facts.machines, found.offers, stack)),
        hourly_usd=decimal_usd(hourly),
        monthly_usd=decimal_usd(hourly * hours),
        in_account=sum(not instance.gone for instance in found.instances),
        max_machines=facts.limits.max_machines,
        warnings=tuple(_warnings(rows, found, stack, facts.machines)),
    )


def classify(found: Found, machines: Mapping[str, Machine], hours_per_month: int) -> tuple[MachineRow, ...]:
    """Return a row for every machine of the account, by owner, standing and name.

    One that is gone or going is told only while a state holds it: nobody has to do anything about the others.

    Args:
        found: what was read.
        machines: those of the catalog by name.
        hours_per_month: hours that a month is counted as.
    """
    rows = []
    for instance in found.instances:
        owner, standing = _standing(instance, found, machines)
        if instance.gone and standing is not Standing.MANAGED:
            continue
        cents = 0 if instance.gone else instance.instance_type.price_cents_per_hour
        row = MachineRow(
            name=instance.name or "",
            id=instance.id,
            instance_type=instance.instance_type.name,
            region=instance.region.name,
            status=instance.status,
            address=instance.ip or "",
            hourly_usd=decimal_usd(cents),
            monthly_usd=decimal_usd(cents * hours_per_month),
            owner=owner,
            standing=standing,
        )
        rows.append(row)
    return tuple(sorted(rows, key=lambda row: (not row.owner, row.owner, row.standing, row.name, row.id)))


def _standing(instance: Instance, found: Found, machines: Mapping[str, Machine]) -> tuple[str, Standing]:
    """Return the owner and the standing: what a state says comes before a tag, and a tag before a name."""
    for stack, recorded in found.states.items():
        if instance.id in recorded.instances:
            return stack, Standing.MANAGED
    tag = next((tag.value for tag in instance.tags if tag.key == OWNER_KEY), "")
    project, _, rest = tag.partition("/")
    if project == PROJECT and rest:
        return rest.split("/")[0], Standing.ORPHANED
    if tag:
        return "/".join(tag.split("/")[:2]), Standing.UNMANAGED
    for stack, ids in found.adopt.items():
        if instance.id in ids.values():
            return stack, Standing.ADOPTABLE
    machine = machines.get(instance.name or "")
    if machine is not None and _is(instance, machine, found.adopt.get(machine.owner, {})):
        return machine.owner, Standing.ADOPTABLE
    return "", Standing.UNMANAGED


def _is(instance: Instance, machine: Machine, adopted: Mapping[str, str]) -> bool:
    """Whether an instance of the machine's name is that machine: names are not unique at Lambda Cloud."""
    if machine.lifecycle is Lifecycle.ON_DEMAND or instance.name in adopted:
        return False
    return instance.region.name == machine.region and instance.ip in (None, machine.expected_ip)


def _stack(name: str, found: Found, facts: Catalog) -> StackRow:
    recorded = found.states.get(name, Recorded({}, 0))
    there = {instance.id for instance in found.instances} & {*recorded.instances}
    hourly = _hourly(found.instances, there)
    schedule = facts.account.schedules.get(name)
    return StackRow(
        name=name,
        state="asleep" if recorded.asleep else "up" if recorded.resources else "down",
        machines=len(there),
        hourly_usd=decimal_usd(hourly),
        monthly_usd=decimal_usd(hourly * facts.limits.hours_per_month),
        schedule=str(schedule) if schedule else "",
    )


def _capacity(machines: Mapping[str, Machine], offers: Mapping[str, Offer], stack: str) -> Iterator[CapacityRow]:
    ours = [machine for machine in machines.values() if stack in ("", machine.owner)]
    for name in sorted({name for machine in ours for name in (machine.instance_type, *machine.fallbacks)}):
        offer = offers.get(name)
        yield CapacityRow(
            instance_type=name,
            hourly_usd=decimal_usd(offer.instance_type.price_cents_per_hour) if offer else "",
            regions=tuple(sorted(r.name for r in offer.regions_with_capacity_available)) if offer else (),
        )


def _warnings(rows: Iterable[MachineRow], found: Found, stack: str, machines: Mapping[str, Machine]) -> Iterator[str]:
    for row in rows:
        if row.standing is Standing.ORPHANED:
            yield (
                f"{row.name} ({row.id}) was launched for {row.owner} and is in no state, at ${row.hourly_usd} an hour; "
                f"`./sophia up {row.owner}` takes it over if the stack declares it; else terminate it in the console"
            )
    alive = {instance.id for instance in found.instances if not instance.gone}
    for name, recorded in sorted(found.states.items()):
        for lost, logical in recorded.instances.items():
            if lost not in alive and stack in ("", name):
                way_out = RUNBOOK if _pinned(logical.removesuffix("-instance"), machines) else f"`./sophia up {name}`"
                yield f"{logical} ({lost}) is in the state of {name} and not in the account; what repairs it: {way_out}"
    for name, adopted in sorted(found.adopt.items()):
        held = found.states[name].instances if name in found.states else {}
        for machine, lost in adopted.items():
            if _pinned(machine, machines) and lost not in {*alive, *held} and stack in ("", name):
                yield f"{machine} ({lost}), which {name} takes over, is not in the account; see {RUNBOOK}"


def _pinned(name: str, machines: Mapping[str, Machine]) -> bool:
    return name in machines and machines[name].pinned


def _hourly(instances: Iterable[Instance], ids: Iterable[str]) -> int:
    counted = {*ids}
    return sum(i.instance_type.price_cents_per_hour for i in instances if i.id in counted and not i.gone)
