"""The provider: its configuration, its resources and how it connects."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from providers.host.access import Access
from providers.host.config import HostConfig
from providers.host.files import Files
from providers.host.firewall import Firewall
from providers.host.handshake import Way
from providers.host.host import Host
from providers.host.k3s_agent import K3sAgent
from providers.host.k3s_artefacts import directory
from providers.host.k3s_server import K3sServer
from providers.host.packages import Packages
from providers.host.ssh import Hosts
from providers.host.sysctl import Sysctl
from providers.host.unit import Unit
from providers.kit import Provider

VERSION: Final = "0.1.0"


@asynccontextmanager
async def connect(config: HostConfig) -> AsyncIterator[Hosts]:
    """Give the hosts, and close the connections to them at the end."""
    way = Way(config.ssh_private_key, config.proxy_url)
    hosts = Hosts(way, config.sudo_password, directory(config.artefacts))
    try:
        yield hosts
    finally:
        await hosts.close()


PROVIDER: Final = Provider(
    name="host",
    version=VERSION,
    description="What is on a host: files, packages, kernel parameters, units, firewall, access, K3s.",
    config=HostConfig,
    connect=connect,
    resources=(
        Host,
        Files,
        Packages,
        Sysctl,
        Unit,
        Firewall,
        Access,
        K3sServer,
        K3sAgent,
    ),
    python_package="providers.host.sdk",
    # Most of them wait for hosts; how much one host does at a time is the client's.
    concurrency=256,
)
