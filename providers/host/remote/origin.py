"""Whence the connection comes that a program was started over."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from providers.host.remote.common import run

VARIABLE = b"SSH_CONNECTION"


def origin() -> dict[str, Any]:
    """Return client, server, port and the interface of our own connection; empty where there is none.

    The variable that the SSH server sets does not pass sudo, so it is looked for in the processes that started us.
    """
    found = _inherited()
    if found is None:
        return {}
    client, _, server, port = (part.removeprefix("::ffff:") for part in found.split())
    return {"client": client, "server": server, "port": int(port), "interface": _interface(server)}


def addresses() -> dict[str, list[str]]:
    """Return the IPv4 addresses of each interface, with their prefixes."""
    listed = json.loads(run(["ip", "-json", "-4", "address", "show"]).stdout or "[]")
    return {
        one["ifname"]: [f"{entry['local']}/{entry['prefixlen']}" for entry in one.get("addr_info", ())]
        for one in listed
    }


def _inherited() -> str | None:
    process = os.getpid()
    while process > 1:
        folder = Path(f"/proc/{process}")
        try:
            variables = (folder / "environ").read_bytes().split(b"\0")
            parent = (folder / "stat").read_text(encoding="utf-8").rpartition(")")[2].split()[1]
        except OSError:
            return None
        for variable in variables:
            name, _, value = variable.partition(b"=")
            if name == VARIABLE:
                return value.decode()
        process = int(parent)
    return None


def _interface(address: str) -> str:
    return next((name for name, held in addresses().items() if any(a.split("/")[0] == address for a in held)), "")
