"""Addresses of servers that a key is sent to."""

from ipaddress import ip_address
from urllib.parse import urlsplit


def secure_address(url: str, *, example: str) -> str:
    """Return an address that a key may be sent to, without a slash at its end.

    Args:
        url: scheme and host, and a port where it is not the usual one.
        example: what a right one looks like, for whoever gave another.

    Raises:
        ValueError: when it is no bare https address; http is for this machine alone.
    """
    parts = urlsplit(url)
    host = parts.hostname or ""
    if "@" in parts.netloc or parts.query or parts.fragment or parts.path.strip("/") or not host:
        message = f"give scheme and host alone, such as {example}: no user, path or query"
        raise ValueError(message)
    if parts.scheme != "https" and not (parts.scheme == "http" and _on_this_machine(host)):
        message = "use https: the API key would cross the network in the clear (http is for this machine alone)"
        raise ValueError(message)
    return url.rstrip("/")


def _on_this_machine(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
