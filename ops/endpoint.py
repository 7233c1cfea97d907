"""Addresses that secrets are sent to."""

from urllib.parse import urlsplit

from ops.error import InputError


def require_secure(url: str, variable: str) -> str:
    """Return an address that a secret may be sent to: by https, or on this computer.

    Args:
        url: the address.
        variable: what gave it; the address itself may be a secret, and is never shown.

    Raises:
        InputError: it is none.
    """
    parts = urlsplit(url)
    here = parts.scheme == "http" and parts.hostname == "127.0.0.1"
    if not (here or (parts.scheme == "https" and parts.hostname)):
        msg = f"{variable} is no https address; correct it where it comes from: the workflow, or Pulumi ESC"
        raise InputError(msg)
    return url
