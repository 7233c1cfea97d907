"""The public sites: a Vercel project each, or the same bundle behind the cluster's gateway."""

from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field

from catalog.gateway import Host
from catalog.model import DnsLabel, EnvName, Model

ProjectName = Annotated[str, Field(pattern=r"^[a-z0-9]([a-z0-9._-]{0,98}[a-z0-9])?$", examples=["sophia-intel-ai-app"])]
"""The name of a Vercel project: at most 100 lower-case letters, digits, dots, hyphens and underscores."""

Branch = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._/-]*$")]
"""A branch of the repository."""

Folder = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]*(/[a-z0-9_-]+)*$")]
"""A folder, from the repository's or the site's own root."""

FrontEnd = Literal["vercel", "cluster"]
"""Who serves the sites."""


class Target(StrEnum):
    """Where a deployment goes that a variable is built into."""

    PRODUCTION = "production"
    """The production branch."""
    PREVIEW = "preview"
    """Every other branch."""


class Domain(Model):
    """A host that a site answers at."""

    branch: Branch | None = None
    """The branch whose last deployment answers; the production branch's where it is absent."""
    redirect: Host | None = None
    """The site's own host that visitors are led on to."""


class Site(Model):
    """One site."""

    description: Annotated[str, Field(max_length=100)]
    """What it is for, in one line."""
    project: ProjectName
    """Its project at Vercel."""
    framework: Literal["vite"] | None = None
    """What builds it, where Vercel knows that by name."""
    root: Folder
    """Its folder in the repository."""
    build: Annotated[str, Field(min_length=1)]
    """The command that builds it there."""
    output: Folder
    """Where the built bundle lies then."""
    single_page: bool
    """Whether every path that is no file is answered with its front page."""
    domains: Annotated[Mapping[Host, Domain], Field(min_length=1)]
    """The hosts that it answers at."""
    environment: Mapping[EnvName, str | Mapping[Target, str]] = {}
    """What is built into the bundle, and so public, by target where that matters. ``{api}`` stands for the host `api`
    of the zone, ``{gateway}`` for the gateway's of the stack that owns the sites, ``{zone}`` for the zone's name."""
    secrets: Mapping[EnvName, EnvName] = {}
    """What its functions get, and no browser: secrets of the catalog by variable."""

    def values(self) -> Iterator[tuple[str, Target, str]]:
        """Yield each public variable with each target and the value there."""
        for name, told in self.environment.items():
            each = dict.fromkeys(Target, told) if isinstance(told, str) else told
            for target, value in each.items():
                yield name, target, value


class Sites(Model):
    """The file ``catalog/sites.yaml``."""

    owner: DnsLabel
    """The stack that manages the sites."""
    seats: Annotated[int, Field(ge=1)]
    """People of the team who may deploy: Vercel bills each of them."""
    team: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]*$")]
    """The slug of the Vercel team that has the projects."""
    repository: Annotated[str, Field(pattern=r"^[A-Za-z0-9-]+/[A-Za-z0-9._-]+$")]
    """What they are built from, on GitHub."""
    production_branch: Branch
    """The branch that production is built from."""
    node_version: Annotated[str, Field(pattern=r"^[0-9]{2}\.x$")]
    """The Node.js that builds them."""
    install: Annotated[str, Field(min_length=1)]
    """The command that brings what a build needs."""
    sites: Mapping[DnsLabel, Site]
    """The sites by name."""
