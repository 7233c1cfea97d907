"""``sophia:hosts:Hosts``."""

from collections.abc import Mapping

import pulumi

import catalog
from components.hosts import plan
from components.hosts.host import Host
from providers.host import sdk


class Hosts(pulumi.ComponentResource):
    """``sophia:hosts:Hosts``: every machine of a stack is a host as the catalog wants it.

    Creates:
        - A provider of the package ``host``; how it logs in comes from the environment and is never stored.
        - ``sophia:hosts:Host`` for each machine.
    """

    access: pulumi.Output[Mapping[str, Mapping[str, str]]]
    """What a peer needs to come in, by machine."""

    def __init__(
        self,
        name: str,
        *,
        stack: catalog.Stack,
        instances: Mapping[str, pulumi.Output[str]],
        addresses: pulumi.Output[Mapping[str, str]],
        fingerprint_key: pulumi.Input[str],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Build the hosts.

        Args:
            name: logical name.
            stack: the stack's choice from the catalog: its machines, its firewall, who may come in.
            instances: ids of its instances by machine.
            addresses: their public addresses by machine.
            fingerprint_key: key under which the provider records what is secret on a host.
            opts: resource options.
        """
        super().__init__("sophia:hosts:Hosts", name, {"stack": stack.name}, opts)
        provider = sdk.Provider(
            f"{name}-provider", fingerprint_key=fingerprint_key, opts=pulumi.ResourceOptions(parent=self)
        )
        nodes = addresses.apply(lambda known: sorted(known.values()))
        built = {
            host.name: Host(
                host.name,
                plan=host,
                machine=instances[host.name],
                address=addresses[host.name],
                nodes=nodes,
                opts=pulumi.ResourceOptions(parent=self, providers=[provider]),
            )
            for host in plan.hosts(stack)
        }
        self.access = pulumi.Output.all(**{host: built[host].access for host in built})
        self.register_outputs({"access": self.access})
