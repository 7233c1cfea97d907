"""What may reach a machine: the one table that rulesets, host firewalls and checks read."""

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field

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
    sources: Annotated[tuple[Literal["world", "nodes", "access"], ...], Field(min_length=1)]
    """Who may reach it: everyone, the nodes of the cluster, or people and CI over the access interface."""
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
    meshes: Mapping[DnsLabel, Mapping[DnsLabel, OpenPort]]
    """What each kind of mesh needs beyond it, by name."""
    global_rules: tuple[Rule, ...]
    """The account's global ruleset."""

    def enforced_in(self, region: str) -> bool:
        """Whether Lambda's firewall protects the machines of a region."""
        return region not in self.unenforced_regions

    def world(self, part: Literal["server", "agent"]) -> tuple[Rule, ...]:
        """Return what is open to everyone on a machine, as the rules of its ruleset.

        Args:
            part: the machine's part in the cluster.
        """
        return tuple(
            Rule(protocol=row.protocol, port=row.port, source=WORLD, description=f"{name}: {row.reason}")
            for name, row in self.ports.items()
            if "world" in row.sources and row.targets in {"all", part}
        )
