"""The provider: its configuration, its resources and how it connects."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from providers.kit import Provider
from providers.weaviate.alias import Alias
from providers.weaviate.bulk import Bulk
from providers.weaviate.client import Client, FirstAsked
from providers.weaviate.collection import Collection
from providers.weaviate.config import WeaviateConfig, bulk_address
from providers.weaviate.role import Role
from providers.weaviate.user import User

VERSION: Final = "0.1.0"


@asynccontextmanager
async def connect(config: WeaviateConfig) -> AsyncIterator[Client]:
    """Give a client of the API, and close its connections at the end."""
    bulk = Bulk(bulk_address(config), api_key=config.api_key, ca_certificate=config.ca_certificate)
    client = Client(url=config.url, api_key=config.api_key, transport=FirstAsked(config.ca_certificate), bulk=bulk)
    try:
        yield client
    finally:
        await client.close()


PROVIDER: Final = Provider(
    name="weaviate",
    version=VERSION,
    description="Collections, aliases, roles and users of Weaviate.",
    config=WeaviateConfig,
    connect=connect,
    resources=(Collection, Alias, Role, User),
    python_package="providers.weaviate.sdk",
)
"""What the engine is told: every answer holds all inputs, and marks its secrets again."""
