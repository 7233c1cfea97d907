"""The team and its projects, by the routes that the official provider calls.

Source: terraform-provider-vercel 5.10, ``client/``; the refusals are those of Vercel's REST API.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Final

from rehearsal.vercel_cloud.records import Account, Json, Project
from rehearsal.vercel_cloud.refusal import bad, conflict, forbid, missing

_SETTINGS: Final = frozenset(
    {
        *("autoAssignCustomDomains", "autoExposeSystemEnvs", "buildCommand", "directoryListing", "framework"),
        *("gitForkProtection", "installCommand", "nodeVersion", "outputDirectory", "previewDeploymentsDisabled"),
        *("protectedSourcemaps", "rootDirectory", "skewProtectionMaxAge", "ssoProtection"),
    }
)
_PROJECT_NAME: Final = re.compile(r"[a-z0-9]([a-z0-9._-]{0,98}[a-z0-9])?")
_LONGEST_PAGE: Final = 100
_NODE: Final = ("18.x", "20.x", "22.x", "24.x")
# What Vercel sets itself where it is not told (Vercel REST API, "Create a new project").
_BORN_WITH: Final[Json] = {
    "framework": None,
    "nodeVersion": "24.x",
    "gitForkProtection": True,
    "directoryListing": False,
    "autoAssignCustomDomains": True,
    "ssoProtection": {"deploymentType": "all_except_custom_domains"},
}


def team(account: Account, name: str) -> Json:
    """Return the team, by its id or its slug."""
    if name not in {account.team, account.team_id}:
        # One of somebody else is refused as one that is not there.
        forbid(f'Trying to access resource under scope "{name}".')
    return {"id": account.team_id, "slug": account.team, "name": account.team}


def every(account: Account, query: Mapping[str, str]) -> Json:
    """Return the projects, a page at a time."""
    page, pagination = paged([one.shown() for one in account.projects.values()], query, "from")
    return {"projects": page, "pagination": pagination}


def paged(items: Sequence[Json], query: Mapping[str, str], at: str) -> tuple[Sequence[Json], Json]:
    """Return a page of a list, and what is said of the next one: its beginning, or nothing.

    Args:
        items: the list.
        query: says how many, and from where on.
        at: the parameter that says from where.
    """
    limit, start = query.get("limit", "20"), query.get(at, "0")
    if not limit.isdecimal() or not 1 <= int(limit) <= _LONGEST_PAGE or not start.isdecimal():
        bad(f"`limit` should be 1 to {_LONGEST_PAGE}, and `{at}` what `pagination.next` says.")
    ends = int(start) + int(limit)
    page = items[int(start) : ends]
    return page, {"count": len(page), "next": ends if ends < len(items) else None, "prev": None}


def find(account: Account, name: str) -> Project:
    """Return a project by its id or its name."""
    found = account.projects.get(name)
    found = found or next((one for one in account.projects.values() if one.name == name), None)
    if found is None:
        missing("Project")
    return found


def create(account: Account, body: Json) -> Json:
    """Make a project."""
    told = dict(body)
    name = str(told.pop("name", ""))
    if not _PROJECT_NAME.fullmatch(name):
        bad("`name` should match the pattern of project names.")
    if any(one.name == name for one in account.projects.values()):
        conflict(f"Project {name} already exists, please use a new name.")
    repository = told.pop("gitRepository", None)
    project = Project(name=name, settings={**_BORN_WITH, **_settings(told)})
    if repository:
        _link(project, repository)
    account.projects[project.id] = project
    return project.shown()


def update(account: Account, name: str, body: Json) -> Json:
    """Change settings of a project."""
    project, told = find(account, name), dict(body)
    renamed = told.pop("name", project.name)
    if any(one.name == renamed and one is not project for one in account.projects.values()):
        conflict(f"Project {renamed} already exists, please use a new name.")
    project.settings |= _settings(told)
    project.name = renamed
    return project.shown()


def link(account: Account, name: str, body: Json) -> Json:
    """Connect a project to a repository."""
    project = find(account, name)
    _link(project, body)
    return project.shown()


def branch(account: Account, name: str, body: Json) -> Json:
    """Choose the branch that production is built from."""
    project = find(account, name)
    if project.link is None:
        bad("the project is not connected to a Git repository.")
    project.link["productionBranch"] = body["branch"]
    return project.shown()


def delete(account: Account, name: str) -> None:
    """Remove a project with all that it has."""
    del account.projects[find(account, name).id]


def _link(project: Project, repository: Json) -> None:
    org, slash, repo = str(repository.get("repo", "")).partition("/")
    if not slash:
        bad("`gitRepository.repo` should be owner/name.")
    project.link = {"type": repository["type"], "org": org, "repo": repo, "productionBranch": "main"}


def _settings(told: Json) -> Json:
    if unknown := sorted(told.keys() - _SETTINGS):
        bad(f"should NOT have additional property `{unknown[0]}`.")
    if told.get("nodeVersion", _NODE[0]) not in _NODE:
        bad(f"`nodeVersion` should be equal to one of the allowed values {', '.join(_NODE)}.")
    return told
