"""A loopback address of its own for every rehearsal, and proof that its ports are free."""

import hashlib
import ipaddress
import socket
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import psutil

from rehearsal.error import RehearsalError

ACCOUNT = "lambda cloud"
"""What stands for a stack's name in the address of the account: no stack has such a name, so none has this address."""

_NETWORK = ipaddress.IPv4Network("127.64.0.0/10")
"""A quarter of the loopback network, away from 127.0.0.1 and 127.0.1.1 where other programs listen."""

_PATIENCE = 1.0
"""Seconds for which a port may still be held by a process of an earlier run that was killed a moment ago."""


def address(home: Path, stack: str) -> str:
    """Return the loopback address of one stack's rehearsal, the same one every time.

    Every address of 127.0.0.0/8 can be bound on Linux, so that rehearsals run side by side on the usual ports.

    Args:
        home: directory of all rehearsals, absolute.
        stack: name of the stack.
    """
    digest = hashlib.sha256(f"{home}\n{stack}".encode()).digest()
    networks = _NETWORK.num_addresses // 256
    network = int.from_bytes(digest[:4]) % networks
    host = 1 + digest[4] % 254
    return str(_NETWORK.network_address + network * 256 + host)


def require_free(address: str, ports: Mapping[int, str]) -> None:
    """Raise unless every port can be bound now.

    Args:
        address: the address they are bound on.
        ports: what each port is for.

    Raises:
        RehearsalError: naming every port in use and, where this user may know it, the process that holds it.
    """
    deadline = time.monotonic() + _PATIENCE
    while (taken := [port for port in ports if not _free(address, port)]) and time.monotonic() < deadline:
        time.sleep(0.05)
    if taken:
        listed = "\n".join(f"  - {address}:{port} ({ports[port]}) is in use{_holder(address, port)}" for port in taken)
        message = (
            f"the rehearsal cannot listen where it must; nothing was started:\n{listed}\n"
            "end that process, or set SOPHIA_HOME to another directory, which gives other addresses"
        )
        raise RehearsalError(message)


def _free(address: str, port: int) -> bool:
    """Bind as the services do: Go sets SO_REUSEADDR, so that closing connections of an earlier run do not matter."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address, port))
        except OSError:
            return False
    return True


def _holder(address: str, port: int) -> str:
    wildcards = {address, "0.0.0.0", "::", f"::ffff:{address}"}  # noqa: S104  # compared with, never bound
    with suppress(psutil.Error):
        for listener in psutil.net_connections("tcp"):
            if (
                listener.status == psutil.CONN_LISTEN
                and listener.laddr
                and listener.laddr.port == port
                and listener.laddr.ip in wildcards
                and listener.pid
            ):
                return f" by process {listener.pid} ({psutil.Process(listener.pid).name()})"
    return ""
