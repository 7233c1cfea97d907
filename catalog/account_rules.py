"""What must hold for the account, its firewall, and what a stack adopts from it."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

from catalog import references
from catalog.access import BreakGlass
from catalog.account import Account
from catalog.firewall import Firewall
from catalog.limits import Limits
from catalog.machine import Lifecycle, Machine
from catalog.machine_rules import Where
from catalog.offence import Offence

INSTANCE_ID = re.compile(r"[0-9a-f]{32}")
"""The form of the ids of Lambda Cloud (API 1.10.0, examples)."""

_MOST_RULES = 20
_PUBLIC_KEY = re.compile(r"(ssh-(ed25519|rsa)|ecdsa-sha2-nistp(256|384|521)) [A-Za-z0-9+/]+=*( .*)?")


def of_account(account: Account, where: Where, *, machines: Mapping[str, Machine], limits: Limits) -> Iterator[Offence]:
    """Yield the rules that the account breaks.

    Args:
        account: the account.
        where: gives the path of a field.
        machines: all machines by name.
        limits: name the stacks.
    """
    stacks = {"owner": account.owner}
    stacks |= {f"schedules.{stack}": stack for stack in account.schedules}
    stacks |= {f"on_demand_hours.{stack}": stack for stack in account.on_demand_hours}
    stacks |= {f"file_systems.{name}.owner": system.owner for name, system in account.file_systems.items()}
    for field, stack in stacks.items():
        yield from references.stack(where(field), stack, limits.stacks)
    yield from _lives(account, where, machines)
    yield from _file_systems(account, where, machines)


def _lives(account: Account, where: Where, machines: Mapping[str, Machine]) -> Iterator[Offence]:
    for stack, schedule in account.schedules.items():
        if schedule.end <= schedule.start:
            rule = f"machines sleep later than they wake, at {schedule.start}"
            yield Offence(where(f"schedules.{stack}.end"), schedule.end, rule, "give a later time of the same day")
        yield from _pinned(stack, where(f"schedules.{stack}"), machines)
        for day, count in Counter(schedule.days).items():
            if count > 1:
                yield Offence(where(f"schedules.{stack}.days"), day, "a day is named once", "remove the repetition")
    for stack in account.on_demand_hours:
        if stack in account.schedules:
            rule = "a stack has a schedule or is on demand"
            yield Offence(where(f"on_demand_hours.{stack}"), stack, rule, "remove one of the two")
        yield from _pinned(stack, where(f"on_demand_hours.{stack}"), machines)


def _file_systems(account: Account, where: Where, machines: Mapping[str, Machine]) -> Iterator[Offence]:
    for name, system in account.file_systems.items():
        for machine in system.machines:
            if machine not in machines or machines[machine].region != system.region:
                rule = f"a file system is attached to machines of its own region, {system.region}"
                yield Offence(where(f"file_systems.{name}.machines"), machine, rule, "name a machine of that region")
            elif machines[machine].pinned:
                rule = "a file system is attached at launch, and a pinned machine is never launched"
                yield Offence(where(f"file_systems.{name}.machines"), machine, rule, "name another machine")


def _pinned(stack: str, path: str, machines: Mapping[str, Machine]) -> Iterator[Offence]:
    pinned = [n for n, m in machines.items() if m.owner == stack and m.pinned]
    if pinned:
        rule = f"{', '.join(pinned)} of {stack} are pinned, and terminating is the only way to stop paying"
        yield Offence(path, stack, rule, "remove it")


def of_firewall(
    firewall: Firewall, where: Where, *, break_glass: Iterable[BreakGlass] = (), nodes: Iterable[str] = ()
) -> Iterator[Offence]:
    """Yield the rules that the firewall table breaks.

    Args:
        firewall: the table.
        where: gives the path of a field.
        break_glass: networks that break the glass; each is a rule or two of Lambda's firewall.
        nodes: addresses of the nodes of the stack that owns the account, each a rule for every row of theirs.
    """
    rows = {f"ports.{name}": row for name, row in firewall.ports.items()}
    rows |= {f"meshes.{mesh}.{name}": row for mesh, ports in firewall.meshes.items() for name, row in ports.items()}
    ports = {field: (row.protocol, row.port) for field, row in rows.items()}
    for field, (protocol, port) in ports.items():
        if (protocol == "icmp") != (port is None):
            rule = "icmp has no port, and every other protocol has one"
            remedy = "remove port" if protocol == "icmp" else "add port"
            yield Offence(where(f"{field}.port"), "absent" if port is None else str(port), rule, remedy)
    for field, row in rows.items():
        if row.port in {22, 6443} and "world" in row.sources:
            rule = "SSH and the Kubernetes API are closed to the world"
            yield Offence(where(f"{field}.sources"), "world", rule, "write access instead")
        if len(row.sources) > 1 and "world" in row.sources:
            yield Offence(where(f"{field}.sources"), "world", "the world includes the others", "remove the others")
    if firewall.mesh in firewall.meshes:
        rules = firewall.ruleset("server", break_glass, nodes)
        if len(rules) > _MOST_RULES:
            rule = f"a ruleset holds at most {_MOST_RULES} rules: more may stop instances from launching"
            remedy = "join ranges, remove entries that break the glass, or leave rows to the host firewall"
            yield Offence(where("ports"), str(len(rules)), rule, remedy)


def of_adoption(
    adopt: Mapping[str, str], stack: str, path: str, *, machines: Mapping[str, Machine], account: Account
) -> Iterator[Offence]:
    """Yield what is wrong with the ids of the things a stack takes over.

    Args:
        adopt: ids by the name of a machine or of the account's SSH key.
        stack: the stack's name.
        path: where the ids stand.
        machines: the stack's machines by name.
        account: the account.
    """
    adoptable = [name for name, machine in machines.items() if machine.lifecycle is not Lifecycle.ON_DEMAND]
    adoptable += [account.ssh_key] if account.owner == stack else []
    for name, found in adopt.items():
        if name not in adoptable:
            remedy = f"choose one of: {', '.join(adoptable)}" if adoptable else "remove it: this stack adopts nothing"
            yield Offence(f"{path}.{name}", name, f"it names something that {stack} takes over", remedy)
        elif not INSTANCE_ID.fullmatch(found):
            rule = "an id of Lambda Cloud is 32 hexadecimal digits"
            yield Offence(f"{path}.{name}", repr(found), rule, "copy it from `./sophia machines --json`")
    for found, count in Counter(adopt.values()).items():
        if count > 1:
            names = ", ".join(name for name, value in adopt.items() if value == found)
            yield Offence(path, found, "one id is one thing", f"correct all but one of: {names}")
    for name, machine in machines.items():
        if machine.pinned and name not in adopt:
            rule = f"{name} is pinned: it exists, is taken over by its id and never launched"
            remedy = "add its id, which `./sophia machines --json` and Lambda's console show"
            yield Offence(f"{path}.{name}", "absent", rule, remedy)


def of_key(public_key: str, stack: str, path: str) -> Iterator[Offence]:
    """Yield an offence when a stack that owns the account's SSH key has not its public half.

    Args:
        public_key: the public half, in OpenSSH's form.
        stack: the stack's name.
        path: where it stands.
    """
    if not _PUBLIC_KEY.fullmatch(public_key.strip()):
        # Never shown: whoever pastes the wrong half has pasted a secret.
        shown = "a text" if public_key else "absent"
        rule = f"{stack} owns the account's SSH key, so it needs the public half as OpenSSH writes it"
        yield Offence(
            path, shown, rule, "give the line of the key's .pub file, which starts with ssh-ed25519 or ssh-rsa"
        )
