"""The API over HTTP, and what tests and people change behind the back of whoever manages the account."""

import hmac
import threading
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from rehearsal.home import write_private
from rehearsal.vercel_cloud import deployments, domains, parts, projects, zone_records
from rehearsal.vercel_cloud.records import Account, Json
from rehearsal.vercel_cloud.refusal import ApiError, forbid

_Deed = Callable[[Account, "Asked"], Any]


@dataclass(frozen=True, slots=True)
class Asked:
    """What one request asks for."""

    id: str
    """What its path names first, or its query."""
    own: str
    """What its path names second."""
    query: Mapping[str, str]
    """Its query."""
    body: Any
    """What it says."""


_ROUTES: tuple[tuple[str, str, _Deed], ...] = (
    ("GET", "/v2/teams/{id}", lambda account, at: projects.team(account, at.id)),
    ("GET", "/v10/projects", lambda account, at: projects.every(account, at.query)),
    ("POST", "/v8/projects", lambda account, at: projects.create(account, at.body)),
    ("GET", "/v10/projects/{id}", lambda account, at: projects.find(account, at.id).shown()),
    ("PATCH", "/v9/projects/{id}", lambda account, at: projects.update(account, at.id, at.body)),
    ("DELETE", "/v8/projects/{id}", lambda account, at: projects.delete(account, at.id)),
    ("POST", "/v9/projects/{id}/link", lambda account, at: projects.link(account, at.id, at.body)),
    ("PATCH", "/v9/projects/{id}/branch", lambda account, at: projects.branch(account, at.id, at.body)),
    ("GET", "/v9/projects/{id}/domains", lambda account, at: domains.every(account, at.id, at.query)),
    ("POST", "/v10/projects/{id}/domains", lambda account, at: domains.add(account, at.id, at.body)),
    ("GET", "/v9/projects/{id}/domains/{own}", lambda account, at: domains.show(account, at.id, at.own)),
    ("PATCH", "/v9/projects/{id}/domains/{own}", lambda account, at: domains.update(account, at.id, at.own, at.body)),
    ("DELETE", "/v9/projects/{id}/domains/{own}", lambda account, at: domains.remove(account, at.id, at.own)),
    ("POST", "/v10/projects/{id}/env", lambda account, at: parts.add_variable(account, at.id, at.body)),
    ("GET", "/v10/projects/{id}/env/{own}", lambda account, at: parts.variable(account, at.id, at.own)),
    (
        "PATCH",
        "/v9/projects/{id}/env/{own}",
        lambda account, at: parts.update_variable(account, at.id, at.own, at.body),
    ),
    ("DELETE", "/v8/projects/{id}/env/{own}", lambda account, at: parts.remove_variable(account, at.id, at.own)),
    ("GET", "/v1/projects/{id}/routes", lambda account, at: parts.routes(account, at.id)),
    ("POST", "/v1/projects/{id}/routes", lambda account, at: parts.add_route(account, at.id, at.body)),
    (
        "PATCH",
        "/v1/projects/{id}/routes/{own}",
        lambda account, at: parts.update_route(account, at.id, at.own, at.body),
    ),
    ("DELETE", "/v1/projects/{id}/routes/{own}", lambda account, at: parts.remove_route(account, at.id, at.own)),
    ("PATCH", "/v1/projects/{id}/crons", lambda account, at: parts.crons(account, at.id, at.body)),
    ("PUT", "/v1/security/firewall/config", lambda account, at: parts.put_firewall(account, at.id, at.body)),
    ("GET", "/v1/security/firewall/config/active", lambda account, at: parts.firewall(account, at.id)),
    ("POST", "/v12/now/deployments", lambda account, at: deployments.deploy(account, at.body)),
    ("GET", "/v13/deployments/{own}", lambda account, at: deployments.show(account, at.own)),
    ("DELETE", "/v13/deployments/{own}", lambda account, at: deployments.remove(account, at.own)),
    ("POST", "/v4/domains/{id}/records", lambda account, at: zone_records.add(account, at.id, at.body)),
    ("GET", "/domains/records/{own}", lambda account, at: zone_records.show(account, at.own)),
    ("PATCH", "/v4/domains/records/{own}", lambda account, at: zone_records.update(account, at.own, at.body)),
    ("DELETE", "/v2/domains/{id}/records/{own}", lambda account, at: zone_records.remove(account, at.own)),
)


