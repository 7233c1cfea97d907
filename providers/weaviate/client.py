"""The server's REST API: each endpoint the provider uses as a typed method, retried.

Source: Weaviate 1.39.0, its OpenAPI specification and `adapters/handlers/rest`.
"""

import asyncio
import random
import ssl
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Final, TypeVar
from urllib.parse import quote

import httpx
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception

from providers.weaviate.bulk import Bulk
from providers.weaviate.errors import NO_ANSWER, NOT_FOUND, OK, UNPROCESSABLE, ApiError, from_answer

Json = dict[str, Any]
Sleep = Callable[[float], Awaitable[None]]
T = TypeVar("T")

TIMEOUT_SECONDS: Final = 60.0
PATIENCE_SECONDS: Final = 10.0
_LONGEST_PAUSE_SECONDS: Final = 5.0
_FIRST_PAUSE_SECONDS: Final = 0.25


def _pause(state: RetryCallState) -> float:
    longest = min(_LONGEST_PAUSE_SECONDS, _FIRST_PAUSE_SECONDS * 2.0**state.attempt_number)
    return random.uniform(longest / 2, longest)  # noqa: S311 - jitter, no secret


def _passing(error: BaseException) -> bool:
    return isinstance(error, ApiError) and error.passing


async def patiently(ask: Callable[[], Awaitable[T]], sleep: Sleep, patience_seconds: float) -> T:
    """Return an answer, asked for again where there was none, too many came, or the server failed.

    Args:
        ask: sends the request.
        sleep: waits between two attempts, and ends when the run is cancelled.
        patience_seconds: how long it is sent again.

    Raises:
        ApiError: the server refuses or does not answer.
    """
    ends = time.monotonic() + patience_seconds

    def over(state: RetryCallState) -> bool:
        return time.monotonic() + state.upcoming_sleep > ends

    # Awaited only where it is seen to be a coroutine function.
    async def asked() -> T:
        return await ask()

    retrying = AsyncRetrying(sleep=sleep, stop=over, wait=_pause, retry=retry_if_exception(_passing), reraise=True)
    return await retrying(asked)


