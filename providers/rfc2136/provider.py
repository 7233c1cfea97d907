"""The provider: its configuration, its resource and how it connects."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from providers.kit import Provider
from providers.rfc2136.client import Client
from providers.rfc2136.config import Rfc2136Config
from providers.rfc2136.zone import Zone

VERSION: Final = "0.1.0"


@asynccontextmanager
async def connect(config: Rfc2136Config) -> AsyncIterator[Client]:
    """Give a client of the authority; each request has a connection of its own."""
    yield Client(config)


PROVIDER: Final = Provider(
    name="rfc2136",
    version=VERSION,
    description="Records of zones on any authority that takes dynamic updates (RFC 2136) signed by TSIG.",
    config=Rfc2136Config,
    connect=connect,
    resources=(Zone,),
    python_package="providers.rfc2136.sdk",
)
"""What the engine is told: every answer holds all inputs, and marks its secrets again."""
