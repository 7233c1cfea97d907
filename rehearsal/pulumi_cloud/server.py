"""The routes of Pulumi Cloud that the engine's command line uses (client of ``backend/httpstate``, Pulumi 3.259).

States alone: no organisation but one, no history, no policies. Secrets are the engine's to encrypt; what comes here of
them is encrypted already, and the events of updates, which nobody reads, are not kept.
"""

import gzip
import json
import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from rehearsal.error import RehearsalError
from rehearsal.pulumi_cloud.replay import Json, features
from rehearsal.pulumi_cloud.store import Kept, Update

ORGANISATION = "rehearsal"
"""The one organisation, which is the user's name too."""

_LEASE_SECONDS = 300
_JOURNAL = 1
"""The version of the journal that is understood here."""
_KINDS = ("update", "preview", "refresh", "destroy")


@dataclass(slots=True)
class Cloud:
    """The service.

    Args:
        root: directory of all states.
        token: who knows it may ask.
    """

    root: Path
    token: str
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False)
    _asked: dict[str, bool] = field(default_factory=dict, init=False)
    """Updates that were created and not started yet, each with whether it changes nothing."""
    _dry: dict[str, str] = field(default_factory=dict, init=False)
    """Tokens of updates that change nothing."""

    def application(self) -> Starlette:
        """Return the service as an ASGI application."""
        stack = "/api/stacks/{org}/{project}/{stack}"
        update = f"{stack}/{{kind}}/{{id}}"
        routes = [
            self._route("GET", "/healthz", lambda _: Response("ok")),
            self._route("GET", "/api/capabilities", lambda _: JSONResponse({"capabilities": []})),
            self._route("GET", "/api/cli/version", lambda _: JSONResponse({})),
            self._route("GET", "/api/user", self._user),
            self._route("GET", "/api/user/organizations/default", self._organisation),
            self._route("GET", "/api/user/stacks", self._stacks),
            self._route("POST", "/api/stacks/{org}/{project}", self._create),
            self._route("GET", stack, self._stack),
            self._route("HEAD", "/api/stacks/{org}/{project}", lambda _: Response()),
            self._route("DELETE", stack, self._delete),
            self._route("PATCH", f"{stack}/tags", lambda _: Response(status_code=204)),
            self._route("GET", f"{stack}/export", self._export),
            self._route("POST", f"{stack}/import", self._import),
            *(self._route("POST", f"{stack}/{kind}", self._ask) for kind in _KINDS),
            self._route("POST", update, self._start),
            self._route("GET", update, lambda _: JSONResponse({"status": "succeeded", "events": []})),
            self._route("POST", f"{update}/renew_lease", self._renew),
            self._route("PATCH", f"{update}/journalentries", self._append),
            self._route("PATCH", f"{update}/checkpoint", self._checkpoint),
            self._route("POST", f"{update}/events/batch", lambda _: Response()),
            self._route("POST", f"{update}/complete", self._complete),
            self._route("POST", f"{update}/cancel", self._cancel),
        ]
        return Starlette(routes=routes, exception_handlers={HTTPException: _refusal})

    def _route(self, method: str, path: str, act: Callable[["_Call"], Response]) -> Route:
        async def endpoint(request: Request) -> Response:
            # Before the body: only who may ask is listened to.
            if path != "/healthz":
                self._require(request)
            body = await request.body()
            if request.headers.get("content-encoding") == "gzip":
                body = gzip.decompress(body)
            client = (request.client.host, request.client.port) if request.client else None
            call = _Call(self, request.path_params, json.loads(body) if body else {}, request.headers, client)
            return await run_in_threadpool(self._act, act, call)

        return Route(path, endpoint, methods=[method])

    def _act(self, act: Callable[["_Call"], Response], call: "_Call") -> Response:
        try:
            with self._lock:
                return act(call)
        except RehearsalError as error:
            raise HTTPException(500, str(error)) from None

    def _require(self, request: Request) -> None:
        kind, _, token = request.headers.get("authorization", "").partition(" ")
        if kind == "token" and secrets.compare_digest(token, self.token):
            return
        if kind == "update-token" and token:
            return  # it is compared with the update's, once that is known
        raise HTTPException(401, "no such token")

    def _user(self, _: "_Call") -> Response:
        own = {"githubLogin": ORGANISATION, "name": ORGANISATION}
        return JSONResponse({**own, "organizations": [own]})

    def _organisation(self, _: "_Call") -> Response:
        return JSONResponse({"gitHubLogin": ORGANISATION})

    def _stacks(self, _: "_Call") -> Response:
        found = sorted((self.root / ".pulumi/stacks").glob("*/*.json"))
        rows = [{"orgName": ORGANISATION, "projectName": one.parent.name, "stackName": one.stem} for one in found]
        return JSONResponse({"stacks": rows})

    def _create(self, call: "_Call") -> Response:
        kept = Kept(self.root, call.path["project"], call.body["stackName"])
        if kept.exists():
            raise HTTPException(409, f"the stack {kept.stack} exists already")
        kept.create()
        return JSONResponse({})

    def _stack(self, call: "_Call") -> Response:
        kept = call.kept
        under_way = kept.update()
        return JSONResponse(
            {
                "id": kept.stack,
                "orgName": ORGANISATION,
                "projectName": kept.project,
                "stackName": kept.stack,
                "activeUpdate": under_way.id if under_way else "",
                "tags": {},
                "version": 1,
            }
        )

    def _delete(self, call: "_Call") -> Response:
        kept = call.kept
        if kept.deployment().get("resources") and call.headers.get("x-force") is None:
            raise HTTPException(400, "Bad Request: Stack still contains resources.")
        kept.remove()
        return Response(status_code=204)

    def _export(self, call: "_Call") -> Response:
        deployment = call.kept.deployment()
        needed = features(deployment)
        version = {"version": 4, "features": needed} if needed else {"version": 3}
        return JSONResponse({**version, "deployment": deployment or None})

    def _import(self, call: "_Call") -> Response:
        call.kept.replace(call.body.get("deployment") or {})
        return JSONResponse({"updateId": secrets.token_hex(8)})

    def _ask(self, call: "_Call") -> Response:
        call.kept  # noqa: B018 - there is such a stack
        identity = secrets.token_hex(16)
        self._asked[identity] = bool(call.body.get("options", {}).get("dryRun"))
        return JSONResponse({"updateID": identity})

    def _start(self, call: "_Call") -> Response:
        identity, kept = call.path["id"], call.kept
        if identity not in self._asked:
            raise HTTPException(404, "no such update")
        if (other := kept.update()) and not other.is_dead():
            message = f"Conflict: Another update is currently in progress: process {other.pid} runs it"
            raise HTTPException(409, message)
        dry, token = self._asked.pop(identity), secrets.token_urlsafe(24)
        if dry:
            self._dry[identity] = token
        else:
            kept.begin(Update(identity, token, _engine_of(call.client)))
        lease = {"token": token, "tokenExpiration": int(time.time()) + _LEASE_SECONDS}
        # Version 0 makes the engine send whole checkpoints, which a preview never does.
        return JSONResponse({"version": 1, **lease, "journalVersion": 0 if dry else _JOURNAL})

    def _renew(self, call: "_Call") -> Response:
        token = self._own(call)
        return JSONResponse({"token": token, "tokenExpiration": int(time.time()) + _LEASE_SECONDS})

    def _append(self, call: "_Call") -> Response:
        self._own(call)
        call.kept.append(call.body.get("entries") or ())
        return Response(status_code=204)

    def _checkpoint(self, call: "_Call") -> Response:
        self._own(call)
        call.kept.replace(call.body.get("deployment") or {})
        return Response(status_code=204)

    def _complete(self, call: "_Call") -> Response:
        self._own(call)
        if self._dry.pop(call.path["id"], None) is None:
            call.kept.settle()
        return Response(status_code=204)

    def _cancel(self, call: "_Call") -> Response:
        call.kept.settle()
        return Response(status_code=204)

    def _own(self, call: "_Call") -> str:
        """Return the token of the update that a call is of, when it is the one under way and the caller's."""
        identity = call.path["id"]
        under_way = call.kept.update()
        token = self._dry.get(identity) or (under_way.token if under_way and under_way.id == identity else "")
        given = call.headers.get("authorization", "").removeprefix("update-token ")
        if not token or not secrets.compare_digest(given, token):
            raise HTTPException(403, "the update has ended, or is another's")
        return token


@dataclass(frozen=True, slots=True)
class _Call:
    """One request."""

    cloud: Cloud
    path: dict[str, str]
    body: Json
    headers: Any
    client: tuple[str, int] | None

    @property
    def kept(self) -> Kept:
        """The stack that it is about."""
        kept = Kept(self.cloud.root, self.path["project"], self.path["stack"])
        if not kept.exists():
            raise HTTPException(404, f"Not Found: Stack '{kept.stack}' not found")
        return kept


def _engine_of(client: tuple[str, int] | None) -> int:
    """Return the process at the other end of a connection of this computer; 0 when it cannot be known."""
    for one in psutil.net_connections("tcp"):
        if client and one.laddr and (one.laddr.ip, one.laddr.port) == client and one.pid:
            return int(one.pid)
    return 0


async def _refusal(_: Request, error: Exception) -> Response:
    code = error.status_code if isinstance(error, HTTPException) else 500
    message = error.detail if isinstance(error, HTTPException) else str(error)
    return JSONResponse({"code": code, "message": message}, status_code=code)
