"""Who may reach the hosts, and from where: the access network, its peers, and the entries that break the glass."""

import binascii
from base64 import b64decode
from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from ipaddress import IPv4Network
from typing import Annotated, Literal

from pydantic import AfterValidator, AwareDatetime, Field

from catalog.model import DnsLabel, Ipv4, Model

_KEY_BYTES = 32
_WIDEST_NETWORK = 16


def _wireguard_key(text: str) -> str:
    try:
        whole = b64decode(text, validate=True)
    except binascii.Error:
        whole = b""
    if len(whole) != _KEY_BYTES:
        message = "a WireGuard public key is 32 bytes in base64, 44 characters: what `wg pubkey` prints"
        raise ValueError(message)
    return text


WireGuardKey = Annotated[str, AfterValidator(_wireguard_key)]
"""A WireGuard public key, as ``wg pubkey`` prints it."""


def _ipv4_network(text: str) -> str:
    IPv4Network(text)
    return text


def _of_one_organisation(text: str) -> str:
    if IPv4Network(text).prefixlen < _WIDEST_NETWORK:
        message = f"an access network is at most a /{_WIDEST_NETWORK}"
        raise ValueError(message)
    return text


Ipv4Cidr = Annotated[str, AfterValidator(_ipv4_network), Field(examples=["203.0.113.7/32"])]
"""A range of IPv4 addresses, with no bits set beyond its prefix."""

InterfaceName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]{0,14}$")]
"""The name of a network interface of Linux."""


class Peer(Model):
    """Somebody, or something, that may come in through the access interface."""

    role: Literal["person", "ci"]
    """A person, or continuous integration, whose public key the stack's configuration gives."""
    owner: str
    """Who answers for it."""
    address: Ipv4
    """The one address it comes from, in the access network."""
    public_key: WireGuardKey | None = None
    """Its public key; absent for ``ci``."""
    expires: date | None = None
    """The first day on which it may not come in any more, in UTC; absent for ``ci`` alone."""

    @property
    def expires_at(self) -> str | None:
        """The moment it expires, as providers take it."""
        return None if self.expires is None else instant(datetime.combine(self.expires, time(), UTC))


class BreakGlass(Model):
    """A network that comes in as if through the access interface, until it expires."""

    cidr: Ipv4Cidr
    """The network."""
    reason: Annotated[str, Field(min_length=1)]
    """Why it must."""
    owner: Annotated[str, Field(min_length=1)]
    """Who answers for it."""
    expires: AwareDatetime
    """Until when; the host itself closes it then."""

    @property
    def expires_at(self) -> str:
        """The moment it expires, as providers take it."""
        return instant(self.expires)


class Access(Model):
    """Who may reach the hosts."""

    network: Annotated[Ipv4Cidr, AfterValidator(_of_one_organisation)]
    """The access network: each host and each peer has one address of it."""
    interface: InterfaceName
    """Name of the interface on each host."""
    peers: Mapping[DnsLabel, Peer]
    """Who may come in, by name."""
    break_glass: tuple[BreakGlass, ...] = ()
    """Networks that come in without it, until they expire."""

    def keyed(self, ci_public_key: str) -> "Access":
        """Return the same with the public key of ``ci``; without one ``ci`` may not come in.

        Args:
            ci_public_key: its WireGuard public key; empty for none.
        """
        keys = {"ci": ci_public_key or None}
        peers = {
            name: p.model_copy(update={"public_key": keys.get(p.role, p.public_key)}) for name, p in self.peers.items()
        }
        return self.model_copy(update={"peers": {name: peer for name, peer in peers.items() if peer.public_key}})

    def expired(self, moment: datetime) -> tuple[str, ...]:
        """Return what may not come in any more, and so can be removed: hosts have shut it out by themselves.

        Args:
            moment: now, with its time zone.
        """
        today = moment.astimezone(UTC).date()
        peers = [f"peer {name} ({p.owner})" for name, p in self.peers.items() if p.expires and p.expires <= today]
        broken = [f"break_glass {one.cidr} ({one.owner})" for one in self.break_glass if one.expires <= moment]
        return (*peers, *broken)


def instant(moment: datetime) -> str:
    """Return a moment as text, in UTC.

    >>> instant(datetime(2026, 12, 1, 13, tzinfo=UTC))
    '2026-12-01T13:00:00Z'
    """
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
