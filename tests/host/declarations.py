"""Declarations that tests start from."""

from typing import Any

from providers.host.firewall_inputs import FirewallInputs

CONNECTION = {"addresses": ["198.51.100.7"], "host_key": "ssh-ed25519 AAAA"}
ROWS: tuple[dict[str, Any], ...] = (
    {"name": "access", "protocol": "udp", "port": 51822, "sources": ["world"]},
    {"name": "http", "protocol": "tcp", "port": 80, "sources": ["world"]},
    {"name": "https", "protocol": "tcp", "port": 443, "sources": ["world"]},
    {"name": "kubelet", "protocol": "tcp", "port": 10250, "sources": ["nodes"]},
    {"name": "kubernetes-api", "protocol": "tcp", "port": 6443, "sources": ["access", "nodes"]},
    {"name": "mesh", "protocol": "udp", "port": 51820, "sources": ["nodes"]},
    {"name": "ping", "protocol": "icmp", "sources": ["world"]},
    {"name": "ssh", "protocol": "tcp", "port": 22, "sources": ["access"]},
)
"""A table such as the catalog's for a server."""
BREAK_GLASS = {
    "cidr": "198.19.255.10/32",
    "reason": "first contact",
    "owner": "test",
    "expires": "2099-01-01T00:00:00Z",
}


def firewall(**changes: Any) -> FirewallInputs:
    """Return a firewall as it is declared."""
    given = {"host": "m1", "connection": CONNECTION, "rows": list(ROWS), "nodes": ["10.16.0.2", "203.0.113.2"]}
    return FirewallInputs.model_validate({**given, "break_glass": [BREAK_GLASS], **changes})
