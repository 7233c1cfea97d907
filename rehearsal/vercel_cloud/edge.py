"""The edge: answers at the hosts of all projects, each with what was built of it and by its rules."""

import json
import mimetypes
import re
import secrets
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, RedirectResponse, Response

from rehearsal.vercel_cloud.records import Account, Deployment, Domain, Firewall, Project, Route

# What Vercel itself says where no rule does (Vercel, "Response headers" and "Caching").
_SAID = {
    "Cache-Control": "public, max-age=0, must-revalidate",
    "Strict-Transport-Security": "max-age=63072000",
}
_OWN_HOSTS_ALONE = "all_except_custom_domains"


class Edge:
    """Serves what is deployed, as an ASGI application.

    Args:
        account: gives the account while nobody changes it.
        bundles: the folder of the built bundles: by a project's root directory, and by production or preview.
    """

    def __init__(self, account: Callable[[], AbstractContextManager[Account]], bundles: Path) -> None:
        self._account, self._bundles = account, bundles

    async def __call__(self, scope: dict[str, object], receive: object, send: object) -> None:
        """Answer one request."""
        request = Request(scope, receive)  # type: ignore[arg-type]  # the server's own types
        response = self._answer(request)
        response.headers["Server"] = "Vercel"
        response.headers["X-Vercel-Id"] = f"rehearsal1::{secrets.token_hex(6)}"
        await response(scope, receive, send)  # type: ignore[arg-type]  # the same

    def _answer(self, request: Request) -> Response:
        host, path = request.url.hostname or "", request.url.path
        if request.url.scheme != "https":
            return RedirectResponse(f"https://{host}{path}", status_code=308)
        with self._account() as account:
            project = next((one for one in account.projects.values() if host in one.domains), None)
            if project is None or project.domains[host].proof:
                return _refused(404, "DEPLOYMENT_NOT_FOUND")
            return _ruled(self._of(project, project.domains[host], path), project.routes, path)

    def _of(self, project: Project, domain: Domain, path: str) -> Response:
        if denies(project.firewall, path):
            return _refused(403, "FORBIDDEN")
        if domain.redirect:
            return RedirectResponse(f"https://{domain.redirect}{path}", status_code=domain.redirect_status or 307)
        deployment = project.answering(domain.name)
        if deployment is None:
            return _refused(404, "DEPLOYMENT_NOT_FOUND")
        if domain.git_branch and _protected(project):
            return _refused(401, "AUTHENTICATION_REQUIRED")
        return self._served(project, deployment, path)

    def _served(self, project: Project, deployment: Deployment, path: str) -> Response:
        target = "production" if deployment.production else "preview"
        folder = self._bundles / str(project.settings.get("rootDirectory")) / target
        wanted = path
        for route in project.routes:
            if route.enabled and route.route.get("dest") and re.search(route.route["src"], wanted):
                wanted = route.route["dest"]
                break
        file = (folder / wanted.lstrip("/")).resolve()
        file = file / "index.html" if file.is_dir() else file
        if not (file.is_relative_to(folder.resolve()) and file.is_file()):
            return _refused(404, "NOT_FOUND")
        kind = mimetypes.guess_type(file.name)[0] or "application/octet-stream"
        return FileResponse(file, media_type=kind)


def denies(firewall: Firewall | None, path: str) -> bool:
    """Return whether a firewall refuses a path; conditions of other things than how a path begins hold for nothing.

    Args:
        firewall: the firewall; none refuses nothing.
        path: the path.
    """
    if firewall is None or not firewall.enabled:
        return False
    return any(
        all(
            one["type"] == "path" and one["op"] == "pre" and path.startswith(one["value"])
            for one in group["conditions"]
        )
        for rule in firewall.rules
        if rule.get("active", True) and rule["action"]["action"] == "deny"
        for group in rule["conditionGroups"]
    )


def _protected(project: Project) -> bool:
    kind = (project.settings.get("ssoProtection") or {}).get("deploymentType")
    # A branch's host is a custom one, and still no production's (Vercel, "Deployment Protection").
    return kind in {_OWN_HOSTS_ALONE, "preview", "all"}


def _ruled(response: Response, routes: list[Route], path: str) -> Response:
    for name, value in _SAID.items():
        response.headers[name] = value
    for route in routes:
        if route.enabled and re.search(route.route["src"], path):
            for one in route.route.get("transforms") or ():
                if one["type"] == "response.headers" and one["op"] == "set":
                    response.headers[json.loads(one["target"])["key"]] = json.loads(one["args"])
    return response


def _refused(status: int, code: str) -> Response:
    return PlainTextResponse(f"{code}\n", status_code=status, headers={"X-Vercel-Error": code})
