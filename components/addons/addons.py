"""``sophia:addons:Addons``."""

from collections.abc import Mapping

import pulumi

import catalog
from components.addons.addon import Addon


class Addons(pulumi.ComponentResource):
    """``sophia:addons:Addons``: everything that the cluster gets from elsewhere is in it.

    Creates:
        - ``sophia:addons:Addon`` for each add-on of the catalog.

    Does not wait until they work.
    """

    digests: pulumi.Output[Mapping[str, str]]
    """What is brought of each, by its SHA-256."""

    def __init__(self, name: str, *, stack: catalog.Stack, opts: pulumi.ResourceOptions | None = None) -> None:
        """Build the add-ons.

        Args:
            name: logical name.
            stack: the stack's choice from the catalog.
            opts: resource options.

        Raises:
            CatalogError: set-up has not rendered one.
        """
        super().__init__("sophia:addons:Addons", name, {"addons": [*stack.addons]}, opts)
        child = pulumi.ResourceOptions(parent=self)
        self.by_name = {addon: Addon(f"{name}-{addon}", addon=addon, stack=stack, opts=child) for addon in stack.addons}
        self.digests = pulumi.Output.all(**{addon: one.digest for addon, one in self.by_name.items()})
        self.register_outputs({"digests": self.digests})
