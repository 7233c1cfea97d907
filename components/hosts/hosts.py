"""``sophia:hosts:Hosts``."""

from collections.abc import Mapping

import pulumi

import catalog
from components.hosts import plan
from components.hosts.host import Host
from components.lambda_.machine import Machine
from providers.host import sdk


class Hosts(pulumi.ComponentResource):
    """``sophia:hosts:Hosts``: every machine of a stack is a host as the catalog wants it.

    Creates:
        - ``host``, the provider; how it logs in comes from the environment and is never stored.
        - ``sophia:hosts:Host`` for each machine.

    Does not create the machines.
    """

    access: pulumi.Output[Mapping[str, Mapping[str, str]]]
    """What a peer needs to come in, by machine."""

    def __init__(
        self,
        name: str,
        *,
        stack: catalog.Stack,
        machines: Mapping[str, Machine],
        fingerprint_key: pulumi.Input[str],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Build the hosts.

        Args:
            name: logical name.
            stack: the stack's choice from the catalog: its machines, its firewall, who may come in.
            machines: its machines by name.
            fingerprint_key: key under which the provider records what is secret on a host.
            opts: resource options.
        """
        super().__init__("sophia:hosts:Hosts", name, {"stack": stack.name}, opts)
        provider = sdk.Provider(
            f"{name}-provider", fingerprint_key=fingerprint_key, opts=pulumi.ResourceOptions(parent=self)
        )
        public = pulumi.Output.all(**{machine: machines[machine].address for machine in machines})
        private = pulumi.Output.all(**{machine: machines[machine].private_address for machine in machines})
        nodes = pulumi.Output.all(public, private).apply(lambda known: plan.nodes(stack.machines, *known))
        built = {
            host.name: Host(
                host.name,
                plan=host,
                machine=machines[host.name].instance,
                address=machines[host.name].address,
                nodes=nodes[host.name],
                opts=pulumi.ResourceOptions(parent=self, providers=[provider]),
            )
            for host in plan.hosts(stack)
        }
        self.by_name: Mapping[str, Host] = built
        self.provider = provider
        self.access = pulumi.Output.all(**{host: built[host].access for host in built})
        self.register_outputs({"access": self.access})
