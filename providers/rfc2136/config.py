"""How the provider reaches the authority."""

import base64
import binascii
from ipaddress import ip_address
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, Field

from providers.kit import SECRET, Config, Environment, UndisclosedError

_LEAST_BYTES: Final = 16


def _address(given: str) -> str:
    try:
        return str(ip_address(given))
    except ValueError:
        message = "give the authority's address: a name would be asked of somebody else first"
        raise ValueError(message) from None


def _key(given: str) -> str:
    try:
        long_enough = len(base64.b64decode(given, validate=True)) >= _LEAST_BYTES
    except (binascii.Error, ValueError):
        long_enough = False
    if not long_enough:
        message = f"a TSIG key is base64 of at least {_LEAST_BYTES} bytes, as `keymgr -t NAME` prints it"
        raise UndisclosedError(message)
    return given


class Rfc2136Config(Config):
    """How the provider reaches the authority."""

    server: Annotated[str, Environment("DNS_UPDATE_SERVER"), AfterValidator(_address)]
    """Address of the zone's primary authority."""
    port: Annotated[int, Environment("DNS_UPDATE_PORT"), Field(ge=1, le=65535)] = 53
    """Its port, for TCP."""
    key_name: Annotated[
        str, Environment("DNS_UPDATE_KEYNAME"), Field(pattern=r"^[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9.])?$")
    ]
    """Name of the TSIG key that may change and transfer the zone."""
    key_secret: Annotated[str, SECRET, Environment("DNS_UPDATE_KEYSECRET"), AfterValidator(_key)]
    """The key, in base64. Given by the environment, it is never stored."""
    key_algorithm: Annotated[
        Literal["hmac-sha256", "hmac-sha384", "hmac-sha512"], Environment("DNS_UPDATE_KEYALGORITHM")
    ] = "hmac-sha256"
    """Its algorithm (RFC 8945, section 6); weaker ones are not taken."""
