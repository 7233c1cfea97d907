"""Where clients come in: the gateway's host of each stack, its ports and its certificate."""

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field

from catalog.model import DnsLabel, Model
from catalog.workload import Port

Host = Annotated[str, Field(pattern=r"^([a-z0-9]([-a-z0-9]*[a-z0-9])?\.)+[a-z]{2,}$")]
"""A fully qualified name, without the dot at its end."""

NAME = "sophia"
"""Name of the Gateway."""
SITES_CERTIFICATE = "sites-tls"
"""Secret that holds the one of the sites' hosts, where the cluster serves them."""
CERTIFICATE = "gateway-tls"
"""Secret that holds its certificate."""
VERIFIER = "mcp-verify"
"""ServiceAccount whose tokens are taken, so that whoever may ask the API server for one can check every server."""

IssuerKind = Literal["acme", "own-ca"]
"""Who signs the gateway's certificate: an ACME server, or an authority inside of the cluster that nobody else knows."""


class Entrypoints(Model):
    """Ports of Traefik inside of its pods; a listener has the port of the entry point that serves it."""

    web: Port
    """Plain HTTP, which is redirected."""
    websecure: Port
    """HTTPS."""


class Acme(Model):
    """The ACME server (RFC 8555) that signs certificates."""

    server: Annotated[str, Field(pattern=r"^https://")]
    """URL of its directory."""
    email: Annotated[str, Field(pattern=r"^[^@\s]+@[^@\s]+$")]
    """Who is told when a certificate is about to end."""


class Gateway(Model):
    """The file ``catalog/gateway.yaml``."""

    namespace: DnsLabel
    """Namespace of the gateway itself."""
    hosts: Mapping[DnsLabel, Host]
    """Its name in public DNS, by stack."""
    entrypoints: Entrypoints
    """Ports of Traefik inside of its pods."""
    acme: Acme
    """Who signs certificates in the cloud."""
    certificate_days: Annotated[int, Field(ge=1)]
    """How long a certificate of our own authority is good for."""
    traefik_replicas: Annotated[int, Field(ge=1)]
    """Pods of Traefik where a stack has as many nodes; one elsewhere."""
