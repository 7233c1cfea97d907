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

Leaving = FrontEnd | Literal[""]
"""Who served them before and still does; empty for nobody."""


HeaderName = Annotated[str, Field(pattern=r"^[A-Z][A-Za-z]*(-[A-Z][A-Za-z]*)*$")]
"""The name of a header, its words with capitals."""

HeaderValue = Annotated[str, Field(pattern=r"^[\x20-\x7e]+$")]
"""What a header says: one line of ASCII (RFC 9110, section 5.5)."""

UrlPath = Annotated[str, Field(pattern=r"^/[A-Za-z0-9._/-]*$")]
"""The beginning of a path of a URL."""

Protection = Literal["standard_protection_new", "all_deployments", "only_preview_deployments"]
"""Which deployments only people of the team see (Vercel, "Deployment Protection"); the first is all but production's
at hosts of its own."""


NGINX_FILE = "nginx.conf"
"""The file that a site's server in the cluster is configured by."""


def server_of(site: str) -> str:
    """Return the name of the workload that serves a site from the cluster.

    >>> server_of("docs")
    'site-docs'

    Args:
        site: the site's name.
    """
    return f"site-{site}"


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
    crons: bool = False
    """Whether the schedules that its build states are run."""
    secrets: Mapping[EnvName, EnvName] = {}
    """What its functions get, and no browser: secrets of the catalog by variable."""

    @property
    def host(self) -> str:
        """The host at which production itself answers."""
        return next(host for host, one in self.domains.items() if not (one.branch or one.redirect))

    def values(self) -> Iterator[tuple[str, Target, str]]:
        """Yield each public variable with each target and the value there."""
        for name, told in self.environment.items():
            each = dict.fromkeys(Target, told) if isinstance(told, str) else told
            for target, value in each.items():
                yield name, target, value


class Assets(Model):
    """Files that a build names by their content, so that they never change."""

    path: UrlPath
    """How their paths begin."""
    cache: HeaderValue
    """How long browsers may keep them (Cache-Control, RFC 9111, section 5.2.2)."""


class Cors(Model):
    """What pages of the sites may ask the gateway for from a browser (Fetch standard, section 3.2)."""

    methods: Annotated[tuple[Literal["GET", "POST", "PUT", "DELETE", "OPTIONS"], ...], Field(min_length=1)]
    """With these methods."""
    headers: tuple[HeaderName, ...]
    """With these headers beside those that always may be."""
    credentials: bool
    """Whether with credentials."""
    max_age_seconds: Annotated[int, Field(ge=0, le=86400)]
    """How long a browser remembers that."""


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
    protection: Protection
    """Which deployments only people of the team see."""
    skew_protection: Literal["30 minutes", "12 hours", "1 day", "7 days"]
    """How long a browser that has an old front page gets the files that belong to it."""
    denied: tuple[UrlPath, ...]
    """How paths begin that no site has and only scanners ask for; they are refused."""
    assets: Assets
    """Files that never change."""
    headers: Mapping[HeaderName, HeaderValue]
    """What every answer says, whoever serves it, and those of the gateway say too; places as in ``environment``."""
    cors: Cors
    """What pages of the sites may ask the gateway for."""
    legacy: tuple[ProjectName, ...]
    """Projects of the team from before, which are let alone unless a stack takes them over."""
    sites: Mapping[DnsLabel, Site]
    """The sites by name."""

    @property
    def page_pattern(self) -> str:
        """What paths of pages look like, as a regular expression: no file has such a path."""
        return f"^/(?!{self.assets.path.removeprefix('/')})[^.]*$"
