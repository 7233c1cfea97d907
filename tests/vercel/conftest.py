"""The plugin's process, against the API that stands in for Vercel's."""

import socket
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import uvicorn

from providers.kit.testing import Plugin
from rehearsal.background import serving
from rehearsal.vercel_cloud.control import Control
from rehearsal.vercel_cloud.records import Account
from rehearsal.vercel_cloud.server import Cloud

FOLDER = Path(__file__).parents[2] / "rehearsal/vercel"
TEAM = "our-team"
TOKEN = "rehearsal" + "x" * 15
PROJECT = "vercel:index/project:Project"
DOMAIN = "vercel:index/projectDomain:ProjectDomain"
VARIABLE = "vercel:index/projectEnvironmentVariable:ProjectEnvironmentVariable"
ROUTE = "vercel:index/projectRoute:ProjectRoute"
FIREWALL = "vercel:index/firewallConfig:FirewallConfig"
CRONS = "vercel:index/projectCrons:ProjectCrons"
DEPLOYMENT = "vercel:index/deployment:Deployment"
RECORD = "vercel:index/dnsRecord:DnsRecord"
REPOSITORY = {"type": "github", "repo": "somebody/something", "productionBranch": "main"}


@dataclass
class Vercel:
    """The API, and what lies behind it."""

    url: str
    control: Control
    leads: set[str]
    """Hosts whose names lead to Vercel."""

    @property
    def environment(self) -> dict[str, str]:
        """What the plugin is told."""
        return {"VERCEL_API_URL": self.url, "VERCEL_API_TOKEN": TOKEN}

    def writes(self) -> list[str]:
        """What was changed, by method and path."""
        return [f"{one['method']} {one['path']}" for one in self.control.log() if one["method"] != "GET"]


@pytest.fixture(scope="session")
def served() -> Iterator[Vercel]:
    leads: set[str] = set()
    cloud = Cloud(Account.born(TEAM, ("old",)), TOKEN, misconfigured=lambda host: host not in leads)
    configuration = uvicorn.Config(cloud.application(), ws="none", lifespan="off", log_config=None, access_log=False)
    with socket.create_server(("127.0.0.1", 0)) as listener, serving(configuration, listener):
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        yield Vercel(url, Control(url, TOKEN), leads)


@pytest.fixture(scope="session")
def started(served: Vercel) -> Iterator[Plugin]:
    with Plugin(FOLDER, served.environment) as plugin:
        plugin.configure({"team": TEAM})
        # The team's id is asked for now, and stays the same.
        plugin.create(PROJECT, {"name": "first"})
        yield plugin


@pytest.fixture
def vercel(served: Vercel) -> Vercel:
    """The API as it is born."""
    served.leads.clear()
    served.control.reset()
    return served


@pytest.fixture
def plugin(started: Plugin, vercel: Vercel) -> Plugin:
    del vercel  # born again
    return started


@pytest.fixture
def project(plugin: Plugin) -> Any:
    return plugin.create(PROJECT, {"name": "site", "gitRepository": REPOSITORY, "rootDirectory": "site"})
