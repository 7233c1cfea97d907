"""What a host is, in plain facts."""

from __future__ import annotations

import os
import platform
import socket
from pathlib import Path
from typing import Any


def main(data: Any) -> dict[str, Any]:  # noqa: ARG001 - every program is given something
    """Return the facts."""
    root = os.statvfs("/")
    return {
        "hostname": socket.gethostname(),
        "architecture": platform.machine(),
        "kernel": platform.release(),
        "os": _os(),
        "cpus": os.cpu_count() or 1,
        "memory_mib": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**20,
        "disk_gib": root.f_frsize * root.f_blocks // 2**30,
    }


def _os() -> str:
    for line in Path("/etc/os-release").read_text(encoding="utf-8").splitlines():
        if line.startswith("PRETTY_NAME="):
            return line.partition("=")[2].strip('"')
    return platform.system()
