"""IPv4 addresses and networks as inputs, each in its one spelling."""

from collections.abc import Iterable
from ipaddress import AddressValueError, IPv4Address, IPv4Interface, IPv4Network, NetmaskValueError
from itertools import combinations
from typing import Annotated

from pydantic import AfterValidator


def address(text: str) -> str:
    """Return one IPv4 address.

    Raises:
        ValueError: when it is none.
    """
    try:
        return str(IPv4Address(text))
    except AddressValueError:
        message = f"{text!r} is no IPv4 address; write one such as 203.0.113.7, without a prefix (there is no IPv6)"
        raise ValueError(message) from None


def network(text: str) -> str:
    """Return an IPv4 network, `192.0.2.7/32` for the bare address `192.0.2.7`.

    Raises:
        ValueError: when it is none; the message names the network that was probably meant.
    """
    try:
        return str(IPv4Network(text))
    except (AddressValueError, NetmaskValueError):
        message = f"{text!r} is no IPv4 network; write one in CIDR notation such as 203.0.113.7/32 (there is no IPv6)"
        raise ValueError(message) from None
    except ValueError:
        message = f"{text!r} has bits set beyond its prefix; write {IPv4Network(text, strict=False)}"
        raise ValueError(message) from None


def interface(text: str) -> str:
    """Return an IPv4 address of an interface with the network it is in: `10.97.0.1/24`.

    Raises:
        ValueError: when it is none that a host can have.
    """
    example = "write an address and its network such as 10.97.0.1/24"
    try:
        given = IPv4Interface(text if "/" in text else f"{text}/")
    except ValueError:
        message = f"{text!r} is no address of an interface; {example} (there is no IPv6)"
        raise ValueError(message) from None
    if given.network.prefixlen < 31 and given.ip in {given.network.network_address, given.network.broadcast_address}:  # noqa: PLR2004 - the longest prefix that has both
        message = f"{text!r} names the network itself, not a host in it; {example}"
        raise ValueError(message)
    return str(given)


def overlapping(networks: Iterable[str]) -> tuple[str, str] | None:
    """Return two of the networks that have an address in common, or None."""
    known = [IPv4Network(one) for one in networks]
    return next(((str(a), str(b)) for a, b in combinations(known, 2) if a.overlaps(b)), None)


Address = Annotated[str, AfterValidator(address)]
"""An IPv4 address as an input."""
Network = Annotated[str, AfterValidator(network)]
"""An IPv4 network as an input."""
Interface = Annotated[str, AfterValidator(interface)]
"""An address of an interface as an input."""
