"""Firewall rules: what a rule may say, and how two lists of rules are compared."""

from collections.abc import Iterable
from ipaddress import AddressValueError, IPv4Network, NetmaskValueError
from typing import Annotated, Literal, Self, cast

from pydantic import AfterValidator, Field, model_validator

from providers.kit import Model
from providers.lambda_cloud import answers

MOST_RULES = 20
"""Lambda's documentation: with more rules, instances may not start."""
EVERY_PORT = (1, 65535)
UNENFORCED_REGIONS = frozenset({"us-south-1"})
"""Where Lambda's own specification says that its firewall rules do not apply."""

Protocol = Literal["tcp", "udp", "icmp", "all"]


def network(source: str) -> str:
    """Return a source as an IPv4 network in its one spelling, `192.0.2.7/32` for the bare address `192.0.2.7`.

    Args:
        source: an IPv4 address, or an IPv4 network in CIDR notation without host bits.

    Raises:
        ValueError: when it is neither; the message names the network that was probably meant.
    """
    try:
        return str(IPv4Network(source.strip()))
    except (AddressValueError, NetmaskValueError):
        message = f"{source!r} is no IPv4 network; write an address or CIDR such as 203.0.113.7/32 (there is no IPv6)"
        raise ValueError(message) from None
    except ValueError:
        meant = IPv4Network(source.strip(), strict=False)
        message = f"{source!r} has bits set beyond its prefix; write {meant}"
        raise ValueError(message) from None


def ports(given: tuple[int, ...]) -> tuple[int, ...]:
    """Return the first and the last of some ports, which may be the same.

    Raises:
        ValueError: when it is no such range.
    """
    if len(given) != len(EVERY_PORT) or not all(EVERY_PORT[0] <= port <= EVERY_PORT[1] for port in given):
        message = "give the first and the last port, each from 1 to 65535, for example [22, 22]"
        raise ValueError(message)
    first, last = given
    if first > last:
        message = f"it begins after it ends; write [{last}, {first}]"
        raise ValueError(message)
    return given


def enforced_region(region: str) -> str:
    """Return a region in which Lambda enforces firewall rules.

    Raises:
        ValueError: in us-south-1, where a ruleset would only look like protection.
    """
    if region in UNENFORCED_REGIONS:
        message = (
            f"Lambda does not enforce firewall rules in {region}, so a ruleset there protects nothing; "
            "set the rules on the machine itself (nftables) and leave the ruleset out"
        )
        raise ValueError(message)
    return region


class FirewallRule(Model):
    """One kind of traffic that may come in; whatever no rule names is refused."""

    protocol: Protocol
    """What may come in: `tcp`, `udp`, `icmp`, or `all` of them."""
    port_range: Annotated[tuple[int, ...], AfterValidator(ports)] | None = None
    """First and last port, both included; required except for `icmp`, which has none."""
    source_network: Annotated[str, AfterValidator(network)]
    """Whom it may come from: an IPv4 network in CIDR notation, or one address."""
    description: Annotated[str, Field(max_length=128)] = ""
    """What the rule is for, at most 128 characters."""

    @model_validator(mode="after")
    def _ports_fit_the_protocol(self) -> Self:
        if self.protocol == "icmp":
            if self.port_range is not None:
                message = "icmp has no ports; leave portRange out"
                raise ValueError(message)
            return self
        if self.port_range is None:
            message = f"{self.protocol} needs portRange, for example [22, 22]; every port is [1, 65535]"
            raise ValueError(message)
        return self


def _place(rule: FirewallRule) -> tuple[str, tuple[int, ...], str, str]:
    return rule.protocol, rule.port_range or (), rule.source_network, rule.description


def normal(rules: Iterable[FirewallRule]) -> tuple[FirewallRule, ...]:
    """Return the rules in one order and each once, so that equal lists compare equal.

    Their order means nothing to Lambda: every rule only allows.
    """
    return tuple(sorted({_place(rule): rule for rule in rules}.values(), key=_place))


Rules = Annotated[tuple[FirewallRule, ...], Field(max_length=MOST_RULES), AfterValidator(normal)]
"""A list of rules as an input: at most 20, sorted, each once."""


def missing(rules: Iterable[FirewallRule], *, among: Iterable[FirewallRule]) -> tuple[FirewallRule, ...]:
    """Return those of the rules that are not among the others, in normal order."""
    present = {_place(rule) for rule in among}
    return normal(rule for rule in rules if _place(rule) not in present)


def sentence(rule: FirewallRule) -> str:
    """Return a rule as people write it: `tcp 22 from 0.0.0.0/0 (SSH)`."""
    match rule.port_range:
        case None:
            ports = ""
        case (first, last) if first == last:
            ports = f" {first}"
        case (first, last):
            ports = f" {first}-{last}"
    purpose = f" ({rule.description})" if rule.description else ""
    return f"{rule.protocol}{ports} from {rule.source_network}{purpose}"


def observed(rules: Iterable[answers.FirewallRule]) -> tuple[FirewallRule, ...]:
    """Return live rules in normal order, also those that others wrote and that we would refuse to declare."""
    return normal(
        FirewallRule.model_construct(
            protocol=cast("Protocol", rule.protocol),
            port_range=rule.port_range,
            source_network=_spelt(rule.source_network),
            description=rule.description,
        )
        for rule in rules
    )


def wire(rules: Iterable[FirewallRule]) -> list[dict[str, object]]:
    """Return rules as the API takes them."""
    return [rule.model_dump(mode="json", by_alias=False, exclude_none=True) for rule in rules]


def _spelt(source: str) -> str:
    try:
        return network(source)
    except ValueError:
        return source
