"""The control surface of the fake: reads and deeds under ``/control``, and whether it runs at all."""

import hmac
from collections.abc import Awaitable, Callable
from typing import Any

from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from rehearsal.lambda_cloud import deeds
from rehearsal.lambda_cloud.errors import ApiError
from rehearsal.lambda_cloud.server import Api, refusal

_Answer = Callable[[Request], Awaitable[Response]]


def routes(api: Api) -> list[BaseRoute]:
    """Return the endpoints of the control surface; they take the API's key, are not logged and have no limits."""

    async def read(request: Request) -> Response:
        return JSONResponse(_READS[request.url.path.rpartition("/")[2]](api))

    async def deed(request: Request) -> Response:
        body = await request.body()
        try:
            with api.account.lock:
                done = deeds.do(api, request.path_params["verb"], body)
                api.changed()
        except ApiError as error:
            return refusal(error)
        except ValidationError as error:
            return JSONResponse({"error": str(error)}, status_code=400)
        return JSONResponse(done)

    return [
        Route("/healthz", _healthy, methods=["GET"]),
        *(Route(f"/control/{name}", _guarded(api, read), methods=["GET"]) for name in _READS),
        Route("/control/{verb}", _guarded(api, deed), methods=["POST"]),
    ]


def _counters(api: Api) -> dict[str, Any]:
    return {**api.account.counters(), "requests": dict(api.log.requests), "faults": dict(api.faults.counts)}


_READS: dict[str, Callable[[Api], Any]] = {
    "state": lambda api: api.account.view().model_dump(mode="json"),
    "log": lambda api: [entry.model_dump() for entry in list(api.log.entries)],
    "counters": _counters,
    "breaches": lambda api: list(api.breaches),
}


async def _healthy(_: Request) -> Response:
    return PlainTextResponse("ok\n")


def _guarded(api: Api, answer: _Answer) -> _Answer:
    async def answered(request: Request) -> Response:
        given = request.headers.get("authorization", "")
        if not hmac.compare_digest(given.encode(), f"Bearer {api.key}".encode()):
            return JSONResponse({"error": "the control surface takes the API's key as a bearer token"}, status_code=401)
        return await answer(request)

    return answered