class Cloud:
    """The account over HTTP.

    Args:
        account: the account.
        token: who knows it may ask.
        file: where the account is kept after each change; nowhere by default.
        misconfigured: tells whether a host does not lead to Vercel.
    """

    def __init__(
        self,
        account: Account,
        token: str,
        *,
        file: Path | None = None,
        misconfigured: Callable[[str], bool] = lambda _: False,
    ) -> None:
        self.account, self._token, self._file = account, token, file
        self._misconfigured, self._lock = misconfigured, threading.RLock()
        self._log: list[Json] = []
        self._faults: list[int] = []

    @contextmanager
    def locked(self) -> Iterator[Account]:
        """Give the account while nobody changes it."""
        with self._lock:
            yield self.account

    def application(self) -> Starlette:
        """Return the API as an ASGI application."""
        routes = [Route(path, self._endpoint(deed), methods=[method]) for method, path, deed in _ROUTES]
        routes += [
            Route("/v6/domains/{id}/config", self._endpoint(self._config)),
            Route("/healthz", lambda _: Response("ok")),
            Route("/control/{what}", self._control, methods=["GET", "POST"]),
        ]
        return Starlette(routes=routes)

    def _endpoint(self, deed: _Deed) -> Callable[[Request], Any]:
        async def endpoint(request: Request) -> Response:
            content = await request.body()
            body = await request.json() if content else {}
            return await run_in_threadpool(self._answered, request, deed, body)

        return endpoint

    def _answered(self, request: Request, deed: _Deed, body: Any) -> Response:
        self._log.append({"method": request.method, "path": request.url.path})
        try:
            self._admit(request)
            if self._faults:
                status = self._faults.pop(0)
                return _refusal(ApiError(status, "internal_server_error", "An unexpected error occurred."))
            with self._lock:
                # A refusal in the middle changes nothing.
                before = self.account.model_dump_json() if request.method != "GET" else ""
                try:
                    found = deed(self.account, _asked(request, body))
                except ApiError:
                    if before:
                        self._restore(before)
                    raise
                if before:
                    self._keep()
        except ApiError as error:
            return _refusal(error)
        except (ValidationError, KeyError, TypeError) as error:
            return _refusal(ApiError(400, "bad_request", f"Invalid request: {type(error).__name__}."))
        return JSONResponse(found) if found is not None else Response(status_code=204)

    def _admit(self, request: Request) -> None:
        given = request.headers.get("authorization", "").partition(" ")[2]
        if not hmac.compare_digest(given.encode(), self._token.encode()):
            forbid("the token is not valid.")
        team = request.query_params.get("teamId", "")
        if team not in {"", self.account.team_id}:
            forbid(f'Trying to access resource under scope "{team}".')

    def _config(self, _: Account, asked: Asked) -> Json:
        return {"misconfigured": self._misconfigured(asked.id)}

    async def _control(self, request: Request) -> Response:
        """Change or show what the API does not: behind the back of whoever manages the account."""
        try:
            self._admit(request)
        except ApiError as error:
            return _refusal(error)
        what, body = request.path_params["what"], (await request.json() if await request.body() else {})
        shown: Mapping[str, Callable[[], Any]] = {"log": lambda: self._log, "account": self.account.model_dump}
        deeds: Mapping[str, Callable[[Account, Json], None]] = {
            "settings": lambda account, told: projects.find(account, told["project"]).settings.update(told["settings"]),
            "draft": _stage,
            "claim": lambda account, told: account.claims.update({told["host"]: told["text"]}),
            "proven": _prove,
            "reset": lambda _account, _told: self._reset(),
            "faults": lambda _, told: self._faults.extend(told["statuses"]),
        }
        with self._lock:
            if what in shown:
                return JSONResponse(shown[what]())
            if what not in deeds:
                return Response(status_code=404)
            deeds[what](self.account, body)
            self._keep()
        return JSONResponse({})

    def _reset(self) -> None:
        born = Account.born(self.account.team, self.account.legacy).model_dump_json()
        self._restore(born, kept=("team_id",))
        self._log.clear()
        self._faults.clear()

    def _keep(self) -> None:
        if self._file:
            write_private(self._file, self.account.model_dump_json())

    def _restore(self, text: str, kept: Collection[str] = ()) -> None:
        before = Account.model_validate_json(text)
        for name in Account.model_fields.keys() - kept:
            setattr(self.account, name, getattr(before, name))


def _stage(account: Account, told: Json) -> None:
    projects.find(account, told["project"]).draft = told["staged"]


def _prove(account: Account, told: Json) -> None:
    account.claims.pop(told["host"], None)
    for project in account.projects.values():
        if told["host"] in project.domains:
            project.domains[told["host"]].proof = None


def _asked(request: Request, body: Any) -> Asked:
    named = request.path_params
    query = request.query_params
    return Asked(named.get("id") or query.get("projectId", ""), named.get("own", ""), query, body)


def _refusal(error: ApiError) -> Response:
    return JSONResponse({"error": {"code": error.code, "message": error.message}}, status_code=error.status)
