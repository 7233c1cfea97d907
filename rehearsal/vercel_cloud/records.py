"""What the team has."""

import secrets
import time
from typing import Any

from pydantic import BaseModel, Field

Json = dict[str, Any]
"""An object of JSON."""


def draw(kind: str) -> str:
    """Return an id in Vercel's form, such as ``prj_`` and 28 characters.

    Args:
        kind: what it begins with.
    """
    return f"{kind}_{secrets.token_hex(14)}"


class Domain(BaseModel):
    """A host of a project."""

    name: str
    git_branch: str | None = None
    redirect: str | None = None
    redirect_status: int | None = None
    proof: str | None = None
    """The text by which its owner has to prove that the host is theirs; nothing where that is known."""


class Variable(BaseModel):
    """An environment variable of a project."""

    id: str = Field(default_factory=lambda: draw("env"))
    key: str
    value: str
    type: str
    target: list[str]
    comment: str | None = None


class Route(BaseModel):
    """A routing rule of a project."""

    id: str = Field(default_factory=lambda: draw("rt"))
    name: str | None = None
    description: str | None = None
    enabled: bool = True
    route: Json


class Deployment(BaseModel):
    """What was built of a project."""

    id: str = Field(default_factory=lambda: draw("dpl"))
    ref: str
    production: bool
    built_at: float
    """When its build ends, in seconds since the epoch."""

    @property
    def state(self) -> str:
        """How far it is."""
        return "READY" if time.time() >= self.built_at else "BUILDING"


class Firewall(BaseModel):
    """A project's firewall."""

    enabled: bool
    rules: list[Json]


class Project(BaseModel):
    """A project."""

    id: str = Field(default_factory=lambda: draw("prj"))
    name: str
    settings: Json = {}
    link: Json | None = None
    domains: dict[str, Domain] = {}
    variables: dict[str, Variable] = {}
    routes: list[Route] = []
    draft: bool = False
    """Whether somebody has staged rules and not published them."""
    deployments: list[Deployment] = []
    firewall: Firewall | None = None
    crons: bool = True

    def shown(self) -> Json:
        """Return it as the API does."""
        crons = {"enabledAt": 1, "disabledAt": None} if self.crons else {"enabledAt": None, "disabledAt": 1}
        return {**self.settings, "id": self.id, "name": self.name, "link": self.link, "crons": crons}

    def answering(self, host: str) -> Deployment | None:
        """Return the newest deployment that answers at one of its hosts; nothing where none does."""
        domain = self.domains[host]
        production = (self.link or {}).get("productionBranch", "main")
        wanted = domain.git_branch or production
        found = [one for one in self.deployments if one.ref == wanted and one.state == "READY"]
        return found[-1] if found else None


class Record(BaseModel):
    """A record of a zone that Vercel keeps."""

    uid: str = Field(default_factory=lambda: draw("rec"))
    domain: str
    name: str
    type: str
    value: str
    ttl: int = 60
    comment: str | None = None


class Account(BaseModel):
    """All of it."""

    team: str
    """The slug of the team."""
    team_id: str = Field(default_factory=lambda: draw("team"))
    legacy: tuple[str, ...] = ()
    """Names of the projects that it was born with."""
    projects: dict[str, Project] = {}
    records: dict[str, Record] = {}
    claims: dict[str, str] = {}
    """Hosts that another team has as well, each with the text that proves them ours."""

    @classmethod
    def born(cls, team: str, legacy: tuple[str, ...]) -> "Account":
        """Return the account as it was before: with the projects of earlier programs.

        Args:
            team: the slug of the team.
            legacy: names of these projects.
        """
        account = cls(team=team, legacy=legacy)
        for name in legacy:
            project = Project(name=name, settings={"framework": "vite", "nodeVersion": "18.x"})
            account.projects[project.id] = project
        return account