class FirstAsked(httpx.AsyncBaseTransport):
    """Carries requests over HTTP, made when the first is sent: reading the certificates takes 0.05 s."""

    def __init__(self, ca_certificate: str | None) -> None:
        self._ca_certificate = ca_certificate
        self._made: httpx.AsyncHTTPTransport | None = None

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Carry one request."""
        if self._made is None:
            verify = ssl.create_default_context(cadata=self._ca_certificate) if self._ca_certificate else True
            self._made = httpx.AsyncHTTPTransport(verify=verify)
        return await self._made.handle_async_request(request)

    async def aclose(self) -> None:
        """Close the connections."""
        if self._made is not None:
            await self._made.aclose()


class Client:
    """The API of one server.

    Requests are sent again, for `patience_seconds`, where there was no answer, too many came, or the server failed.

    Args:
        url: scheme and host.
        api_key: sent as a bearer token, and nowhere else; none where everybody is let in.
        transport: what carries the requests.
        bulk: the other API of the same server.
    """

    def __init__(self, *, url: str, api_key: str | None, transport: httpx.AsyncBaseTransport, bulk: Bulk) -> None:
        self.bulk = bulk
        self.fencing = asyncio.Lock()
        """Held by who takes permissions away for a moment, or gives them back: roles are shared by collections."""
        headers = {"User-Agent": "pulumi-weaviate"} | ({"Authorization": f"Bearer {api_key}"} if api_key else {})
        self._http = httpx.AsyncClient(
            base_url=f"{url}/v1", headers=headers, timeout=TIMEOUT_SECONDS, transport=transport
        )

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()
        await self.bulk.close()

    async def get(self, path: str, sleep: Sleep, **options: Any) -> Any:
        """Return what is at a path; none where a server that is ready says that there is nothing."""
        return await self._unless_gone("GET", path, sleep, **options)

    async def remove(self, path: str, sleep: Sleep, **options: Any) -> None:
        """Remove what is at a path; what is gone is removed."""
        await self._unless_gone("DELETE", path, sleep, **options)

    async def _unless_gone(self, method: str, path: str, sleep: Sleep, **options: Any) -> Any:
        try:
            return await self.certain(lambda: self.call(method, path, sleep, **options), sleep)
        except ApiError as error:
            if error.status == NOT_FOUND:
                return None
            raise

    async def certain(self, ask: Callable[[], Awaitable[T]], sleep: Sleep, **options: Any) -> T:
        """Return an answer that a ready server gives: one that is starting knows of no collection yet, and says so.

        Args:
            ask: sends the request.
            sleep: waits between two attempts.
            options: of the wait for readiness.
        """
        try:
            return await ask()
        except ApiError as error:
            if error.status not in {OK, NOT_FOUND, UNPROCESSABLE}:
                raise
        await self.call("GET", "/.well-known/ready", sleep, **options)
        return await ask()

    async def call(
        self,
        method: str,
        path: str,
        sleep: Sleep,
        *,
        body: Any = None,
        query: Mapping[str, str] | None = None,
        patience_seconds: float = PATIENCE_SECONDS,
    ) -> Any:
        """Return what the server answers; none where that is empty.

        Args:
            method: of HTTP.
            path: after `/v1`.
            sleep: waits between two attempts, and ends when the run is cancelled.
            body: as JSON.
            query: of the address.
            patience_seconds: how long it is sent again; 0 where it may not be carried out twice.

        Raises:
            ApiError: the server refuses or does not answer.
        """
        return await patiently(lambda: self._exchange(method, path, body, query), sleep, patience_seconds)

    async def _exchange(self, method: str, path: str, body: Any, query: Mapping[str, str] | None) -> Any:
        request = f"{method} {path}"
        try:
            response = await self._http.request(method, path, json=body, params=query)
        except httpx.HTTPError as error:
            raise ApiError(request, NO_ANSWER, f"no answer ({type(error).__name__})") from None
        if not response.is_success:
            raise from_answer(request, response)
        if not response.content:
            return None
        try:
            return response.json()
        except ValueError:
            raise ApiError(request, NO_ANSWER, "the answer is no JSON, so something answers in its place") from None

    async def count(self, class_name: str, sleep: Sleep, tenant: str | None = None) -> int | None:
        """Return how many objects a collection, or a tenant of it, holds; none of what cannot be counted as such.

        That is what does not exist, and a collection with tenants as a whole.
        """
        of = f'(tenant: "{tenant}")' if tenant else ""
        counts = await self.counts([class_name], sleep, of)
        return None if counts is None else counts[class_name]

    async def counts(self, class_names: Sequence[str], sleep: Sleep, of: str = "") -> Mapping[str, int] | None:
        """Return how many objects each of some collections holds; none where one of them cannot be counted."""
        asked = " ".join(f"{one}{of}{{meta{{count}}}}" for one in class_names)
        try:
            told = await self.graphql(f"{{Aggregate{{{asked}}}}}", sleep)
        except ApiError as error:
            # The query is refused in an answer, or as a request where the server has no collection at all.
            if error.status == OK or (error.status == UNPROCESSABLE and "no schema is present" in error.message):
                return None
            raise
        return {one: int(told["Aggregate"][one][0]["meta"]["count"]) for one in class_names}

    async def graphql(self, query: str, sleep: Sleep, **options: Any) -> Json:
        """Return the data of a query in GraphQL, whose errors come with status 200."""
        return await self.certain(lambda: self._graphql(query, sleep, **options), sleep, **options)

    async def _graphql(self, query: str, sleep: Sleep, **options: Any) -> Json:
        told = await self.call("POST", "/graphql", sleep, body={"query": query}, **options)
        if told.get("errors"):
            messages = "; ".join(str(one.get("message")) for one in told["errors"])
            request = "POST /graphql"
            raise ApiError(request, OK, messages[:400])
        data: Json = told["data"]
        return data

    async def schema(self, name: str, sleep: Sleep) -> Json | None:
        """Return a collection by its name or an alias of it."""
        found: Json | None = await self.get(f"/schema/{part(name)}", sleep)
        return found

    async def drop(self, class_name: str, sleep: Sleep) -> None:
        """Delete a collection with all its objects."""
        await self.call("DELETE", f"/schema/{part(class_name)}", sleep)

    async def tenants(self, class_name: str, sleep: Sleep) -> Sequence[Json]:
        """Return the tenants of a collection."""
        return await self.get(f"/schema/{part(class_name)}/tenants", sleep) or ()

    async def alias(self, name: str, sleep: Sleep) -> str | None:
        """Return the collection that an alias leads to."""
        found = await self.get(f"/aliases/{part(name)}", sleep)
        return None if found is None else str(found["class"])

    async def remove_alias(self, name: str, sleep: Sleep) -> None:
        """Remove an alias; one that is gone is removed."""
        await self.remove(f"/aliases/{part(name)}", sleep)

    async def aliases(self, sleep: Sleep) -> Mapping[str, str]:
        """Return the collection that each alias leads to."""
        told = await self.get("/aliases", sleep) or {}
        return {one["alias"]: one["class"] for one in told.get("aliases") or ()}


def part(text: str) -> str:
    """Return a text as one part of a path."""
    return quote(text, safe="")
