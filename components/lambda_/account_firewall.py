"""``sophia:lambda:AccountFirewall``."""

from collections.abc import Sequence

import pulumi

import catalog
from components.lambda_ import plan
from providers.lambda_cloud import sdk


class AccountFirewall(pulumi.ComponentResource):
    """``sophia:lambda:AccountFirewall``: the account lets through what the table opens to the world, and nothing else.

    Creates:
        - GlobalFirewallRuleset, in the stack that owns the account.

    It closes SSH to the world for every machine of the account, so it depends on hosts whose access interface answers.
    """

    opened: pulumi.Output[Sequence[str]]
    """What the account lets through, a sentence for each rule; nothing in a stack that does not own it."""

    def __init__(self, name: str, *, stack: catalog.Stack, opts: pulumi.ResourceOptions | None = None) -> None:
        """Build the firewall.

        Args:
            name: logical name.
            stack: the stack's choice from the catalog: its firewall, and whether it owns the account.
            opts: resource options.
        """
        rules = plan.account_rules(stack)
        opened = [plan.sentence(rule) for rule in rules]
        super().__init__("sophia:lambda:AccountFirewall", name, {"opened": opened}, opts)
        if stack.owns_account:
            sdk.GlobalFirewallRuleset(
                f"{name}-global",
                rules=[plan.rule_arguments(rule) for rule in rules],
                # Whoever wrote rules there before, the table decides: they came with the account.
                unmanaged_rules="remove",
                opts=pulumi.ResourceOptions(
                    parent=self,
                    protect=True,
                    retain_on_delete=True,
                    # It was a part of the machines once, and a protected resource cannot be made anew.
                    aliases=[pulumi.Alias(name="lambda-global-firewall", parent=_machines())],
                ),
            )
        self.opened = pulumi.Output.from_input(opened)
        self.register_outputs({"opened": self.opened})


def _machines() -> pulumi.Output[str]:
    return pulumi.create_urn("lambda", "sophia:lambda:Cluster")
