"""``sophia:lambda:AccountFirewall``."""

import pulumi

import catalog
from components.lambda_ import plan
from components.lambda_.cluster import Cluster
from providers.lambda_cloud import sdk


class AccountFirewall(pulumi.ComponentResource):
    """``sophia:lambda:AccountFirewall``: the account lets through what the table opens to the world, and nothing else.

    Creates:
        - GlobalFirewallRuleset, in the stack that owns the account.

    It closes SSH to the world for every machine of the account, so it depends on hosts whose access interface answers.
    """

    def __init__(
        self, name: str, *, stack: catalog.Stack, machines: Cluster, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        """Build the firewall.

        Args:
            name: logical name.
            stack: the stack's choice from the catalog: its firewall, and whether it owns the account.
            machines: the machines of the stack, whose part the ruleset once was.
            opts: resource options.
        """
        rules = plan.account_rules(stack)
        super().__init__("sophia:lambda:AccountFirewall", name, {"rules": len(rules)}, opts)
        if stack.owns_account:
            sdk.GlobalFirewallRuleset(
                f"{name}-global",
                rules=rules,
                # Whoever wrote rules there before, the table decides: they came with the account.
                unmanaged_rules="remove",
                opts=pulumi.ResourceOptions(
                    parent=self,
                    protect=True,
                    retain_on_delete=True,
                    aliases=[pulumi.Alias(name="lambda-global-firewall", parent=machines)],
                ),
            )
        self.register_outputs({})
