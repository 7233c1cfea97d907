"""The routes of Pulumi ESC that the engine's command line and the SDK use (``cmd/esc/cli/client``, Pulumi 3.259).

What people or machines approve, draft, schedule and watch is not here, nor anything that a provider would give.
"""

import base64
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from rehearsal.error import RehearsalError
from rehearsal.pulumi_cloud.environments import Environments, RefusedError, Revision, Tag
from rehearsal.pulumi_cloud.evaluator import Diagnostic, Evaluation

_PREFIX = "/api/esc/environments"
_YAML = "application/x-yaml"
_REVISION = "Pulumi-ESC-Revision"
_DEFAULT_SECONDS = 7200.0
_DURATION = re.compile(r"(\d+(?:\.\d+)?)(h|ms|m|s)")
_UNITS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001}
_STEP = re.compile(r'\.?([^.\[\]"]+)|\[(\d+)\]|\["([^"]*)"\]')
_ALL = 2**62
"""A number that no revision has."""


@dataclass(frozen=True, slots=True)
class _Asked:
    """One request about environments."""

    path: Mapping[str, str]
    query: Mapping[str, str]
    headers: Mapping[str, str]
    text: str

    @property
    def name(self) -> str:
        """The environment that it is about."""
        return f"{self.path['project']}/{self.path['name']}"

    @property
    def body(self) -> dict[str, Any]:
        """What it says, as JSON."""
        try:
            said = json.loads(self.text)
        except ValueError:
            raise RefusedError(400, "Bad Request: the body is not JSON") from None
        if not isinstance(said, dict):
            raise RefusedError(400, "Bad Request: the body is not a mapping")
        return said

    def said(self, name: str) -> str:
        """Return what it says under a name."""
        if name not in self.body:
            raise RefusedError(400, f"Bad Request: {name} is missing")
        return str(self.body[name])

    @property
    def seconds(self) -> float:
        """How long what it opens stays open, written as Go writes durations."""
        written = self.query.get("duration", "")
        parts = _DURATION.findall(written)
        if "".join(number + unit for number, unit in parts) != written:
            raise RefusedError(400, f"Bad Request: {written} is no duration")
        return sum(float(number) * _UNITS[unit] for number, unit in parts) or _DEFAULT_SECONDS


def routes(kept: Environments, organisation: str, require: Callable[[Request], None]) -> list[Route]:
    """Return the routes.

    Args:
        kept: the environments.
        organisation: the one whose they are.
        require: refuses who may not ask.
    """
    one = f"{_PREFIX}/{{org}}/{{project}}/{{name}}"
    routed = _Routes(kept, organisation)
    table: tuple[tuple[str, str, Callable[[_Asked], Response]], ...] = (
        ("GET", _PREFIX, routed.listed),
        ("GET", f"{_PREFIX}/{{org}}", routed.listed),
        ("POST", f"{_PREFIX}/{{org}}", routed.created),
        ("POST", f"{_PREFIX}/{{org}}/yaml/check", routed.checked),
        ("POST", f"{_PREFIX}/{{org}}/yaml/open", routed.opened_yaml),
        ("GET", f"{_PREFIX}/{{org}}/yaml/open/{{id}}", routed.read),
        ("POST", f"{one}/open", routed.opened),
        ("GET", f"{one}/open/{{id}}", routed.read),
        # The SDK writes two slashes where it asks for one property.
        ("GET", f"{one}/open//{{id}}", routed.read),
        ("GET", f"{one}/decrypt", routed.unsealed),
        ("POST", f"{one}/clone", routed.cloned),
        ("GET", f"{one}/tags", routed.tags),
        ("POST", f"{one}/tags", routed.tag_made),
        ("GET", f"{one}/tags/{{tag}}", routed.tag),
        ("PATCH", f"{one}/tags/{{tag}}", routed.tag_changed),
        ("DELETE", f"{one}/tags/{{tag}}", routed.tag_removed),
        ("GET", f"{one}/versions", routed.revisions),
        ("GET", f"{one}/versions/tags", routed.revision_tags),
        ("POST", f"{one}/versions/tags", routed.revision_tag_made),
        ("GET", f"{one}/versions/tags/{{tag}}", routed.revision_tag),
        ("PATCH", f"{one}/versions/tags/{{tag}}", routed.revision_tag_changed),
        ("DELETE", f"{one}/versions/tags/{{tag}}", routed.revision_tag_removed),
        ("GET", f"{one}/versions/{{version}}", routed.document),
        ("GET", f"{one}/versions/{{version}}/decrypt", routed.unsealed),
        ("POST", f"{one}/versions/{{version}}/open", routed.opened),
        ("GET", one, routed.document),
        ("HEAD", one, routed.document),
        ("PATCH", one, routed.updated),
        ("DELETE", one, routed.removed),
    )
    return [_route(method, path, act, organisation, require) for method, path, act in table]


