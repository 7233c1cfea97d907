"""What the access interface of a host is declared as, and what is refused before anything is done."""

from ipaddress import IPv4Address, IPv4Interface
from typing import Annotated, Final, Self

from pydantic import AfterValidator, Field, model_validator

from providers.host.connection import OnHost
from providers.host.instants import Instant
from providers.host.ipv4 import Address, Interface, interface
from providers.host.ruleset import InterfaceName, Name
from providers.host.wireguard import PublicKey
from providers.kit import LOCAL, Model

MESH_PORTS: Final = frozenset({51820, 51821})
"""What flannel's own WireGuard interfaces listen on."""


class Peer(Model):
    """A person or a machine that may come in."""

    name: Name
    """What it is called."""
    public_key: PublicKey
    """Its WireGuard public key; the private one stays with it."""
    address: Address
    """The one address that it comes from, in the interface's network."""
    expires: Instant | None = None
    """Until when it may come in; none: until it is removed here."""


def _peers(given: tuple[Peer, ...]) -> tuple[Peer, ...]:
    for what, values in (
        ("name", [peer.name for peer in given]),
        ("public key", [peer.public_key for peer in given]),
        ("address", [peer.address for peer in given]),
    ):
        twice = next((value for value in values if values.count(value) > 1), None)
        if twice is not None:
            concerned = [peer.name for peer, value in zip(given, values, strict=True) if value == twice]
            message = f"peers {' and '.join(concerned)} have the same {what}, {twice}; give each its own"
            raise ValueError(message)
    return tuple(sorted(given, key=lambda peer: peer.name))


def _port(given: int) -> int:
    if given in MESH_PORTS:
        message = f"{given} is the port of the pods' own mesh; take another, such as 51822"
        raise ValueError(message)
    return given


class AccessInputs(OnHost):
    """The interface, and who may come in by it."""

    address: Interface
    """The host's own address in the access network, with the network's prefix: `10.97.0.1/24`."""
    port: Annotated[int, Field(ge=1, le=65535), AfterValidator(_port)] = 51822
    """The UDP port it listens on."""
    interface: InterfaceName = "access"
    """What the interface is called, for as long as there is one."""
    peers: Annotated[tuple[Peer, ...], AfterValidator(_peers)] = ()
    """Who may come in, by name. The host itself shuts out those that expire."""
    rollback_seconds: Annotated[float, LOCAL, Field(ge=5, le=300)] = 15.0
    """After how long the host undoes a change that leaves us no way in."""
    unpersisted: tuple[str, ...] = ()
    """Why a reboot would bring up something else. Leave it out: only a reading fills it."""

    @model_validator(mode="after")
    def _peers_are_in_the_network(self) -> Self:
        own = IPv4Interface(self.address)
        for peer in self.peers:
            if IPv4Address(peer.address) == own.ip:
                message = (
                    f"peers: {peer.name} has {peer.address}, the host's own address; give it another of {own.network}"
                )
                raise ValueError(message)
            try:
                interface(f"{peer.address}/{own.network.prefixlen}")
                inside = IPv4Address(peer.address) in own.network
            except ValueError:
                inside = False
            if not inside:
                message = (
                    f"peers: {peer.name} has {peer.address}, where no answer goes; give it an address of {own.network}"
                )
                raise ValueError(message)
        return self

    @model_validator(mode="after")
    def _what_only_a_reading_says(self) -> Self:
        if self.unpersisted:
            message = "unpersisted: only a reading fills it; leave it out"
            raise ValueError(message)
        return self
