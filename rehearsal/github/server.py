"""The API over HTTP: who may ask, what goes wrong, what is answered, page by page."""

import asyncio
import hmac
import json
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar
from urllib.parse import urlencode

from pydantic import BaseModel, ValidationError
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from rehearsal.github import checks, issues
from rehearsal.github.faults import Faults
from rehearsal.github.records import Issue, Repository, User
from rehearsal.github.refusal import ApiError, missing
from rehearsal.transport import hang_up

M = TypeVar("M", bound=BaseModel)

_PAGE: Final = 30
_LONGEST_PAGE: Final = 100
_VERSION: Final = "2022-11-28"


_KINDS: Final = {"/check-runs": ("checks",), "/actions/": ("actions",)}
"""Permissions of a job by parts of a path; all else is issues'."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What one request asks for."""

    repository: Repository
    request: Request
    body: Any
    by: User

    def number(self, name: str) -> int:
        """Return a number of its path."""
        text = str(self.request.path_params[name])
        if not text.isdecimal():
            missing()
        return int(text)

    def says(self, model: type[M]) -> M:
        """Return its body as what it has to be."""
        try:
            return model.model_validate(self.body)
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(map(str, first["loc"]))
            wrong = {"resource": model.__name__, "field": where, "code": "invalid", "message": first["msg"]}
            raise ApiError(422, "Validation Failed", (wrong,)) from None


_Deed = Callable[["Api", Asked], Response]


