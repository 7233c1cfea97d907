"""Whether we ourselves still come in after a change: judged before anything is changed, from what is known then."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network
from typing import Any

from providers.host.instants import seconds
from providers.host.ruleset import BreakGlass, Row
from providers.kit import ProviderError


@dataclass(frozen=True)
class Origin:
    """Whence our own connection comes."""

    client: str
    """The address that the host sees us come from."""
    port: int
    """The port that we came to."""
    interface: str
    """The host's interface that has the address we came to."""


def origin(answer: Mapping[str, Any]) -> Origin | None:
    """Return what a host says of our connection; None where it cannot tell."""
    said = answer.get("origin")
    return Origin(said["client"], said["port"], said["interface"]) if said else None


def admits(
    ours: Origin,
    *,
    rows: Iterable[Row],
    nodes: Iterable[str],
    access_interface: str,
    break_glass: Iterable[BreakGlass],
    now: float,
) -> bool:
    """Return whether a table admits our own connection.

    Args:
        ours: whence it comes.
        rows: what may come in.
        nodes: addresses of the nodes.
        access_interface: name of the interface of people and CI.
        break_glass: networks that stand in for it.
        now: seconds since 1970 by the host's clock.
    """
    sources = {source for row in rows if row.traffic == f"tcp {ours.port}" for source in row.sources}
    client = IPv4Address(ours.client)
    standing_in = any(client in IPv4Network(entry.cidr) and seconds(entry.expires) > now for entry in break_glass)
    return (
        "world" in sources
        or ("nodes" in sources and ours.client in nodes)
        or ("access" in sources and (ours.interface == access_interface or standing_in))
    )


def refusal(label: str, ours: Origin | None, access_interface: str) -> ProviderError:
    """Return the error for a table that would shut us out.

    Args:
        label: how errors call the host.
        ours: whence our connection comes; None where the host cannot tell.
        access_interface: name of the interface of people and CI.
    """
    if ours is None:
        what = f"{label}: firewall: the host does not tell whence our connection comes; nothing was changed"
        return ProviderError(what, "check that its SSH server sets SSH_CONNECTION for the sessions of its users")
    what = (
        f"{label}: firewall: our own connection comes from {ours.client} through {ours.interface}, "
        "and the new rules would not admit it; nothing was changed"
    )
    remedy = f"come in through {access_interface}, or add a breakGlass entry for {ours.client}/32 that has not expired"
    return ProviderError(what, remedy)
