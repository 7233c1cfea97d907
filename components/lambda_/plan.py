"""What a stack has in Lambda Cloud, as plain values: what is adopted, what is launched and how it is protected."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import catalog
from catalog.firewall import Rule
from catalog.machine import Machine
from providers.lambda_cloud.sdk import FirewallRuleArgs

Part = Literal["server", "agent"]
"""A machine's part in the cluster."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MachinePlan:
    """One machine of a stack."""

    name: str
    """Its name: the instance's, and the node's."""
    candidates: tuple[str, ...]
    """Instance types it may run as, in order."""
    region: str
    """Its region."""
    ssh_key: str
    """Name of the key it is launched with."""
    adopt: str | None
    """Id of the instance that is taken over; None where it is launched."""
    pinned: bool
    """Whether it is never replaced or terminated."""
    expected_ip: str | None
    """The address an adopted machine must have."""
    hourly_cents: int
    """What it costs, in United States cents per hour."""
    part: Part
    """Its part in the cluster."""
    enforced: bool
    """Whether Lambda's firewall protects it; where not, the host firewall must."""
    tags: Mapping[str, str]
    """Tags it is launched with; an adopted one keeps what it has, and these are only declared."""
    file_systems: tuple[str, ...]
    """File systems it is launched with."""

    @property
    def launched(self) -> bool:
        """Whether it is launched rather than taken over."""
        return self.adopt is None

    def facts(self) -> dict[str, Any]:
        """Return what policies judge, plain and known in a preview."""
        return {
            "name": self.name,
            "instance_type": self.candidates[0],
            "region": self.region,
            "hourly_cents": self.hourly_cents,
            "adopted": not self.launched,
            "pinned": self.pinned,
            "firewall": "lambda" if self.enforced else "host",
            "tags": dict(self.tags),
        }


def machines(stack: catalog.Stack) -> tuple[MachinePlan, ...]:
    """Return the machines of a stack, in the order they were chosen."""
    return tuple(_machine(name, machine, stack) for name, machine in stack.machines.items())


def rulesets(stack: catalog.Stack) -> Mapping[tuple[str, Part], Sequence[FirewallRuleArgs]]:
    """Return, by region and part in the cluster, the rules of the ruleset that machines are launched with.

    An adopted machine keeps the rulesets it was launched with, so where nothing is launched there is none.
    """
    launched = sorted({(plan.region, plan.part) for plan in machines(stack) if plan.launched and plan.enforced})
    broken = stack.access.break_glass
    return {(r, part): [rule_arguments(rule) for rule in stack.firewall.ruleset(part, broken)] for r, part in launched}


def account_rules(stack: catalog.Stack) -> Sequence[Rule]:
    """Return the rules of the account's global ruleset, which the stack that owns the account declares.

    It is all that protects, and opens, machines that were adopted without rulesets, servers among them.
    """
    if not stack.owns_account:
        return ()
    nodes = stack.firewall.known_nodes(stack.machines)
    return stack.firewall.ruleset("server", stack.access.break_glass, nodes)


def sentence(rule: Rule) -> str:
    """Return a rule as people say it.

    >>> sentence(Rule(protocol="tcp", port=443, source="0.0.0.0/0", description="gateway"))
    'tcp 443 from 0.0.0.0/0'
    """
    return " ".join([rule.protocol, *([str(rule.port)] if rule.port else []), "from", rule.source])


def rule_arguments(rule: Rule) -> FirewallRuleArgs:
    """Return a rule as the provider takes it.

    >>> rule_arguments(Rule(protocol="tcp", port=443, source="0.0.0.0/0", description="gateway"))["port_range"]
    [443, 443]
    """
    told: FirewallRuleArgs = {
        "protocol": rule.protocol,
        "source_network": rule.source,
        "description": rule.description,
    }
    return told if rule.port is None else {**told, "port_range": [rule.port, rule.port]}


def file_systems(stack: catalog.Stack) -> Mapping[str, str]:
    """Return the regions of the file systems that a stack owns, by name."""
    return {name: system.region for name, system in stack.account.file_systems.items() if system.owner == stack.name}


def unprotected(stack: catalog.Stack) -> list[str]:
    """Return the machines that only their host firewall protects."""
    return [plan.name for plan in machines(stack) if not plan.enforced]


def _machine(name: str, machine: Machine, stack: catalog.Stack) -> MachinePlan:
    systems = stack.account.file_systems.items()
    adopt = stack.adopt.get(name)
    return MachinePlan(
        name=name,
        candidates=(machine.instance_type, *machine.fallbacks),
        region=machine.region,
        ssh_key=stack.account.ssh_key,
        adopt=adopt,
        pinned=machine.pinned,
        # A launched machine has the address that Lambda gives it.
        expected_ip=machine.expected_ip if adopt else None,
        hourly_cents=stack.prices[name],
        part=machine.k3s,
        enforced=stack.firewall.enforced_in(machine.region),
        tags=_tags(machine, stack),
        file_systems=tuple(system for system, fact in systems if name in fact.machines),
    )


def _tags(machine: Machine, stack: catalog.Stack) -> Mapping[str, str]:
    own = {"environment": stack.name, "role": machine.role.value, "lifecycle": machine.lifecycle.value}
    return {**stack.account.tags, **own, **({"schedule": str(stack.schedule)} if stack.schedule else {})}
