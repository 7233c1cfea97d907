"""What the firewall of a host admits, and the nftables table that says it.

The table is `inet sophia`: one chain at the input hook that drops what no rule accepts, and two sets. Forwarded traffic
and other tables are not its concern. Each rule has a comment by which it is found again: `ssh: access`.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated, Final, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from providers.host.instants import Instant, seconds
from providers.host.ipv4 import Network
from providers.kit import Model

Source = Literal["world", "nodes", "access", "pods"]
Protocol = Literal["tcp", "udp", "icmp"]
Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{0,47}$")]
InterfaceName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_-]{0,14}$")]

WAYS: Final[dict[str, tuple[str, ...]]] = {
    "world": ("world",),
    "nodes": ("nodes",),
    "access": ("access", "break-glass"),
    "pods": ("pods",),
}
"""The ways that a source comes in by; each is a rule of its own."""
BASE: Final = {
    "loopback": 'iif "lo"',
    "connections": "ct state vmap { invalid : drop, established : accept, related : accept }",
    "neighbours": (
        "icmpv6 type { nd-router-advert, nd-neighbor-solicit, nd-neighbor-advert, nd-redirect } ip6 hoplimit 255"
    ),
    "multicast": "ip6 saddr fe80::/10 icmpv6 type mld-listener-query",
    "dhcp": "meta nfproto ipv4 udp sport 67 udp dport 68",
    "dhcpv6": "ip6 saddr fe80::/10 udp sport 547 udp dport 546",
}
"""What every host needs, whatever its rows say: answers to it, and an address. All else of IPv6 is closed."""
USEFUL_ICMP: Final = "icmp type { destination-unreachable, echo-request, time-exceeded, parameter-problem }"


class Row(Model):
    """One kind of traffic that may come in."""

    name: Name
    """What it is called."""
    protocol: Protocol
    """What may come in; of ICMP, what reachability and path MTU discovery need."""
    port: Annotated[int, Field(ge=1, le=65535)] | None = None
    """The port; required except for `icmp`, which has none."""
    sources: Annotated[tuple[Source, ...], Field(min_length=1)]
    """Whom it may come from: the whole `world`, the `nodes`, the node's own `pods`, or those who came in through the
    `access` interface, for whom break-glass networks stand in."""

    @model_validator(mode="after")
    def _port_fits_the_protocol(self) -> Self:
        if (self.port is None) != (self.protocol == "icmp"):
            problem = "icmp has no ports; leave port out" if self.port else f"{self.protocol} needs a port"
            message = f"row {self.name}: {problem}"
            raise ValueError(message)
        if len(set(self.sources)) < len(self.sources):
            message = f"row {self.name} names a source twice: {', '.join(self.sources)}; name each once"
            raise ValueError(message)
        if "world" in self.sources and len(self.sources) > 1:
            message = f"row {self.name}: the world includes {', '.join(self.sources)}; write sources: [world] alone"
            raise ValueError(message)
        return self

    @property
    def traffic(self) -> str:
        """What may come in, as people write it: `tcp 22`."""
        return self.protocol if self.port is None else f"{self.protocol} {self.port}"


class Pods(Model):
    """The pods of the host's own node, which come in by an interface of their own."""

    interface: InterfaceName
    """The interface."""
    network: Network
    """The addresses that all pods of the cluster have."""


class BreakGlass(Model):
    """A network that, until it expires, comes in wherever those of the access interface do."""

    cidr: Network
    """The network."""
    reason: Annotated[str, Field(min_length=1)]
    """Why it has to."""
    owner: Annotated[str, Field(min_length=1)]
    """Who answers for it."""
    expires: Instant
    """Until when. The host itself closes it then, also after a reboot; connections that are open stay open."""


@dataclass(frozen=True)
class Ruleset:
    """The table, as the host keeps it."""

    text: str
    """What `nft -f` reads: it replaces the table of ours in one transaction and touches no other."""
    break_glass: tuple[tuple[str, int], ...]
    """Networks, and when they expire in seconds since 1970; the host adds those that have not."""


def comments(row: Row) -> Iterator[tuple[str, str]]:
    """Give the comment of each rule of a row, with the way in that it opens."""
    for source in row.sources:
        for way in WAYS[source]:
            yield f"{row.name}: {way}", way


def render(
    rows: Iterable[Row],
    nodes: Sequence[str],
    access_interface: str,
    break_glass: Iterable[BreakGlass],
    pods: Pods | None = None,
) -> Ruleset:
    """Return the table of ours.

    Args:
        rows: what may come in.
        nodes: addresses of the nodes.
        access_interface: name of the WireGuard interface of people and CI.
        break_glass: networks that stand in for it.
        pods: the pods of the host's node, where there is one.
    """
    rules = [*_base(), *(line for row in rows for line in _rules(row, access_interface, pods))]
    elements = f"\n\t\telements = {{ {', '.join(nodes)} }}" if nodes else ""
    text = "\n".join(
        (
            "table inet sophia",
            "delete table inet sophia",
            "table inet sophia {",
            "\tset nodes {",
            f"\t\ttype ipv4_addr{elements}",
            "\t}",
            "\tset break_glass {",
            "\t\ttype ipv4_addr",
            "\t\tflags interval, timeout",
            "\t}",
            "\tchain input {",
            "\t\ttype filter hook input priority filter; policy drop;",
            *(f"\t\t{rule}" for rule in rules),
            "\t}",
            "}",
            "",
        )
    )
    return Ruleset(text, tuple((entry.cidr, seconds(entry.expires)) for entry in break_glass))


def _base() -> Iterator[str]:
    for name, match in BASE.items():
        verdict = "" if name == "connections" else " accept"
        yield f'{match}{verdict} comment "base: {name}"'


def _rules(row: Row, access_interface: str, pods: Pods | None) -> Iterator[str]:
    what = USEFUL_ICMP if row.protocol == "icmp" else f"{row.protocol} dport {row.port}"
    by_way = {
        "world": "meta nfproto ipv4",
        "nodes": "ip saddr @nodes",
        "access": f'meta nfproto ipv4 iifname "{access_interface}"',
        "break-glass": "ip saddr @break_glass",
    }
    if pods is not None:
        by_way["pods"] = f'iifname "{pods.interface}" ip saddr {pods.network}'
    for comment, way in comments(row):
        yield f'{by_way[way]} {what} accept comment "{comment}"'
