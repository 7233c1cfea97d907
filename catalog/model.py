"""What every catalog model is: frozen, closed to unknown fields, its fields documented where they are declared."""

from ipaddress import IPv4Address, ip_network
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field


def _ipv4(text: str) -> str:
    IPv4Address(text)
    return text


def _range(text: str) -> str:
    ip_network(text)
    return text


DnsLabel = Annotated[str, Field(pattern=r"^[a-z]([-a-z0-9]{0,61}[a-z0-9])?$")]
"""An RFC 1123 label that starts with a letter: usable as any Kubernetes object name."""

EnvName = Annotated[str, Field(pattern=r"^[A-Z][A-Z0-9_]*$")]
"""The name of an environment variable, which is also the form of a canonical secret name."""

Cents = Annotated[int, Field(ge=0)]
"""United States cents; money is never a float."""


Ipv4 = Annotated[str, AfterValidator(_ipv4), Field(examples=["203.0.113.7"])]
"""An IPv4 address."""

Cidr = Annotated[str, AfterValidator(_range), Field(examples=["0.0.0.0/0"])]
"""A range of IP addresses, with no bits set beyond its prefix."""


class Model(BaseModel):
    """A frozen catalog model."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)
