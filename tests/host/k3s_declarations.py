"""Declarations of K3s that tests start from."""

from typing import Any

SHA256 = "a" * 64
VERSION = "v1.36.2+k3s1"
TOKEN, AGENT_TOKEN = "server-token-of-these-tests", "agent-token-of-these-tests"
SECURE = f"K10{'b' * 64}::node:{AGENT_TOKEN}"
ON = {"host": "m1", "connection": {"addresses": ["198.51.100.7"], "hostKey": "ssh-ed25519 AAAA"}}


def server(**changes: Any) -> dict[str, Any]:
    """Return what a server is declared as."""
    config = {"node-name": "one", "cluster-init": True, "tls-san": ["198.51.100.7"], "secrets-encryption": True}
    given = {
        **ON,
        "version": VERSION,
        "artefacts": {"amd64": {"sha256": SHA256}},
        "config": config,
        "token": TOKEN,
        "agentToken": AGENT_TOKEN,
        "address": "198.51.100.7",
        "context": "dev",
    }
    return {**given, **changes}


def agent(**changes: Any) -> dict[str, Any]:
    """Return what an agent is declared as."""
    config = {"server": "https://198.51.100.7:6443", "node-name": "two"}
    given = {**ON, "version": VERSION, "artefacts": {"amd64": {"sha256": SHA256}}, "config": config, "token": SECURE}
    return {**given, **changes}