def _route(
    method: str, path: str, act: Callable[[_Asked], Response], organisation: str, require: Callable[[Request], None]
) -> Route:
    async def endpoint(request: Request) -> Response:
        require(request)
        if request.path_params.get("org", organisation) != organisation:
            return _refusal(RefusedError(404, f"Not Found: organization '{request.path_params['org']}' not found"))
        text = (await request.body()).decode("utf-8", errors="replace")
        asked = _Asked(request.path_params, request.query_params, request.headers, text)
        try:
            return await run_in_threadpool(act, asked)
        except RefusedError as error:
            return _refusal(error)
        except RehearsalError as error:
            return _refusal(RefusedError(500, str(error)))

    return Route(path, endpoint, methods=[method])


@dataclass(frozen=True, slots=True)
class _Routes:
    """What each route does."""

    kept: Environments
    organisation: str

    def listed(self, _: _Asked) -> Response:
        names = [name.partition("/") for name in self.kept.names()]
        rows = [
            {
                "organization": self.organisation,
                "project": project,
                "name": name,
                "created": self.kept.created(f"{project}/{name}"),
                "modified": self.kept.revision(f"{project}/{name}").created,
            }
            for project, _, name in names
        ]
        return JSONResponse({"environments": rows, "nextToken": ""})

    def created(self, asked: _Asked) -> Response:
        self.kept.create(f"{asked.body.get('project') or 'default'}/{asked.said('name')}")
        return JSONResponse({})

    def checked(self, asked: _Asked) -> Response:
        return _environment(self.kept.checked(asked.text))

    def opened_yaml(self, asked: _Asked) -> Response:
        packed = asked.query.get("environmentOverrides", "")
        replaced = json.loads(base64.urlsafe_b64decode(packed + "=" * (-len(packed) % 4))) if packed else {}
        return JSONResponse({"id": self.kept.opened(asked.text, asked.seconds, replaced)})

    def opened(self, asked: _Asked) -> Response:
        return JSONResponse({"id": self.kept.open(self._revision(asked), asked.seconds)})

    def read(self, asked: _Asked) -> Response:
        opened = self.kept.session(asked.path["id"])
        path = asked.query.get("property")
        return JSONResponse(_property(opened, path) if path else opened)

    def document(self, asked: _Asked) -> Response:
        revision = self._revision(asked)
        return _document(revision, revision.document)

    def unsealed(self, asked: _Asked) -> Response:
        revision = self._revision(asked)
        return _document(revision, self.kept.unsealed(revision))

    def updated(self, asked: _Asked) -> Response:
        etag = asked.headers.get("etag") or asked.headers.get("if-match") or ""
        revision, diagnostics = self.kept.update(asked.name, asked.text, etag)
        told = {"diagnostics": _told(diagnostics)} if diagnostics else {}
        return JSONResponse(told, headers=_headers(revision))

    def removed(self, asked: _Asked) -> Response:
        self.kept.remove(asked.name)
        return JSONResponse({})

    def cloned(self, asked: _Asked) -> Response:
        name = f"{asked.body.get('project') or asked.path['project']}/{asked.said('name')}"
        revision = self.kept.revision(asked.name, str(asked.body.get("version") or "latest"))
        self.kept.create(name)
        self.kept.update(name, revision.document)
        for tag in self.kept.tags(asked.name, of_revisions=False) if asked.body.get("preserveEnvironmentTags") else ():
            self.kept.attach(name, tag.name, tag.value, of_revisions=False)
        return JSONResponse({})

    def revisions(self, asked: _Asked) -> Response:
        before, count = (int(asked.query.get(name) or 0) or _ALL for name in ("before", "count"))
        tags = self.kept.tags(asked.name, of_revisions=True)
        return JSONResponse(
            [
                {
                    "number": one.number,
                    "created": one.created,
                    "creatorLogin": self.organisation,
                    "creatorName": self.organisation,
                    "tags": [tag.name for tag in tags if tag.value == str(one.number)],
                }
                for one in self.kept.revisions(asked.name, before, count)
            ]
        )

    def tags(self, asked: _Asked) -> Response:
        found = self.kept.tags(asked.name, of_revisions=False)
        return JSONResponse({"tags": {tag.name: self._tag(tag) for tag in found}, "nextToken": ""})

    def tag(self, asked: _Asked) -> Response:
        return JSONResponse(self._tag(self.kept.tag(asked.name, asked.path["tag"], of_revisions=False)))

    def tag_made(self, asked: _Asked) -> Response:
        made = self.kept.attach(asked.name, asked.said("name"), asked.said("value"), of_revisions=False)
        return JSONResponse(self._tag(made))

    def tag_changed(self, asked: _Asked) -> Response:
        held = self.kept.tag(asked.name, asked.path["tag"], of_revisions=False)
        wanted, known = asked.body.get("newTag") or {}, (asked.body.get("currentTag") or {}).get("value", held.value)
        if known != held.value:
            raise RefusedError(409, f"Conflict: the tag '{held.name}' was changed meanwhile")
        changed = self.kept.change(
            asked.name,
            held,
            str(wanted.get("name") or held.name),
            str(wanted.get("value") or held.value),
            of_revisions=False,
        )
        return JSONResponse(self._tag(changed))

    def tag_removed(self, asked: _Asked) -> Response:
        held = self.kept.tag(asked.name, asked.path["tag"], of_revisions=False)
        self.kept.detach(asked.name, held, of_revisions=False)
        return JSONResponse({})

    def revision_tags(self, asked: _Asked) -> Response:
        found = self.kept.tags(asked.name, of_revisions=True)
        return JSONResponse({"tags": [self._revision_tag(tag) for tag in found], "nextToken": ""})

    def revision_tag(self, asked: _Asked) -> Response:
        return JSONResponse(self._revision_tag(self.kept.tag(asked.name, asked.path["tag"], of_revisions=True)))

    def revision_tag_made(self, asked: _Asked) -> Response:
        number = str(asked.body.get("revision") or self.kept.revision(asked.name).number)
        self.kept.attach(asked.name, asked.said("name"), number, of_revisions=True)
        return JSONResponse({})

    def revision_tag_changed(self, asked: _Asked) -> Response:
        held = self.kept.tag(asked.name, asked.path["tag"], of_revisions=True)
        number = str(asked.body.get("revision") or self.kept.revision(asked.name).number)
        self.kept.change(asked.name, held, held.name, number, of_revisions=True)
        return JSONResponse({})

    def revision_tag_removed(self, asked: _Asked) -> Response:
        held = self.kept.tag(asked.name, asked.path["tag"], of_revisions=True)
        self.kept.detach(asked.name, held, of_revisions=True)
        return JSONResponse({})

    def _revision(self, asked: _Asked) -> Revision:
        return self.kept.revision(asked.name, asked.path.get("version", "latest"))

    def _tag(self, tag: Tag) -> dict[str, str]:
        held = {"id": tag.id, "name": tag.name, "value": tag.value, "created": tag.created, "modified": tag.modified}
        return {**held, "editorLogin": self.organisation, "editorName": self.organisation}

    def _revision_tag(self, tag: Tag) -> dict[str, Any]:
        return {**self._tag(tag), "revision": int(tag.value)}


