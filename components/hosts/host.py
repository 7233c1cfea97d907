"""``sophia:hosts:Host``."""

from collections.abc import Mapping, Sequence

import pulumi

from components.hosts.plan import HostPlan, endpoint
from providers.host import sdk


class Host(pulumi.ComponentResource):
    """``sophia:hosts:Host``: one machine is a host as the catalog wants it, and answers those who may come in.

    Creates:
        - Host, which waits for SSH and pins the host key.
        - Packages, which are installed.
        - Files, which the units read.
        - Sysctl, the parameters of its kernel.
        - Unit for each unit, which reads its files again when they change.
        - Access, the WireGuard interface that people and CI come in by.
        - Firewall, at last.

    Does not create anything of Kubernetes, and no user.
    """

    access: pulumi.Output[Mapping[str, str]]
    """What a peer needs to come in: public key, endpoint and address of the access interface."""

    def __init__(
        self,
        name: str,
        *,
        plan: HostPlan,
        machine: pulumi.Input[str],
        address: pulumi.Input[str],
        nodes: pulumi.Input[Sequence[str]],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Build the host.

        Args:
            name: logical name.
            plan: what it must look like.
            machine: id of its instance; another one is another host.
            address: its public address.
            nodes: addresses that the nodes of its cluster come from.
            opts: resource options.
        """
        super().__init__("sophia:hosts:Host", name, plan.facts(), opts)
        addresses = [plan.preferred_address, address]
        host = sdk.Host(
            f"{name}-host",
            machine=machine,
            addresses=addresses,
            host_key=plan.host_key,
            opts=pulumi.ResourceOptions(parent=self),
        )
        connection: sdk.ConnectionArgs = {"addresses": addresses, "host_key": host.pinned_host_key}

        self.resource, self.connection = host, connection

        def after(*before: pulumi.Resource) -> pulumi.ResourceOptions:
            # What is on a machine that is gone is gone with it: nobody has to log in to remove it.
            return pulumi.ResourceOptions(parent=self, depends_on=before, deleted_with=host)

        packages = sdk.Packages(
            f"{name}-packages", host=host.id, connection=connection, present=plan.packages, opts=after()
        )
        # A package would ask what to do with a file of its own that is there before it.
        files = sdk.Files(f"{name}-files", host=host.id, connection=connection, files=plan.files, opts=after(packages))
        sysctl = sdk.Sysctl(
            f"{name}-sysctl", host=host.id, connection=connection, name="sophia", values=plan.sysctls, opts=after()
        )
        units = [
            sdk.Unit(
                f"{name}-{unit.name.partition('.')[0]}",
                host=host.id,
                connection=connection,
                name=unit.name,
                content=unit.content,
                triggers=plan.triggers(unit) or None,
                reads=unit.reads or None,
                # A unit reads the files and comes with a package.
                opts=after(files),
            )
            for unit in plan.units
        ]
        access = sdk.Access(
            f"{name}-access",
            host=host.id,
            connection=connection,
            address=plan.access_address,
            interface=plan.access_interface,
            port=plan.access_port,
            peers=plan.peers,
            # It is wg-quick's, which comes with a package; and it is proven by the SSH server as it will be.
            opts=after(packages, *units),
        )
        sdk.Firewall(
            f"{name}-firewall",
            host=host.id,
            connection=connection,
            rows=plan.rows,
            nodes=nodes,
            access_interface=plan.access_interface,
            break_glass=plan.break_glass,
            pods=plan.pods,
            expected_tables=plan.tables,
            # It closes what all others came in by: only the access interface is left, and it must be there.
            opts=after(sysctl, access, *units),
        )
        self.access = pulumi.Output.all(
            public_key=access.public_key,
            endpoint=pulumi.Output.from_input(address).apply(lambda known: endpoint(known, plan.access_port)),
            address=plan.preferred_address,
        )
        self.register_outputs({"access": self.access})
