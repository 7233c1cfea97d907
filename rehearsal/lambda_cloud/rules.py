"""The rules that the API's description states in prose only: its schema passes what they refuse (API 1.10.0)."""

import ipaddress
from collections.abc import Iterable, Mapping
from typing import Any

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import load_ssh_public_key

from rehearsal.lambda_cloud import errors
from rehearsal.lambda_cloud.records import Rule

MAX_RULES = 20
"""Rules of one ruleset: with more, instances may not launch (vendor's documentation, October 2024)."""


def firewall(rules: Iterable[Mapping[str, Any]]) -> tuple[Rule, ...]:
    """Return firewall rules as the account keeps them: a bare address is a range of one.

    Raises:
        ApiError: when one has ports it may not have, lacks those it must have, or there are too many.
    """
    found = tuple(_rule(rule) for rule in rules)
    if len(found) > MAX_RULES:
        raise errors.invalid(because=f"{len(found)} rules; at most {MAX_RULES} are allowed.")
    return found


def _rule(rule: Mapping[str, Any]) -> Rule:
    protocol, ports = rule["protocol"], rule.get("port_range")
    if protocol == "icmp" and ports is not None:
        raise errors.invalid(because="port_range: not allowed for protocol icmp.")
    if protocol != "icmp" and ports is None:
        raise errors.invalid(because=f"port_range: required for protocol {protocol}.")
    if ports is not None and ports[0] > ports[1]:
        raise errors.invalid(because=f"port_range: {ports} ends before it begins.")
    return Rule.model_validate({**rule, "source_network": _network(rule["source_network"])})


def _network(text: str) -> str:
    try:
        return str(ipaddress.IPv4Network(text))
    except ValueError as error:
        raise errors.invalid(because=f"source_network: {text} is no IPv4 range: {error}.") from error


def quantity(body: Mapping[str, Any]) -> None:
    """Refuse a launch of several instances at once, which the schema passes and the service does not."""
    if body.get("quantity", 1) != 1:
        raise errors.invalid(because="Requested too many instances.")


def public_key(text: str) -> str:
    """Return a public key.

    Raises:
        ApiError: when it is not in OpenSSH's form.
    """
    try:
        load_ssh_public_key(text.encode())
    except (ValueError, UnsupportedAlgorithm) as error:
        raise errors.invalid(because="public_key: not a public key in OpenSSH's form.") from error
    return text
