"""Deployments of projects."""

import time
from typing import Final

from rehearsal.vercel_cloud.projects import find
from rehearsal.vercel_cloud.records import Account, Deployment, Json
from rehearsal.vercel_cloud.refusal import bad, missing

_BUILD_SECONDS: Final = 0.3


def deploy(account: Account, body: Json) -> Json:
    """Build a ref of the repository that a project is connected to."""
    project = find(account, str(body["project"]))
    if project.link is None:
        bad("the project is not connected to a Git repository.")
    production, ref = body.get("target") == "production", str(body["gitSource"]["ref"])
    made = Deployment(ref=ref, production=production, built_at=time.time() + _BUILD_SECONDS)
    project.deployments.append(made)
    return show(account, made.id)


def show(account: Account, own: str) -> Json:
    """Return a deployment."""
    found = [(project, one) for project in account.projects.values() for one in project.deployments if one.id == own]
    if not found:
        missing("Deployment")
    project, one = found[0]
    return {
        "id": one.id,
        "projectId": project.id,
        "target": "production" if one.production else None,
        "gitSource": {"ref": one.ref},
        "readyState": one.state,
        "alias": [host for host in project.domains if project.answering(host) is one],
        "url": f"{project.name}-{one.id[-9:]}-{account.team}.vercel.app",
    }


def remove(account: Account, own: str) -> None:
    """Remove a deployment."""
    show(account, own)
    for project in account.projects.values():
        project.deployments = [one for one in project.deployments if one.id != own]
