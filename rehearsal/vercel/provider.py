"""The provider: its configuration, its resources and how it connects."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Final

from pydantic import AfterValidator

from providers.kit import SECRET, Config, Environment, Provider, ProviderError, UndisclosedError
from rehearsal.vercel.client import Client
from rehearsal.vercel.deployment import Deployment
from rehearsal.vercel.domain import ProjectDomain
from rehearsal.vercel.project import Project
from rehearsal.vercel.record import DnsRecord
from rehearsal.vercel.route import ProjectRoute
from rehearsal.vercel.settings import FirewallConfig, ProjectCrons
from rehearsal.vercel.variable import ProjectEnvironmentVariable

VERSION: Final = "5.21.1"
"""The version of the wheel, which asks for a plugin of exactly this one."""


def _token(given: str) -> str:
    if not re.fullmatch(r"[0-9a-zA-Z]{24}", given):
        # The official provider's own words.
        message = "Invalid Vercel API token: it must contain 24 characters of [0-9a-zA-Z]"
        raise UndisclosedError(message)
    return given


class VercelConfig(Config):
    """How the provider reaches Vercel."""

    api_token: Annotated[str, SECRET, Environment("VERCEL_API_TOKEN"), AfterValidator(_token)]
    """The token. Given by the environment, it is never stored."""
    team: str | None = None
    """The id or the slug of the team that has all that is managed."""
    api_url: Annotated[str, Environment("VERCEL_API_URL")]
    """Where the rehearsal's API is; the official provider knows one alone."""


@asynccontextmanager
async def connect(config: VercelConfig) -> AsyncIterator[Client]:
    """Give a client of the team, which the token may see."""
    asking = Client(config.api_url, config.api_token, "")
    try:
        team = await asking.find(f"/v2/teams/{config.team}") if config.team else {"id": ""}
    finally:
        await asking.close()
    if team is None:
        what = f"Vercel's API: there is no team {config.team}, or the token may not see it"
        raise ProviderError(what, "correct sites.team, or take a token of somebody of that team")
    client = Client(config.api_url, config.api_token, team["id"])
    try:
        yield client
    finally:
        await client.close()


PROVIDER: Final = Provider(
    name="vercel",
    version=VERSION,
    description="Projects, hosts and records at Vercel.",
    config=VercelConfig,
    connect=connect,
    resources=(
        Deployment,
        DnsRecord,
        FirewallConfig,
        Project,
        ProjectCrons,
        ProjectDomain,
        ProjectEnvironmentVariable,
        ProjectRoute,
    ),
    python_package="pulumiverse_vercel",
)
