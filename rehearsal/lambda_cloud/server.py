"""The API over HTTP: who may ask, how fast, what goes wrong, what is answered."""

import asyncio
import base64
import binascii
import hmac
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute
from starlette.routing import Route as Path

from rehearsal.lambda_cloud import contract, errors
from rehearsal.lambda_cloud.account import Account
from rehearsal.lambda_cloud.errors import ApiError
from rehearsal.lambda_cloud.faults import Fault, FaultKind, Faults
from rehearsal.lambda_cloud.instances import Fate
from rehearsal.lambda_cloud.limits import Limits
from rehearsal.lambda_cloud.log import Entry, Log
from rehearsal.lambda_cloud.records import Status
from rehearsal.lambda_cloud.routes import ROUTES, Call, Route
from rehearsal.transport import hang_up

_PAGED = "list-audit-events"


@dataclass(slots=True)
class Api:
    """The API of one account.

    Args:
        account: whose it is.
        key: who knows it may ask.
        log: told every request.
        faults: what goes wrong.
        limits: how fast it lets itself be asked.
        changed: called after each change of the account, while it is locked.
        breaches: where the fake broke its own contract; empty unless it has a fault.
    """

    account: Account
    key: str
    log: Log
    faults: Faults
    limits: Limits
    changed: Callable[[], None]
    breaches: list[str] = field(default_factory=list)

    def routes(self) -> list[BaseRoute]:
        """Return its endpoints."""
        known: list[BaseRoute] = [
            Path(f"/api/v1{route.path}", _Endpoint(self, route), methods=[route.method]) for route in ROUTES
        ]
        return known

    def authorized(self, request: Request) -> bool:
        """Return whether a request carries the key, as a bearer token or as the user of basic authentication."""
        kind, _, given = request.headers.get("authorization", "").partition(" ")
        if kind.lower() == "basic":
            try:
                given = base64.b64decode(given).decode().partition(":")[0]
            except (binascii.Error, UnicodeDecodeError):
                return False
        elif kind.lower() != "bearer":
            return False
        return hmac.compare_digest(given.encode(), self.key.encode())

    def note(self, request: Request, operation: str | None, response: Response | None, fault: Fault | None) -> None:
        """Write a request and what it was answered into the log."""
        entry = Entry(
            time=self.account.clock.now,
            method=request.method,
            path=request.url.path,
            operation=operation,
            status=response.status_code if response else None,
            code=response.headers.get("x-error-code") if response else None,
            fault=fault.kind.value if fault else None,
        )
        if response and "x-error-code" in response.headers:
            del response.headers["x-error-code"]
        self.log.add(entry)

    async def unknown(self, request: Request, _: Exception) -> Response:
        """Answer a path or a method that the API does not have."""
        answer = refusal(errors.not_found() if self.authorized(request) else errors.unauthorized())
        self.note(request, None, answer, None)
        return answer


