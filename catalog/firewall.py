"""What may reach a machine: the one table that rulesets, host firewalls and checks read."""

from collections.abc import Iterable, Mapping
from typing import Annotated, Literal

from pydantic import Field

from catalog.access import BreakGlass
from catalog.machine import Machine
from catalog.model import Cidr, DnsLabel, Model

Protocol = Literal["tcp", "udp", "icmp"]
"""A protocol that Lambda's firewall knows; its fourth, ``all``, opens more than anyone needs."""

PortNumber = Annotated[int, Field(ge=1, le=65535)]
"""A port."""

WORLD = "0.0.0.0/0"
"""Every address."""


class OpenPort(Model):
    """One row of the table."""

    protocol: Protocol
    """Its protocol."""
    port: PortNumber | None = None
    """The port; absent for icmp alone."""
    sources: Annotated[tuple[Literal["world", "nodes", "access", "pods"], ...], Field(min_length=1)]
    """Who may reach it: everyone, the nodes of the cluster, the pods of the node itself, or people and CI over the
    access interface."""
    targets: Literal["all", "server"]
    """The machines on which it is open."""
    reason: str
    """What it is open for."""


class Rule(Model):
    """A rule as Lambda's firewall takes it (API 1.10.0)."""

    protocol: Protocol
    """Its protocol."""
    port: PortNumber | None = None
    """The port; absent for icmp alone."""
    source: Cidr
    """Addresses that may reach it."""
    description: Annotated[str, Field(max_length=128)]
    """What it is for."""


class Firewall(Model):
    """What is open."""

    unenforced_regions: tuple[str, ...]
    """Regions in which Lambda enforces no rule: there the host firewall alone protects."""
    ports: Mapping[DnsLabel, OpenPort]
    """What is open whatever connects the nodes, by name."""
    mesh: DnsLabel
    """The kind of mesh that connects the nodes of every stack."""
    meshes: Mapping[DnsLabel, Mapping[DnsLabel, OpenPort]]
    """What each kind of mesh needs beyond it, by name."""

    def enforced_in(self, region: str) -> bool:
        """Whether Lambda's firewall protects the machines of a region."""
        return region not in self.unenforced_regions

    @property
    def access_port(self) -> int:
        """The UDP port of the access interface."""
        return self.ports["access"].port or 0

    def rows(self, part: Literal["server", "agent"]) -> Mapping[str, OpenPort]:
        """Return what is open on a machine, by name, its mesh included.

        Args:
            part: the machine's part in the cluster.
        """
        rows = {**self.ports, **self.meshes[self.mesh]}
        return {name: row for name, row in rows.items() if row.targets in {"all", part}}

    def known_nodes(self, machines: Mapping[str, Machine]) -> tuple[str, ...]:
        """Return the addresses from which Lambda's firewall must let nodes through, where they are known beforehand.

        Args:
            machines: the machines of one cluster, by name.
        """
        protected = {name for name, machine in machines.items() if self.enforced_in(machine.region)}
        return tuple(m.expected_ip for name, m in machines.items() if m.expected_ip and protected - {name})

    def ruleset(
        self,
        part: Literal["server", "agent"],
        break_glass: Iterable[BreakGlass] = (),
        nodes: Iterable[str] = (),
    ) -> tuple[Rule, ...]:
        """Return what Lambda's firewall lets through to a machine: world, nodes that are known, who breaks the glass.

        Rows for access are the host firewall's: the access network is inside of a tunnel.

        Args:
            part: the machine's part in the cluster.
            break_glass: who comes in as if through the access interface.
            nodes: public addresses of the nodes, where they are known; those of machines that are launched are known
                only after the launch that needs the ruleset.
        """
        rows = self.rows(part)
        world = [
            Rule(protocol=row.protocol, port=row.port, source=WORLD, description=f"{name}: {row.reason}")
            for name, row in rows.items()
            if "world" in row.sources
        ]
        broken = [
            Rule(protocol=row.protocol, port=row.port, source=entry.cidr, description=f"{name}: break-glass")
            for entry in break_glass
            for name, row in rows.items()
            if "access" in row.sources
        ]
        known = [
            Rule(protocol=row.protocol, port=row.port, source=f"{address}/32", description=f"{name}: node")
            for address in nodes
            for name, row in rows.items()
            if "nodes" in row.sources
        ]
        return (*world, *known, *broken)
