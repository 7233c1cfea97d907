"""What the environment gives to reach services by: variables, and addresses that secrets are sent to."""

from collections.abc import Iterable, Mapping
from urllib.parse import urlsplit

from ops.error import InputError


def require_set(environment: Mapping[str, str], names: Iterable[str], remedy: str, option: str = "") -> None:
    """Refuse an environment that lacks variables.

    Args:
        environment: the environment.
        names: of the variables.
        remedy: what gives them.
        option: the option that needs them.

    Raises:
        InputError: with every one that is not set.
    """
    if missing := [name for name in names if not environment.get(name)]:
        msg = f"{f'{option}: ' if option else ''}{', '.join(missing)}: not set; {remedy}"
        raise InputError(msg)


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