class _Endpoint:
    """Answers the requests of one endpoint.

    Args:
        api: the API it belongs to.
        route: what it does.
    """

    def __init__(self, api: Api, route: Route) -> None:
        self._api = api
        self._route = route

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        request = Request(scope, receive)
        body = await request.body()
        fault, response = self._answer(request, body)
        if fault and fault.kind is FaultKind.SLOW:
            await asyncio.sleep(self._api.account.clock.real_seconds(fault.delay_seconds))
        self._api.note(request, self._route.operation, response, fault)
        if response is None:
            await hang_up(request, reset=fault is not None and fault.kind is FaultKind.CONNECTION_RESET)
            return
        await response(scope, receive, send)

    def _answer(self, request: Request, body: bytes) -> tuple[Fault | None, Response | None]:
        """Return the fault that hit a request and its answer, which is None where none is given."""
        api, operation = self._api, self._route.operation
        if not api.authorized(request):
            return None, refusal(errors.unauthorized())
        if not api.limits.admit(launch=operation == "launch"):
            return None, too_many()
        fault = api.faults.next(operation, api.account.clock.now)
        if fault and fault.kind is FaultKind.CONNECTION_RESET:
            return fault, None
        if fault and fault.kind in _EARLY:
            return fault, _EARLY[fault.kind]()
        answer = self._committed(request, body, fate(fault))
        return fault, None if fault and fault.kind is FaultKind.ANSWER_LOST else answer

    def _committed(self, request: Request, body: bytes, outcome: Fate) -> Response:
        api, operation = self._api, self._route.operation
        try:
            try:
                content = self._act(request, body, outcome)
                contract.check_answer(operation, content)
            except ApiError as error:
                answer = refusal(error)
                contract.check_error(operation, json.loads(bytes(answer.body)))
                return answer
        except contract.BreachError as breach:
            api.breaches.append(str(breach))
            return PlainTextResponse(str(breach), status_code=500)
        return JSONResponse(content)

    def _act(self, request: Request, body: bytes, outcome: Fate) -> dict[str, Any]:
        route, api = self._route, self._api
        query = dict(request.query_params)
        contract.check_query(route.operation, query)
        parsed = _parsed(route.operation, body)
        contract.check_body(route.operation, parsed)
        with api.account.lock:
            call = Call(api.account, request.path_params.get("id", ""), query, parsed, outcome)
            data = route.act(call)
            if not route.reads:
                api.changed()
        if route.operation == _PAGED:
            events, token = data
            return {"data": events, "page_token": token}
        return {"data": data}


def _parsed(operation: str, body: bytes) -> Any:
    if not contract.takes_body(operation):
        if body:
            raise errors.invalid(because="body: this endpoint takes none.")
        return {}
    try:
        return json.loads(body)
    except ValueError as error:
        raise errors.invalid(because="body: not JSON.") from error


def refusal(error: ApiError) -> JSONResponse:
    """Return an error in the API's envelope; its code stands in a header too, until it has been logged."""
    content = {"code": error.code, "message": error.message}
    if error.suggestion:
        content["suggestion"] = error.suggestion
    return JSONResponse({"error": content}, status_code=error.status, headers={"x-error-code": error.code})


def too_many() -> Response:
    """Return the answer to whoever asks too fast; like the real one it may not be JSON."""
    return PlainTextResponse("Too Many Requests\n", status_code=429)


def fate(fault: Fault | None) -> Fate:
    """Return what a fault makes of an instance that is launched."""
    kind = fault.kind if fault else None
    outcome = {FaultKind.UNHEALTHY: Status.UNHEALTHY, FaultKind.PREEMPTED: Status.PREEMPTED}
    return Fate(
        ip=kind is not FaultKind.NO_IP,
        private_ip=kind is not FaultKind.NO_PRIVATE_IP,
        outcome=outcome.get(kind, Status.ACTIVE) if kind else Status.ACTIVE,
        capacity=kind is not FaultKind.NO_CAPACITY,
    )


_EARLY: Mapping[FaultKind, Callable[[], Response]] = {
    FaultKind.RATE_LIMITED: too_many,
    FaultKind.SERVER_ERROR: lambda: PlainTextResponse("Internal Server Error\n", status_code=500),
    FaultKind.PROVIDER_UNAVAILABLE: lambda: refusal(errors.provider_unavailable()),
    FaultKind.INTERNAL_ERROR: lambda: refusal(errors.internal()),
    FaultKind.UNAUTHORIZED: lambda: refusal(errors.unauthorized()),
    FaultKind.ACCOUNT_INACTIVE: lambda: refusal(errors.inactive()),
}
"""What faults answer before a request takes effect."""


def application(api: Api, control: list[BaseRoute]) -> Starlette:
    """Return the web application: the API and its control surface.

    Args:
        api: the API.
        control: the routes of the control surface.
    """
    return Starlette(
        routes=[*api.routes(), *control],
        exception_handlers={404: api.unknown, 405: api.unknown},
    )
