"""How the provider reaches hosts."""

from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field

from providers.host.k3s_artefacts import LOCAL
from providers.kit import SECRET, Config, Environment, UndisclosedError


def private_key(text: str) -> str:
    """Return a private key with exactly one line end at its end.

    Raises:
        UndisclosedError: when it is none; nobody repeats it.
    """
    if "PRIVATE KEY-----" not in text:
        message = "this is no private key in PEM or OpenSSH's form; give the whole file, without a passphrase"
        raise UndisclosedError(message)
    return text.strip() + "\n"


def proxy_address(url: str) -> str:
    """Return the address of a proxy, without a slash at its end.

    Raises:
        ValueError: when it is not `http://host:port`.
    """
    parts = urlsplit(url)
    if parts.scheme != "http" or not parts.hostname or not parts.port or parts.path.strip("/") or "@" in parts.netloc:
        message = "give http://host:port alone: a proxy that answers CONNECT, no user, path or query"
        raise ValueError(message)
    return url.rstrip("/")


class HostConfig(Config):
    """How the provider reaches hosts."""

    ssh_private_key: Annotated[str, SECRET, Environment("HOST_SSH_PRIVATE_KEY"), AfterValidator(private_key)]
    """The private key that hosts admit, without a passphrase. Given by the environment, it is never stored."""
    sudo_password: Annotated[str | None, SECRET, Environment("HOST_SUDO_PASSWORD"), Field(min_length=1)] = None
    """The password that sudo asks the user for; none where sudo asks for none."""
    proxy_url: Annotated[
        str | None, Environment("HOST_PROXY_URL"), AfterValidator(lambda v: v and proxy_address(v))
    ] = None
    """An HTTP proxy, as `http://host:port`, that connections to hosts go through by CONNECT; none: directly."""
    artefacts: Annotated[str, Environment("HOST_ARTEFACTS")] = LOCAL
    """The directory where artefacts lie that are delivered to hosts, each named by its SHA-256."""
