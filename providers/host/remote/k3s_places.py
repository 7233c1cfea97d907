"""Where K3s lies on a host, and what of it is ours."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

ETC = Path("/etc/rancher/k3s")
DATA = Path("/var/lib/rancher/k3s")
CONFIG = ETC / "config.yaml"
TOKEN = ETC / "token"
AGENT_TOKEN = ETC / "agent-token"
KUBECONFIG = ETC / "k3s.yaml"
SERVER_TOKEN = DATA / "server/token"
KUBELET_KUBECONFIG = DATA / "agent/kubelet.kubeconfig"
BINARY = Path("/usr/local/bin/k3s")
UNITS = {"server": "k3s.service", "agent": "k3s-agent.service"}
OURS = Path("/var/lib/sophia")
# The fingerprint of what was proven last.
MARKER = OURS / "k3s-proven"
# What there was before a change that has not been proven yet.
BEFORE = OURS / "k3s-before"
INCOMING = "k3s-incoming-"
CHUNK = 2**20


def folder() -> Path:
    """Return our own folder, which is there then; users may pass through it and not look into it."""
    OURS.mkdir(mode=0o711, parents=True, exist_ok=True)
    return OURS


def digest(path: Path) -> str | None:
    """Return the SHA-256 of a file; None where there is no plain file."""
    if path.is_symlink() or not path.is_file():
        return None
    found = hashlib.sha256()
    with path.open("rb") as stream:
        while chunk := stream.read(CHUNK):
            found.update(chunk)
    return found.hexdigest()


def text(path: Path) -> str | None:
    """Return what a file holds; None where there is no plain file."""
    if path.is_symlink() or not path.is_file():
        return None
    return path.read_bytes().decode(errors="backslashreplace")


def password(token: str | None) -> str | None:
    """Return the part of a token that is secret: what follows the user."""
    return token.strip().rpartition(":")[2] if token else None


def sync(path: Path) -> None:
    """Have a folder's names outlive a loss of power."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
