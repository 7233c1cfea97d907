"""``sophia:lambda:Cluster``."""

from collections.abc import Mapping, Sequence

import pulumi

import catalog
from catalog.cost import decimal_usd
from components.lambda_ import plan
from components.lambda_.machine import Machine
from providers.lambda_cloud import sdk


class Cluster(pulumi.ComponentResource):
    """``sophia:lambda:Cluster``: the machines of a stack exist, with what they are launched with.

    Creates:
        - SshKey, in the stack that owns the account.
        - Filesystem for each one that the stack owns.
        - FirewallRuleset for each region and part in the cluster that machines are launched in.
        - ``sophia:lambda:Machine`` for each machine.

    Does not create the firewall of hosts, which alone protects the machines that ``host_firewall`` names, nor the
    account's, which may close SSH only when the hosts have another way in.
    """

    addresses: pulumi.Output[Mapping[str, str]]
    """Public addresses by machine."""
    host_firewall: pulumi.Output[Sequence[str]]
    """Machines that Lambda's firewall does not protect."""
    hourly_cost_usd: pulumi.Output[str]
    """What the machines cost per hour."""
    monthly_cost_usd: pulumi.Output[str]
    """What they cost per month that runs through."""
    expected_monthly_cost_usd: pulumi.Output[str]
    """What they cost per month with their schedule."""

    def __init__(self, name: str, *, stack: catalog.Stack, opts: pulumi.ResourceOptions | None = None) -> None:
        """Build the machines.

        Args:
            name: logical name.
            stack: the stack's choice from the catalog: its machines, what it takes over, what it owns.
            opts: resource options.
        """
        machines = plan.machines(stack)
        facts = {
            "stack": stack.name,
            "hourly_cents": stack.hourly_cents,
            "monthly_cents": stack.monthly_cents,
        }
        super().__init__("sophia:lambda:Cluster", name, facts, opts)
        child = pulumi.ResourceOptions(parent=self)
        prerequisites: list[pulumi.Resource] = [_key(self, name, stack)] if stack.owns_account else []
        prerequisites += [
            sdk.Filesystem(f"{name}-{system}", name=system, region=region, deletion_protection=True, opts=child)
            for system, region in plan.file_systems(stack).items()
        ]
        rulesets = {
            (region, part): sdk.FirewallRuleset(
                f"{name}-firewall-{region}-{part}",
                name=f"sophia-{stack.name}-{region}-{part}",
                region=region,
                rules=rules,
                opts=child,
            )
            for (region, part), rules in plan.rulesets(stack).items()
        }
        # A launch names the key and the file systems, so both must be there before it.
        after = pulumi.ResourceOptions(parent=self, depends_on=prerequisites)
        built = {
            machine.name: Machine(
                machine.name,
                plan=machine,
                rulesets=[rulesets[key].id for key in rulesets if key == (machine.region, machine.part)],
                opts=after,
            )
            for machine in machines
        }
        # Each for itself, so that one that is not known yet leaves the others known.
        self.by_name: Mapping[str, Machine] = built
        self.addresses = pulumi.Output.all(**{machine: built[machine].address for machine in built})
        self.host_firewall = pulumi.Output.from_input(plan.unprotected(stack))
        self.hourly_cost_usd = _usd(stack.hourly_cents)
        self.monthly_cost_usd = _usd(stack.monthly_cents)
        self.expected_monthly_cost_usd = _usd(stack.expected_monthly_cents)
        self.register_outputs(
            {
                "addresses": self.addresses,
                "host_firewall": self.host_firewall,
                "hourly_cost_usd": self.hourly_cost_usd,
                "monthly_cost_usd": self.monthly_cost_usd,
                "expected_monthly_cost_usd": self.expected_monthly_cost_usd,
            }
        )


def _usd(cents: int) -> pulumi.Output[str]:
    return pulumi.Output.from_input(decimal_usd(cents))


def _key(cluster: Cluster, name: str, stack: catalog.Stack) -> pulumi.Resource:
    """What all stacks use outlives the one that owns it."""
    key = stack.account.ssh_key
    options = pulumi.ResourceOptions(parent=cluster, import_=stack.adopt.get(key), protect=True, retain_on_delete=True)
    return sdk.SshKey(f"{name}-ssh-key", name=key, public_key=stack.ssh_public_key, opts=options)
