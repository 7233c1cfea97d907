"""What the firewall of a host is declared as, and what is refused before anything is done."""

from collections.abc import Iterable
from ipaddress import IPv4Address, IPv4Network
from typing import Annotated, Final, Literal, Self

from pydantic import AfterValidator, Field, StringConstraints, ValidationInfo, model_validator

from providers.host.connection import OnHost
from providers.host.ipv4 import Address, overlapping
from providers.host.ruleset import BreakGlass, InterfaceName, Pods, Row
from providers.kit import LOCAL

TableName = Annotated[str, StringConstraints(pattern=r"^(ip|ip6|inet|arp|bridge|netdev) \S+$")]
UNGUARDED: Final = "unguarded"
"""A validation context that holds this admits a firewall that locks us out."""
WIDEST_BREAK_GLASS: Final = 8


def _rows(given: tuple[Row, ...]) -> tuple[Row, ...]:
    by_name: dict[str, Row] = {}
    by_traffic: dict[str, Row] = {}
    for row in given:
        if row.name in by_name:
            message = f"two rows are called {row.name}; give each its own name"
            raise ValueError(message)
        other = by_traffic.setdefault(row.traffic, row)
        if other is not row:
            message = f"rows {other.name} and {row.name} both open {row.traffic}; make them one row with all sources"
            raise ValueError(message)
        by_name[row.name] = row
    return tuple(by_name[name] for name in sorted(by_name))


def _nodes(given: tuple[str, ...]) -> tuple[str, ...]:
    twice = sorted({one for one in given if given.count(one) > 1})
    if twice:
        message = f"{', '.join(twice)} is the address of two nodes; each has its own, so name each once"
        raise ValueError(message)
    return tuple(sorted(given, key=IPv4Address))


def _break_glass(given: tuple[BreakGlass, ...]) -> tuple[BreakGlass, ...]:
    for entry in given:
        if IPv4Network(entry.cidr).prefixlen < WIDEST_BREAK_GLASS:
            message = f"{entry.cidr} is wider than /{WIDEST_BREAK_GLASS}: name the networks that really have to come in"
            raise ValueError(message)
    pair = overlapping(entry.cidr for entry in given)
    if pair:
        message = f"{pair[0]} and {pair[1]} overlap, so it is not clear when which expires; keep one of them"
        raise ValueError(message)
    return tuple(sorted(given, key=lambda entry: IPv4Network(entry.cidr)))


def opens_ssh(rows: Iterable[Row], port: int) -> bool:
    """Return whether SSH stays open to those who operate the host."""
    return any(row.traffic == f"tcp {port}" and {"access", "world"} & {*row.sources} for row in rows)


def lockout(port: int) -> tuple[str, str]:
    """Return what is wrong with rows that do not open SSH, and what to do."""
    what = f"no row opens tcp {port}, the host's SSH port, to access, so nobody could reach the host any more"
    return what, f"keep a row such as {{name: ssh, protocol: tcp, port: {port}, sources: [access]}}"


class FirewallInputs(OnHost):
    """What may come in; whatever no row admits is dropped."""

    rows: Annotated[tuple[Row, ...], AfterValidator(_rows)]
    """The kinds of traffic that may come in, by name."""
    nodes: Annotated[tuple[Address, ...], AfterValidator(_nodes)] = ()
    """Addresses of the nodes, each once, public and private."""
    access_interface: InterfaceName = "access"
    """Name of the WireGuard interface that people and CI come in through."""
    break_glass: Annotated[tuple[BreakGlass, ...], AfterValidator(_break_glass)] = ()
    """Networks that stand in for the access interface until they expire. The host itself closes them."""
    pods: Pods | None = None
    """The pods of the host's node; required where a row names them."""
    expected_tables: Annotated[tuple[TableName, ...], LOCAL] = ()
    """Tables of others that belong there, such as `ip kube-proxy`: they are not reported."""
    rollback_seconds: Annotated[float, LOCAL, Field(ge=5, le=300)] = 15.0
    """After how long the host undoes a change that leaves us no way in."""
    policy: Literal["drop"] = "drop"
    """What happens to the rest. Leave it out: only a reading says otherwise."""
    unexpected: tuple[str, ...] = ()
    """What stands in the table of ours and was not declared, in nft's words. Leave it out: only a reading fills it."""
    absent: tuple[str, ...] = ()
    """What every such table has and this one lacks. Leave it out: only a reading fills it."""
    foreign_tables: tuple[str, ...] = ()
    """Tables of others, such as `ip nat`: reported and never touched. Leave it out: only a reading fills it."""
    unpersisted: tuple[str, ...] = ()
    """Why a reboot would bring up something else. Leave it out: only a reading fills it."""

    @model_validator(mode="after")
    def _leaves_a_way_in(self, info: ValidationInfo) -> Self:
        if info.context != UNGUARDED and not opens_ssh(self.rows, self.connection.port):
            message = "rows: {}; {}".format(*lockout(self.connection.port))
            raise ValueError(message)
        return self

    @model_validator(mode="after")
    def _pods_are_known(self) -> Self:
        named = [row.name for row in self.rows if "pods" in row.sources]
        if named and self.pods is None:
            message = f"pods: row {named[0]} admits pods; say which interface and network they come from"
            raise ValueError(message)
        return self

    @model_validator(mode="after")
    def _what_only_a_reading_says(self) -> Self:
        said = [name for name in ("unexpected", "absent", "foreign_tables", "unpersisted") if getattr(self, name)]
        if said:
            message = f"{', '.join(said)}: only a reading fills it; leave it out"
            raise ValueError(message)
        return self
