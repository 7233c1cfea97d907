"""K3s on a host: read, made what is declared, and taken away."""

from __future__ import annotations

from typing import Any

from providers.host.remote.k3s_delivery import expect
from providers.host.remote.k3s_install import write
from providers.host.remote.k3s_removal import remove
from providers.host.remote.k3s_state import read


def main(data: Any) -> Any:
    """Do what `act` says."""
    if data["act"] == "read":
        return read(data)
    if data["act"] == "expect":
        return {"path": expect(data["user"])}
    if data["act"] == "write":
        return write(data)
    remove(data["role"])
    return {}
