"""What a router remembers of connections."""

import socket
import struct

from rehearsal.machines.within import within

_NETLINK_NETFILTER = 12
_DELETE = 1 << 8 | 2
"""The message IPCTNL_MSG_CT_DELETE of NFNL_SUBSYS_CTNETLINK; without a connection in it, it means all of them."""
_REQUEST_ACKNOWLEDGED = 1 | 4


def forget_connections(namespace: str) -> None:
    """Make a router forget every connection: it translates them by its present addresses from here on.

    Raises:
        OSError: when the kernel refuses.
    """
    within(namespace, _flush)


def _flush() -> None:
    body = struct.pack("=BBH", socket.AF_INET, 0, 0)
    request = struct.pack("=IHHII", 16 + len(body), _DELETE, _REQUEST_ACKNOWLEDGED, 1, 0) + body
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, _NETLINK_NETFILTER) as kernel:
        kernel.settimeout(5.0)
        kernel.send(request)
        number = -struct.unpack_from("=i", kernel.recv(4096), 16)[0]
    if number:
        raise OSError(number, "the kernel does not forget the router's connections")
