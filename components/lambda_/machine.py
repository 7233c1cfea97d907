"""``sophia:lambda:Machine``."""

from collections.abc import Sequence

import pulumi

from components.lambda_.plan import MachinePlan
from providers.lambda_cloud import sdk


class Machine(pulumi.ComponentResource):
    """``sophia:lambda:Machine``: one machine of a stack exists, is active and has an address.

    Creates:
        - Instance, taken over by its id where it has one and launched otherwise; a pinned one is protected and outlives
          the stack.
        - InstanceReady, which waits until the instance is active.

    Does not create anything on the machine.
    """

    instance: pulumi.Output[str]
    """Id of its instance."""
    address: pulumi.Output[str]
    """Its public address."""
    private_address: pulumi.Output[str | None]
    """Its address inside its region; absent where Lambda tells none."""

    def __init__(
        self,
        name: str,
        *,
        plan: MachinePlan,
        rulesets: Sequence[pulumi.Input[str]],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Build the machine.

        Args:
            name: logical name.
            plan: what it is and may become.
            rulesets: ids of the rulesets it is launched with.
            opts: resource options.
        """
        super().__init__("sophia:lambda:Machine", name, plan.facts(), opts)
        instance = sdk.Instance(
            f"{name}-instance",
            name=plan.name,
            candidates=[{"instance_type": kind, "region": plan.region} for kind in plan.candidates],
            ssh_key_name=plan.ssh_key,
            # All three are fixed at launch: an adopted machine keeps what it was launched with.
            tags=plan.tags if plan.launched else None,
            file_system_names=plan.file_systems if plan.launched else None,
            firewall_ruleset_ids=rulesets if plan.launched else None,
            expected_ip=plan.expected_ip,
            # Lambda's price may have risen since the book was read: then nothing is launched until somebody has looked.
            max_price_cents_per_hour=plan.hourly_cents if plan.launched else None,
            deletion_protection=plan.pinned,
            opts=pulumi.ResourceOptions(
                parent=self, import_=plan.adopt, protect=plan.pinned, retain_on_delete=plan.pinned
            ),
        )
        ready = sdk.InstanceReady(
            f"{name}-ready", instance_id=instance.id, opts=pulumi.ResourceOptions(parent=self, deleted_with=instance)
        )
        self.instance, self.address, self.private_address = instance.id, ready.ip, ready.private_ip
        self.register_outputs(
            {"instance": self.instance, "address": self.address, "private_address": self.private_address}
        )
