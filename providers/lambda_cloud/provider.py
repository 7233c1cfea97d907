"""The provider: its configuration, its resources and how it connects."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

import httpx
from typing_extensions import override

from providers.kit import Provider
from providers.lambda_cloud.client import Client
from providers.lambda_cloud.clock import Clock
from providers.lambda_cloud.config import LambdaConfig
from providers.lambda_cloud.filesystem import Filesystem
from providers.lambda_cloud.firewall_ruleset import FirewallRuleset
from providers.lambda_cloud.global_firewall_ruleset import GlobalFirewallRuleset
from providers.lambda_cloud.instance import Instance
from providers.lambda_cloud.instance_ready import InstanceReady
from providers.lambda_cloud.ssh_key import SshKey

VERSION: Final = "0.1.0"


class FirstAsked(httpx.AsyncBaseTransport):
    """Carries requests over HTTP, made when the first is sent.

    Reading the certificates takes 0.05 s, and a preview without changes sends none.
    """

    def __init__(self) -> None:
        self._made: httpx.AsyncHTTPTransport | None = None

    @override
    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if self._made is None:
            self._made = httpx.AsyncHTTPTransport()
        return await self._made.handle_async_request(request)

    @override
    async def aclose(self) -> None:
        if self._made is not None:
            await self._made.aclose()


@asynccontextmanager
async def connect(config: LambdaConfig) -> AsyncIterator[Client]:
    """Give a client of the API, and close its connections at the end."""
    client = Client(
        api_url=config.api_url,
        api_key=config.api_key,
        clock=Clock(config.clock_speed),
        transport=FirstAsked(),
    )
    try:
        yield client
    finally:
        await client.close()


PROVIDER: Final = Provider(
    name="lambda-cloud",
    version=VERSION,
    description="Machines, SSH keys, file systems and firewall rules of Lambda Cloud.",
    config=LambdaConfig,
    connect=connect,
    resources=(
        Instance,
        InstanceReady,
        SshKey,
        Filesystem,
        FirewallRuleset,
        GlobalFirewallRuleset,
    ),
    python_package="providers.lambda_cloud.sdk",
    # Most of them wait for machines to boot; the pace of the requests is the client's.
    concurrency=256,
)
