"""The platform's zone in public DNS, and what stands at its names beside the sites and the gateways."""

from collections.abc import Mapping
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from catalog.gateway import Host
from catalog.model import DnsLabel, Ipv4, Model

Seconds = Annotated[int, Field(ge=60, le=86400)]
"""How long an answer may be kept: at least what authorities for hire allow, at most a day."""

Below = Annotated[str, Field(pattern=r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$")]
"""A name below the zone's, without the zone's own."""


DnsDriver = Literal["external", "rfc2136", "vercel"]
"""Who keeps the records: somebody who is told them, an authority that takes dynamic updates, or Vercel."""


class ZoneHost(Model):
    """One name and what stands there: the address of a machine, or another name."""

    description: Annotated[str, Field(max_length=100)]
    """What answers there, in one line."""
    machine: DnsLabel | None = None
    """The machine whose address it is."""
    alias: Host | None = None
    """The name that it is another one of, outside of the zone."""

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if (self.machine is None) == (self.alias is None):
            message = "a host has either a machine or an alias"
            raise ValueError(message)
        return self


class TimeToLive(Model):
    """How long answers may be kept, by what they say."""

    address: Seconds
    """Addresses of machines, which a relaunch changes."""
    site: Seconds
    """Who serves a site, which the switch of the front end changes."""
    verification: Seconds
    """Texts that prove who owns a name."""
    authority: Seconds
    """Who may sign certificates."""


class VercelEdge(Model):
    """Where Vercel answers for domains of its projects (Vercel, "Adding & Configuring a Custom Domain")."""

    address: Ipv4
    """What an apex leads to, where no alias may stand (RFC 1912, section 2.4)."""
    alias: Host
    """What any other name leads to."""


class Zone(Model):
    """The file ``catalog/zone.yaml``."""

    owner: DnsLabel
    """The stack that manages the zone, all of it."""
    name: Host
    """The zone's name."""
    contact: Annotated[str, Field(pattern=r"^[^@\s]+@[^@\s]+$")]
    """Who is told of a certificate that was asked for and refused."""
    certificate_authorities: Annotated[tuple[Host, ...], Field(min_length=1)]
    """Who may sign certificates for names of it (CAA, RFC 8659)."""
    ttl: TimeToLive
    """How long answers may be kept."""
    vercel: VercelEdge
    """Where Vercel answers."""
    hosts: Mapping[Below, ZoneHost]
    """What stands at its names beside the sites and the gateways."""

    def below(self, host: str) -> str:
        """Return a host as a name below the zone's; empty for the zone's own.

        >>> Zone.model_construct(name="example.com").below("api.example.com")
        'api'
        """
        return host.removesuffix(self.name).removesuffix(".")

    def host(self, below: str) -> str:
        """Return a name below the zone's as a host.

        >>> Zone.model_construct(name="example.com").host("api")
        'api.example.com'
        """
        return f"{below}.{self.name}" if below else self.name
