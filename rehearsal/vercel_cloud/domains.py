"""Hosts of projects."""

import time
from collections.abc import Mapping

from rehearsal.vercel_cloud.projects import find, paged
from rehearsal.vercel_cloud.records import Account, Deployment, Domain, Json, Project
from rehearsal.vercel_cloud.refusal import ApiError, bad, missing


def add(account: Account, name: str, body: Json) -> Json:
    """Make a project answer at a host."""
    project, host = find(account, name), str(body["name"])
    for one in account.projects.values():
        if host in one.domains:
            message = f"Cannot add {host} since it's already in use by your project {one.name}."
            raise ApiError(409, "domain_already_in_use", message)
    domain = Domain(name=host, proof=account.claims.get(host))
    _direct(project, domain, body)
    project.domains[host] = domain
    branch = domain.git_branch
    if branch and not any(one.ref == branch for one in project.deployments):
        # Whoever pushed to that branch made one; here the branch is as old as its host.
        project.deployments.append(Deployment(ref=branch, production=False, built_at=time.time()))
    return _shown(project, domain)


def every(account: Account, name: str, query: Mapping[str, str]) -> Json:
    """Return the hosts of a project, a page at a time."""
    project = find(account, name)
    page, pagination = paged([_shown(project, one) for one in project.domains.values()], query, "until")
    return {"domains": page, "pagination": pagination}


def show(account: Account, name: str, host: str) -> Json:
    """Return a host of a project."""
    project = find(account, name)
    if host not in project.domains:
        missing("Domain")
    return _shown(project, project.domains[host])


def update(account: Account, name: str, host: str, body: Json) -> Json:
    """Change what a host does."""
    show(account, name, host)
    project = find(account, name)
    _direct(project, project.domains[host], body)
    return _shown(project, project.domains[host])


def remove(account: Account, name: str, host: str) -> None:
    """Make a project no longer answer at a host."""
    show(account, name, host)
    del find(account, name).domains[host]


def _shown(project: Project, domain: Domain) -> Json:
    asked = []
    if domain.proof:
        apex = ".".join(domain.name.split(".")[-2:])
        asked = [
            {
                "type": "TXT",
                "domain": f"_vercel.{apex}",
                "value": domain.proof,
                "reason": "pending_domain_verification",
            }
        ]
    return {
        "name": domain.name,
        "projectId": project.id,
        "gitBranch": domain.git_branch,
        "redirect": domain.redirect,
        "redirectStatusCode": domain.redirect_status,
        "verified": not asked,
        **({"verification": asked} if asked else {}),
    }


def _direct(project: Project, domain: Domain, body: Json) -> None:
    redirect, branch = body.get("redirect"), body.get("gitBranch")
    if redirect and redirect not in project.domains:
        bad(f"cannot redirect to {redirect}: it is not a domain of the project.")
    if redirect and branch:
        bad("a domain has either a redirect or a branch.")
    if branch and branch == (project.link or {}).get("productionBranch"):
        bad(f"{branch} is the production branch.")
    domain.redirect, domain.git_branch = redirect, branch
    domain.redirect_status = body.get("redirectStatusCode") or (307 if redirect else None)