@dataclass(slots=True)
class Api:
    """The API of some repositories.

    Args:
        repositories: by owner and name.
        tokens: who may ask, by token.
        faults: what goes wrong.
    """

    repositories: dict[str, Repository]
    tokens: dict[str, User]
    faults: Faults
    url: str = ""
    """Where it is."""
    grants: dict[str, Mapping[str, str]] = field(default_factory=dict)
    """What a token of a job may do, by token; who is not in it may do everything."""
    log: list[str] = field(default_factory=list)
    """Every request, by method and path."""
    _lock: threading.RLock = field(default_factory=threading.RLock)

    def application(self) -> Starlette:
        """Return the API as an ASGI application."""
        of = "/repos/{owner}/{name}"
        routes = [Route(f"{of}{path}", self._endpoint(deed), methods=[method]) for method, path, deed in _ROUTES]
        return Starlette(routes=routes)

    def _endpoint(self, deed: _Deed) -> Callable[[Request], Any]:
        async def endpoint(request: Request) -> Response:
            content = await request.body()
            method, path = request.method, request.url.path
            self.log.append(f"{method} {path}")
            fault = self.faults.next(method, path)
            if fault and fault.seconds:
                await asyncio.sleep(fault.seconds)
            if fault and not fault.done:
                return await self._failed(request, fault.error() if fault.status else None)
            answer = self._answered(request, deed, content)
            return await self._failed(request, fault.error() if fault.status else None) if fault else answer

        return endpoint

    async def _failed(self, request: Request, error: ApiError | None) -> Response:
        if error is None:
            await hang_up(request, reset=False)
            return Response(status_code=204)
        answer = error.response()
        for name, value in self.faults.headers().items():
            answer.headers.setdefault(name, value)
        return answer

    def _answered(self, request: Request, deed: _Deed, content: bytes) -> Response:
        try:
            by = self._admitted(request)
            path = request.path_params
            repository = self.repositories.get(f"{path['owner']}/{path['name']}")
            if repository is None:
                missing()
            body = _json(content)
            with self._lock:
                answer = deed(self, Asked(repository, request, body, by))
        except ApiError as error:
            answer = error.response()
        answer.headers.update(self.faults.headers())
        return answer

    def _admitted(self, request: Request) -> User:
        if not request.headers.get("user-agent"):
            raise ApiError(
                403, "Request forbidden by administrative rules. Please make sure your request has a User-Agent"
            )
        if request.headers.get("x-github-api-version", _VERSION) != _VERSION:
            raise ApiError(400, "Bad Request: the API version is not supported")
        kind, _, given = request.headers.get("authorization", "").partition(" ")
        for token, user in self.tokens.items():
            if kind.lower() in {"bearer", "token"} and hmac.compare_digest(given.encode(), token.encode()):
                self._require_grant(request, token)
                return user
        raise ApiError(401, "Bad credentials" if given else "Requires authentication")

    def _require_grant(self, request: Request, token: str) -> None:
        """Refuse what the permissions of a job do not cover (docs.github.com, permissions required for GitHub Apps)."""
        granted = self.grants.get(token)
        if granted is None:
            return
        path = request.url.path
        kinds = next((one for part, one in _KINDS.items() if part in path), ("issues", "pull-requests"))
        enough = {"read", "write"} if request.method == "GET" else {"write"}
        if not any(granted.get(kind) in enough for kind in kinds):
            raise ApiError(403, "Resource not accessible by integration")

    def page(self, asked: Asked, items: Sequence[Any]) -> Response:
        """Return one page of a list, and where the others are."""
        query = asked.request.query_params
        per, number = _positive(query.get("per_page"), _PAGE), _positive(query.get("page"), 1)
        per = min(per, _LONGEST_PAGE)
        last = max(1, -(-len(items) // per))
        others = {"prev": number - 1, "next": number + 1, "last": last, "first": 1}
        shown = [rel for rel in others if (number < last if rel in {"next", "last"} else number > 1)]
        base = f"{self.url}{asked.request.url.path}"
        links = [f'<{base}?{urlencode({**query, "page": others[rel]})}>; rel="{rel}"' for rel in shown]
        headers = {"Link": ", ".join(links)} if links else {}
        return JSONResponse(items[(number - 1) * per : number * per], headers=headers)


def _json(content: bytes) -> Any:
    try:
        return json.loads(content) if content else {}
    except ValueError:
        raise ApiError(400, "Problems parsing JSON") from None


def _positive(text: str | None, otherwise: int) -> int:
    # What is no such number is passed over, as GitHub does.
    return int(text) if text and text.isdecimal() and int(text) > 0 else otherwise


def _issue(api: Api, asked: Asked, issue: Issue, status: int = 200) -> Response:
    return JSONResponse(asked.repository.shown(issue, api.url), status_code=status)


def _issues(api: Api, asked: Asked) -> Response:
    found = issues.listed(asked.repository, asked.request.query_params)
    return api.page(asked, [asked.repository.shown(one, api.url) for one in found])


def _labelled(asked: Asked) -> Response:
    return JSONResponse(issues.label(asked.repository, asked.number("number"), asked.says(issues.Labels).labels))


def _gone(asked: Asked) -> Response:
    issues.remove_comment(asked.repository, asked.number("id"))
    return Response(status_code=204)


def _create_comment(asked: Asked) -> Response:
    made = issues.comment(asked.repository, asked.number("number"), asked.says(issues.Said), asked.by)
    return JSONResponse(made.shown(), status_code=201)


def _approvals(asked: Asked) -> Response:
    said = asked.repository.approvals.get(str(asked.request.path_params["run"]), [])
    return JSONResponse([one.shown() for one in said])


_ROUTES: Final[tuple[tuple[str, str, _Deed], ...]] = (
    ("GET", "/issues", _issues),
    (
        "POST",
        "/issues",
        lambda api, at: _issue(api, at, issues.create(at.repository, at.says(issues.NewIssue), at.by), 201),
    ),
    ("GET", "/issues/{number}", lambda api, at: _issue(api, at, issues.find(at.repository, at.number("number")))),
    (
        "PATCH",
        "/issues/{number}",
        lambda api, at: _issue(
            api, at, issues.change(at.repository, at.number("number"), at.says(issues.ChangedIssue))
        ),
    ),
    (
        "GET",
        "/issues/{number}/comments",
        lambda api, at: api.page(at, [one.shown() for one in issues.comments(at.repository, at.number("number"))]),
    ),
    ("POST", "/issues/{number}/comments", lambda _, at: _create_comment(at)),
    (
        "PATCH",
        "/issues/comments/{id}",
        lambda _, at: JSONResponse(issues.change_comment(at.repository, at.number("id"), at.says(issues.Said)).shown()),
    ),
    ("DELETE", "/issues/comments/{id}", lambda _, at: _gone(at)),
    ("POST", "/issues/{number}/labels", lambda _, at: _labelled(at)),
    (
        "DELETE",
        "/issues/{number}/labels/{label}",
        lambda _, at: JSONResponse(
            issues.unlabel(at.repository, at.number("number"), str(at.request.path_params["label"]))
        ),
    ),
    (
        "POST",
        "/check-runs",
        lambda api, at: JSONResponse(checks.create(at.repository, at.says(checks.NewCheck)).shown(api.url), 201),
    ),
    (
        "PATCH",
        "/check-runs/{id}",
        lambda api, at: JSONResponse(
            checks.change(at.repository, at.number("id"), at.says(checks.ChangedCheck)).shown(api.url)
        ),
    ),
    ("GET", "/actions/runs/{run}/approvals", lambda _, at: _approvals(at)),
    (
        "GET",
        "/labels",
        lambda api, at: api.page(at, [one.model_dump() for one in at.repository.labels.values()]),
    ),
    (
        "POST",
        "/labels",
        lambda _, at: JSONResponse(issues.add_label(at.repository, at.says(issues.NewLabel)), status_code=201),
    ),
)
"""Every endpoint; more of them, for artefacts, get a module of their own beside ``issues`` and ``checks``."""