def _environment(found: Evaluation) -> Response:
    if found.refused:
        raise RefusedError(400, "Bad Request: the definition is not valid", found.diagnostics)
    return JSONResponse(found.environment)


def _document(revision: Revision, text: str) -> Response:
    return Response(text, media_type=_YAML, headers=_headers(revision))


def _headers(revision: Revision) -> dict[str, str]:
    return {"ETag": revision.etag, _REVISION: str(revision.number)}


def _told(diagnostics: Sequence[Diagnostic]) -> list[Any]:
    return [one.model_dump(mode="json", exclude_none=True) for one in diagnostics]


def _refusal(error: RefusedError) -> Response:
    told = {"code": error.status, "message": str(error)}
    if error.diagnostics:
        told["diagnostics"] = _told(error.diagnostics)
    return JSONResponse(told, status_code=error.status)


def _property(opened: Mapping[str, Any], path: str) -> Any:
    """Return one value of what was opened, by its path, such as ``a.b["c.d"][0]``."""
    steps = [next(filter(None, match.groups())) for match in _STEP.finditer(path)]
    found: Any = {"value": opened.get("properties", {})}
    for step in steps:
        held = found["value"]
        try:
            found = held[int(step)] if isinstance(held, list) else held[step]
        except (KeyError, IndexError, ValueError, TypeError):
            raise RefusedError(400, f"Bad Request: there is no property {path}") from None
    return found
