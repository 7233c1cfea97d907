"""The routes of Pulumi Cloud that the engine's command line uses (client of ``backend/httpstate``, Pulumi 3.259).

States, their history and what they keep secret: no organisation but one, no teams, no policies.
"""

import gzip
import json
import secrets
import threading
import time
from base64 import b64decode, b64encode
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
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
from rehearsal.pulumi_cloud import esc_routes
from rehearsal.pulumi_cloud.cipher import Cipher, draw_key
from rehearsal.pulumi_cloud.environments import DATABASE, ORGANISATION, Environments
from rehearsal.pulumi_cloud.history import HISTORY, History
from rehearsal.pulumi_cloud.replay import Json, features
from rehearsal.pulumi_cloud.store import STACKS, Kept, Update

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
        evaluator: Pulumi ESC's own evaluator.
    """

    root: Path
    token: str
    evaluator: Path
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False)
    _asked: dict[str, tuple[str, Json]] = field(default_factory=dict, init=False)
    """Updates that were created and not started yet, each with its kind and what was asked."""
    _leases: dict[str, float] = field(default_factory=dict, init=False)
    """When the time of each update is over, unless its engine asks for more; unknown after a start of this service."""
    _dry: dict[str, str] = field(default_factory=dict, init=False)
    """Tokens of updates that change nothing."""

    def __post_init__(self) -> None:
        """Have keys, unless there is something already that they would not open."""
        for kept in (STACKS, DATABASE):
            draw_key(self.root / kept)

    def application(self) -> Starlette:
        """Return the service as an ASGI application."""
        stack = "/api/stacks/{org}/{project}/{stack}"
        update = f"{stack}/{{kind}}/{{id}}"
        routes = [
            self._route("GET", "/healthz", lambda _: Response("ok")),
            self._route("GET", "/api/capabilities", _capabilities),
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
            self._route("GET", f"{stack}/export/{{version}}", self._export_version),
            self._route("POST", f"{stack}/import", self._import),
            self._route("GET", f"{stack}/updates", self._updates),
            self._route("GET", f"{stack}/updates/latest", self._latest),
            self._route("POST", f"{stack}/encrypt", self._encrypt),
            self._route("POST", f"{stack}/decrypt", self._decrypt),
            self._route("POST", f"{stack}/batch-encrypt", self._encrypt_all),
            self._route("POST", f"{stack}/batch-decrypt", self._decrypt_all),
            *(
                self._route("POST", f"{stack}/decrypt/log-{each}decryption", lambda _: Response(status_code=204))
                for each in ("", "batch-")
            ),
            *(self._route("POST", f"{stack}/{kind}", partial(self._ask, kind)) for kind in _KINDS),
            self._route("POST", update, self._start),
            self._route("GET", update, lambda _: JSONResponse({"status": "succeeded", "events": []})),
            self._route("POST", f"{update}/renew_lease", self._renew, by_its_engine=True),
            self._route("PATCH", f"{update}/journalentries", self._append, by_its_engine=True),
            self._route("PATCH", f"{update}/checkpoint", self._checkpoint, by_its_engine=True),
            self._route("POST", f"{update}/events/batch", self._note, by_its_engine=True),
            self._route("POST", f"{update}/complete", self._complete, by_its_engine=True),
            self._route("POST", f"{update}/cancel", self._cancel),
            *esc_routes.routes(self.environments, ORGANISATION, self._require),
        ]
        return Starlette(routes=routes, exception_handlers={HTTPException: _refusal})

    @property
    def environments(self) -> Environments:
        """The environments of Pulumi ESC."""
        return Environments(self.root / DATABASE, self.evaluator, ORGANISATION)

    def _route(
        self, method: str, path: str, act: Callable[["_Call"], Response], *, by_its_engine: bool = False
    ) -> Route:
        async def endpoint(request: Request) -> Response:
            # Before the body: only who may ask is listened to.
            if path != "/healthz":
                self._require(request, by_its_engine=by_its_engine)
            body = await request.body()
            if request.headers.get("content-encoding") == "gzip":
                body = gzip.decompress(body)
            client = (request.client.host, request.client.port) if request.client else None
            call = _Call(
                self,
                request.path_params,
                json.loads(body) if body else {},
                request.headers,
                request.query_params,
                client,
            )
            return await run_in_threadpool(self._act, act, call)

        return Route(path, endpoint, methods=[method])

    def _act(self, act: Callable[["_Call"], Response], call: "_Call") -> Response:
        try:
            with self._lock:
                return act(call)
        except RehearsalError as error:
            raise HTTPException(500, str(error)) from None

    def _require(self, request: Request, *, by_its_engine: bool = False) -> None:
        kind, _, token = request.headers.get("authorization", "").partition(" ")
        if kind == "token" and secrets.compare_digest(token.encode(), self.token.encode()):
            return
        if by_its_engine and kind == "update-token" and token:
            return  # it is compared with the update's, once that is known
        raise HTTPException(401, "no such token")

    def _user(self, _: "_Call") -> Response:
        own = {"githubLogin": ORGANISATION, "name": ORGANISATION}
        return JSONResponse({**own, "organizations": [own]})

    def _organisation(self, _: "_Call") -> Response:
        return JSONResponse({"gitHubLogin": ORGANISATION})

    def _stacks(self, _: "_Call") -> Response:
        found = sorted((self.root / STACKS).glob("*/*.json"))
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
                "version": call.history.version(),
            }
        )

    def _delete(self, call: "_Call") -> Response:
        kept = call.kept
        if kept.deployment().get("resources") and call.query.get("force") != "true":
            raise HTTPException(400, "Bad Request: Stack still contains resources.")
        call.history.remove()
        kept.remove()
        return Response(status_code=204)

    def _export(self, call: "_Call") -> Response:
        deployment = call.kept.deployment()
        needed = features(deployment)
        version = {"version": 4, "features": needed} if needed else {"version": 3}
        return JSONResponse({**version, "deployment": deployment or None})

    def _export_version(self, call: "_Call") -> Response:
        version = call.path["version"]
        deployment = call.history.deployment(int(version)) if version.isdecimal() else None
        if deployment is None:
            raise HTTPException(404, f"Not Found: no state of version {version} is kept")
        return JSONResponse({"version": 3, "deployment": deployment or None})

    def _import(self, call: "_Call") -> Response:
        version = call.history.version() + 1
        call.history.begin(version, {}, "import")
        call.kept.replace(call.body.get("deployment") or {})
        call.history.end(version, "succeeded", call.kept.deployment())
        return JSONResponse({"updateId": secrets.token_hex(8)})

    def _updates(self, call: "_Call") -> Response:
        size, page = int(call.query.get("pageSize") or 0), max(1, int(call.query.get("page") or 1))
        found = call.history.updates()
        return JSONResponse({"updates": found[(page - 1) * size : page * size] if size else found})

    def _latest(self, call: "_Call") -> Response:
        found = call.history.updates()
        if not found:
            raise HTTPException(404, "Not Found: nothing was done to the stack yet")
        return JSONResponse({"info": found[0], "version": found[0]["version"]})

    def _encrypt(self, call: "_Call") -> Response:
        return JSONResponse({"ciphertext": _text(call.cipher.seal(b64decode(call.body["plaintext"])))})

    def _decrypt(self, call: "_Call") -> Response:
        return JSONResponse({"plaintext": _text(call.cipher.open(b64decode(call.body["ciphertext"])))})

    def _encrypt_all(self, call: "_Call") -> Response:
        sealed = [_text(call.cipher.seal(b64decode(one))) for one in call.body.get("plaintexts") or ()]
        return JSONResponse({"ciphertexts": sealed})

    def _decrypt_all(self, call: "_Call") -> Response:
        opened = {one: _text(call.cipher.open(b64decode(one))) for one in call.body.get("ciphertexts") or ()}
        return JSONResponse({"plaintexts": opened})

    def _ask(self, kind: str, call: "_Call") -> Response:
        call.kept  # noqa: B018 - there is such a stack
        identity = secrets.token_hex(16)
        self._asked[identity] = (kind, call.body)
        return JSONResponse({"updateID": identity})

    def _start(self, call: "_Call") -> Response:
        identity, kept = call.path["id"], call.kept
        if identity not in self._asked:
            raise HTTPException(404, "no such update")
        if (other := kept.update()) and not other.is_dead() and self._leased(other.id):
            message = f"Conflict: Another update is currently in progress: process {other.pid} runs it"
            raise HTTPException(409, message)
        (kind, asked), token = self._asked.pop(identity), secrets.token_urlsafe(24)
        dry, version = bool((asked.get("options") or {}).get("dryRun")), call.history.version()
        if dry:
            self._dry[identity] = token
        else:
            version += 1
            kept.begin(Update(identity, token, _engine_of(call.client), version))
            call.history.begin(version, asked, kind)
        # Version 0 makes the engine send whole checkpoints, which a preview never does.
        return JSONResponse(
            {"version": version, **self._lease(identity, token), "journalVersion": 0 if dry else _JOURNAL}
        )

    def _renew(self, call: "_Call") -> Response:
        return JSONResponse(self._lease(call.path["id"], self._own(call)))

    def _lease(self, identity: str, token: str) -> dict[str, Any]:
        self._leases[identity] = time.monotonic() + _LEASE_SECONDS
        return {"token": token, "tokenExpiration": int(time.time()) + _LEASE_SECONDS}

    def _leased(self, identity: str) -> bool:
        return self._leases.setdefault(identity, time.monotonic() + _LEASE_SECONDS) > time.monotonic()

    def _append(self, call: "_Call") -> Response:
        self._own(call)
        call.kept.append(call.body.get("entries") or ())
        return Response(status_code=204)

    def _checkpoint(self, call: "_Call") -> Response:
        self._own(call)
        call.kept.replace(call.body.get("deployment") or {})
        return Response(status_code=204)

    def _note(self, call: "_Call") -> Response:
        self._own(call)
        if (under_way := call.kept.update()) and under_way.id == call.path["id"]:
            call.history.add(under_way.version, call.body.get("events") or ())
        return Response()

    def _complete(self, call: "_Call") -> Response:
        self._own(call)
        self._leases.pop(call.path["id"], None)
        if self._dry.pop(call.path["id"], None) is None:
            under_way = call.kept.update()
            call.kept.settle()
            if under_way:
                result = "succeeded" if call.body.get("status") == "succeeded" else "failed"
                call.history.end(under_way.version, result, call.kept.deployment())
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
        if not token or not secrets.compare_digest(given.encode(), token.encode()) or not self._leased(identity):
            raise HTTPException(403, "the update has ended, its time is over, or it is another's")
        return token


@dataclass(frozen=True, slots=True)
class _Call:
    """One request."""

    cloud: Cloud
    path: dict[str, str]
    body: Json
    headers: Any
    query: Any
    client: tuple[str, int] | None

    @property
    def kept(self) -> Kept:
        """The stack that it is about."""
        kept = Kept(self.cloud.root, self.path["project"], self.path["stack"])
        if not kept.exists():
            raise HTTPException(404, f"Not Found: Stack '{kept.stack}' not found")
        return kept

    @property
    def history(self) -> History:
        """What was done to the stack that it is about."""
        return History(self.cloud.root / HISTORY, f"{self.kept.project}/{self.kept.stack}")

    @property
    def cipher(self) -> Cipher:
        """What seals the secrets of the stack that it is about."""
        return Cipher(self.cloud.root / STACKS, f"{self.kept.project}/{self.kept.stack}")


def _capabilities(_: _Call) -> Response:
    return JSONResponse({"capabilities": [{"capability": "batch-encrypt"}]})


def _text(content: bytes) -> str:
    return b64encode(content).decode()


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
