"""How the provider reaches the server."""

import ssl
from typing import Annotated, Final
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field

from providers.kit import SECRET, Config, Environment, secure_address

_CLOUD: Final = ".weaviate.cloud"
_GRPC_PORT: Final = 50051
_TLS_PORT: Final = 443


def server_address(url: str) -> str:
    """Return an address that a key may be sent to, without a slash at its end; a bare host name is reached by https.

    Raises:
        ValueError: when it is no bare https address; http is for this machine alone.
    """
    return secure_address(url if "://" in url else f"https://{url}", example="https://name.weaviate.cloud")


def bulk_address(config: "WeaviateConfig") -> str:
    """Return scheme, host and port of the server's gRPC API, found as the official clients find it.

    >>> bulk_address(WeaviateConfig(url="https://name.weaviate.cloud"))
    'https://grpc-name.weaviate.cloud:443'
    >>> bulk_address(WeaviateConfig(url="http://127.0.0.1:8080"))
    'http://127.0.0.1:50051'
    """
    parts = urlsplit(config.grpc_url or config.url)
    name = parts.hostname or ""
    host = f"[{name}]" if ":" in name else name
    if config.grpc_url:
        return f"{parts.scheme}://{host}:{parts.port or _TLS_PORT}"
    if host.endswith(_CLOUD):
        return f"https://grpc-{host}:{_TLS_PORT}"
    return f"{parts.scheme}://{host}:{_GRPC_PORT}"


def certificates(text: str) -> str:
    """Return certificates in PEM.

    Raises:
        ValueError: when they are none.
    """
    try:
        ssl.create_default_context(cadata=text)
    except (ssl.SSLError, TypeError, ValueError):  # the latter two of what is no ASCII, or empty
        message = "this is no certificate in PEM (-----BEGIN CERTIFICATE----- and so on)"
        raise ValueError(message) from None
    return text


class WeaviateConfig(Config):
    """How the provider reaches the server."""

    url: Annotated[str, Environment("WEAVIATE_URL"), AfterValidator(server_address)]
    """Scheme and host of its REST API; a bare host name is reached by https."""
    grpc_url: Annotated[str | None, Environment("WEAVIATE_GRPC_URL"), AfterValidator(server_address)] = None
    """Scheme, host and port of its gRPC API, which migrations copy objects over; unless given, Weaviate Cloud's own
    host for that, and else port 50051 of the same host."""
    api_key: Annotated[str | None, SECRET, Environment("WEAVIATE_API_KEY"), Field(pattern=r"^[\x21-\x7e]+$")] = None
    """A key that may change the schema, without white space; none where the server lets everybody in. Given by the
    environment, it is never stored."""
    ca_certificate: Annotated[str | None, Environment("WEAVIATE_CA_CERTIFICATE"), AfterValidator(certificates)] = None
    """Certificates, in PEM, of the authorities that the server's own is checked by; the usual ones unless given."""
