"""What the gate asks of one server, with the clients of both eras of the protocol."""

import asyncio
import difflib
import json
import statistics
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Literal

import httpx2
import mcp_types
from mcp import MCPError
from mcp.client import Client
from mcp.client.streamable_http import streamable_http_client
from mcp_types.version import LATEST_HANDSHAKE_VERSION, LATEST_MODERN_VERSION

from catalog.mcp_server import Era, McpServer
from catalog.tool_surface import Tool
from catalog.workload import Workload
from ops.gate.reach import SECONDS, Way
from ops.gate.verdict import Check, ServerVerdict

Mode = Literal["auto", "legacy"]
"""The client's era: the newest that both speak, or that of handshakes."""

SESSIONS = 6
"""Sessions that are opened over the replicas of a server."""
REQUESTS = 4
"""Requests in each of them."""
_WRONG_AT_MOST = 3
"""Calls in a row that may go wrong while a server is watched: one alone is no reason to go back."""
_PAUSE = 0.5
"""Seconds between two of them."""
_MODERN = {
    "MCP-Protocol-Version": LATEST_MODERN_VERSION,
    "Accept": "application/json, text/event-stream",
    "Content-Type": "application/json",
}
_CLIENT = mcp_types.Implementation(name="sophia-verify", version="1.0.0")


class UnlikeError(Exception):
    """Something is not as declared; the message says what."""


@dataclass(frozen=True, slots=True)
class Expected:
    """What a server is declared to be."""

    workload: Workload
    """Its entry in the catalog."""
    mcp: McpServer
    """What it is as an MCP server."""
    tools: tuple[Tool, ...] | None
    """Its locked tools; None where nobody has locked them."""
    callable: frozenset[str]
    """Tools that the gateway lets clients call."""

    @property
    def modes(self) -> tuple[Mode, ...]:
        """The clients that it must serve."""
        return ("auto",) if self.mcp.era == Era.MODERN else ("auto", "legacy")

    def version(self, mode: Mode) -> str:
        """Return the revision that a client of an era ends up with."""
        modern = self.mcp.era != Era.LEGACY and mode == "auto"
        return LATEST_MODERN_VERSION if modern else LATEST_HANDSHAKE_VERSION


@dataclass(slots=True)
class Asking:
    """One server, and what was found of it.

    Args:
        expected: what it is declared to be.
        service: the way through its Service.
        public: the way through the gateway; None where it is not exposed.
    """

    expected: Expected
    service: Way
    public: Way | None
    _checks: list[Check] = field(default_factory=list, init=False)
    _answer: str = field(default="", init=False)
    """What the server answered last, as far as HTTP goes."""

    async def verdict(self) -> ServerVerdict:
        """Ask everything, and return what was found; nothing that goes wrong ends it early."""
        ways = [way for way in (self.service, self.public) if way]
        if self.expected.workload.probes.readiness.kind == "http":
            await self._ask("health", self.service, self._health)
        for way in ways:
            for mode in self.expected.modes:
                await self._ask(f"protocol of a {_told(mode)} client", way, self._protocol, mode)
            if self.expected.mcp.era == Era.MODERN:
                await self._ask("an old client is refused", way, self._old_client)
            await self._ask("tools are those of the lock", way, self._tools)
            await self._ask("smoke call", way, self._smoke)
        found: dict[str, Any] = {}
        if self.public:
            await self._ask("401 and metadata without a token", self.public, self._without_token)
            await self._ask("health and metrics are not published", self.public, self._unpublished)
            if limit := self.expected.workload.rate_limit:
                most = f"a body of more than {limit.body_kib} KiB is refused"
                await self._ask(most, self.public, self._too_large, 1024 * limit.body_kib + 1)
            for tool in sorted({one["name"] for one in self.expected.tools or ()} - self.expected.callable):
                await self._ask(f"{tool} may not be called", self.public, self._denied, tool)
            found = await self._sessions(self.public)
        name = self.expected.workload.name
        return ServerVerdict(name=name, checks=tuple(self._checks), **found)

    async def watch(self, seconds: float) -> str | None:
        """Call it through the gateway, or else its Service, again and again; return what went wrong three times.

        Args:
            seconds: how long; None is returned when the time is up.
        """
        until, failed = time.monotonic() + seconds, 0
        while time.monotonic() < until:
            await self._ask("smoke call", self.public or self.service, self._smoke)
            check = self._checks.pop()
            failed = 0 if check.ok else failed + 1
            if failed == _WRONG_AT_MOST:
                return f"{check.name}, {check.way}: {check.detail}"
            await asyncio.sleep(_PAUSE)
        return None

    async def press(self, clients: int, seconds: float) -> tuple[Sequence[float], Sequence[str]]:
        """Keep clients calling through the gateway, or else the Service, each as soon as it has its answer.

        Each calls once at least, however late its session opened: a slow server is slow, and not one without an answer.
        Together they stay within what the gateway lets through: they all come from here, and so are one client to it.

        Args:
            clients: how many.
            seconds: how long.

        Returns:
            How long each answer took, in milliseconds, and what went wrong.
        """
        way, until = self.public or self.service, time.monotonic() + seconds
        limit = self.expected.workload.rate_limit if self.public else None
        gap = 1 / limit.requests_per_second if limit else 0.0
        free = time.monotonic()
        taken: list[float] = []
        errors: list[str] = []

        async def turn() -> None:
            nonlocal free
            free = max(free + gap, time.monotonic())
            await asyncio.sleep(free - time.monotonic())

        async def one() -> None:
            async with asyncio.timeout(seconds + 2 * SECONDS), self._session(way, self.expected.modes[-1]) as client:
                while True:
                    await turn()
                    begun = time.monotonic()
                    await client.list_tools()
                    taken.append(1000 * (time.monotonic() - begun))
                    if time.monotonic() >= until:
                        return

        async def again() -> None:
            while time.monotonic() < until:
                try:
                    await one()
                except Exception as error:  # noqa: BLE001 - counted, and told; the next session shows whether it lasts
                    errors.append(_said(error))
                    await asyncio.sleep(_PAUSE)

        await asyncio.gather(*(again() for _ in range(clients)))
        return taken, errors

    async def _ask(self, name: str, way: Way, act: Callable[..., Awaitable[str]], *arguments: Any) -> None:
        begun, ok, self._answer = time.monotonic(), False, ""
        try:
            async with asyncio.timeout(2 * SECONDS):
                detail = await act(way, *arguments)
            ok = True
        except TimeoutError:
            detail = f"no answer within {2 * SECONDS:.0f} s"
        except Exception as error:  # noqa: BLE001 - whatever a server does is a finding, never the end of the gate
            detail = _said(error)
            if not isinstance(_cause(error), UnlikeError) and self._answer:
                detail += f"; the last answer was {self._answer}"
        seconds = round(time.monotonic() - begun, 3)
        self._checks.append(Check(name=name, way=way.name, ok=ok, detail=detail, seconds=seconds))

    def _session(self, way: Way, mode: Mode) -> AbstractAsyncContextManager[Client]:
        return session(way, mode, self._note)

    def _note(self, answer: httpx2.Response) -> None:
        kind = answer.headers.get("Content-Type", "nothing").partition(";")[0]
        if answer.is_error or kind not in {"application/json", "text/event-stream", "nothing"}:
            self._answer = f"{answer.status_code} with {kind}"

    async def _health(self, way: Way) -> str:
        path = self.expected.workload.probes.readiness.path
        async with way.client() as client:
            answer = await client.get(httpx2.URL(way.url).join(path or "/"))
        return _require(answer.status_code == httpx2.codes.OK, f"{path} answers {answer.status_code}")

    async def _protocol(self, way: Way, mode: Mode) -> str:
        identity = self.expected.mcp.identity
        version = self.expected.workload.version
        async with self._session(way, mode) as client:
            spoken, server = client.protocol_version, client.server_info
        wanted = self.expected.version(mode)
        _require(spoken == wanted, f"it speaks {spoken}, and {wanted} is declared (era {self.expected.mcp.era})")
        told = (server.name, server.version) if server else ("nobody", "")
        _require(
            told == (identity.name, version), f"it calls itself {told[0]} {told[1]}, not {identity.name} {version}"
        )
        return f"{spoken}, {told[0]} {told[1]}"

    async def _old_client(self, way: Way) -> str:
        try:
            async with self._session(way, "legacy") as client:
                spoken = client.protocol_version
        except Exception as error:  # noqa: BLE001 - that it fails is what is asked for, and why is looked at
            cause, said = _cause(error), _said(error)
            refused = isinstance(cause, MCPError) and cause.error.code == mcp_types.UNSUPPORTED_PROTOCOL_VERSION
            return _require(refused, f"it is refused for another reason: {said}") or said
        msg = f"a client of {spoken} is served, and so comes past whatever is decided by headers"
        raise UnlikeError(msg)

    async def _tools(self, way: Way) -> str:
        listed = await surface(way, self._note)
        if self.expected.tools is None:
            msg = "nobody has locked its tools; look at them, and run `./sophia lock tools`"
            raise UnlikeError(msg)
        if difference := _difference(self.expected.tools, listed):
            msg = f"{difference}\nIf that is wanted, run `./sophia lock tools` and commit it"
            raise UnlikeError(msg)
        return f"{len(listed)} tools"

    async def _smoke(self, way: Way) -> str:
        call = self.expected.mcp.smoke_call
        async with self._session(way, "auto") as client:
            result = await client.call_tool(call.tool, dict(call.arguments))
        text = "\n".join(one.text for one in result.content if isinstance(one, mcp_types.TextContent))
        _require(not result.is_error, f"{call.tool} fails: {text[:200]}")
        return _require(call.expect in text, f"{call.tool} answers {text[:200]!r}, without {call.expect!r}")

    async def _without_token(self, way: Way) -> str:
        async with way.client(anonymous=True) as client:
            answer = await client.post(way.url, json={}, headers=_MODERN)
            _require(answer.status_code == httpx2.codes.UNAUTHORIZED, f"it answers {answer.status_code}, not 401")
            challenge = answer.headers.get("WWW-Authenticate", "")
            _, _, rest = challenge.partition('resource_metadata="')
            place = rest.partition('"')[0]
            _require(bool(place), f"the challenge names no resource_metadata: {challenge!r}")
            metadata = await client.get(place)
            _require(metadata.status_code == httpx2.codes.OK, f"{place} answers {metadata.status_code}")
            resource = metadata.json().get("resource")
            _require(resource == way.url, f"the metadata is of {resource}, not of {way.url}")
            other = {**_MODERN, "Authorization": "Bearer of.another.audience"}
            refused = await client.post(way.url, json={}, headers=other)
        return _require(
            refused.status_code == httpx2.codes.UNAUTHORIZED, f"a token of nobody is answered {refused.status_code}"
        )

    async def _unpublished(self, way: Way) -> str:
        async with way.client() as client:
            for path in ("/health", "/metrics", "/", f"{httpx2.URL(way.url).path}/metrics"):
                answer = await client.get(httpx2.URL(way.url).join(path))
                _require(answer.status_code == httpx2.codes.NOT_FOUND, f"{path} answers {answer.status_code}, not 404")
        return ""

    async def _too_large(self, way: Way, size: int) -> str:
        async def parts() -> AsyncIterator[bytes]:
            yield bytes(size)

        async with way.client() as client:
            for said, body in (("says its size", bytes(size)), ("does not say its size", parts())):
                answer = await client.post(way.url, content=body, headers=_MODERN)
                told = f"one that {said} is answered {answer.status_code}, not 413"
                _require(answer.status_code == httpx2.codes.REQUEST_ENTITY_TOO_LARGE, told)
        return ""

    async def _denied(self, way: Way, tool: str) -> str:
        body = {
            "jsonrpc": "2.0",
            "id": 1,
            "method": "tools/call",
            "params": {"name": tool, "arguments": {}, "_meta": {}},
        }
        async with way.client() as client:
            named = await client.post(
                way.url, json=body, headers={**_MODERN, "Mcp-Method": "tools/call", "Mcp-Name": tool}
            )
            _require(named.status_code == httpx2.codes.FORBIDDEN, f"a call is answered {named.status_code}, not 403")
            old = {"Accept": _MODERN["Accept"], "MCP-Protocol-Version": LATEST_HANDSHAKE_VERSION}
            past = await client.post(way.url, json=body, headers=old)
        return _require(
            past.status_code == httpx2.codes.BAD_REQUEST, f"the same from an old client: {past.status_code}, not 400"
        )

    async def _sessions(self, way: Way) -> dict[str, Any]:
        """Open sessions one after the other and side by side, and time their requests."""
        taken: list[float] = []
        # A bridge to stdio starts a program for each request.
        requests = 1 if self.expected.mcp.transport == "stdio" else REQUESTS

        async def one() -> str:
            try:
                async with asyncio.timeout(3 * SECONDS), self._session(way, self.expected.modes[-1]) as client:
                    for _ in range(requests):
                        begun = time.monotonic()
                        await client.list_tools()
                        taken.append(1000 * (time.monotonic() - begun))
            except Exception as error:  # noqa: BLE001 - counted, and told below
                return _said(error)
            return ""

        begun = time.monotonic()
        errors = [said for said in await asyncio.gather(*(one() for _ in range(SESSIONS))) if said]
        self._checks.append(
            Check(
                name="sessions over all replicas",
                way=way.name,
                ok=not errors,
                detail=errors[0] if errors else f"{SESSIONS} sessions",
                seconds=round(time.monotonic() - begun, 3),
            )
        )
        spread = statistics.quantiles(taken, n=20) if len(taken) > 1 else [0.0] * 19
        return {
            "sessions": SESSIONS,
            "session_errors": len(errors),
            "p50_ms": round(spread[9], 1),
            "p95_ms": round(spread[18], 1),
        }


async def surface(way: Way, told: Callable[[httpx2.Response], None] | None = None) -> tuple[Tool, ...]:
    """Return the tools that a server lists, all pages of them, in the order of their names.

    Args:
        way: how it is reached.
        told: told of each answer, as far as HTTP goes.
    """
    found: list[Tool] = []
    async with session(way, "auto", told) as client:
        cursor: str | None = None
        while True:
            page = await client.list_tools(cursor=cursor)
            found += [tool.model_dump(mode="json", exclude_none=True, by_alias=True) for tool in page.tools]
            cursor = page.next_cursor
            if cursor is None:
                return tuple(sorted(found, key=lambda tool: str(tool["name"])))


@asynccontextmanager
async def session(way: Way, mode: Mode, told: Callable[[httpx2.Response], None] | None = None) -> AsyncIterator[Client]:
    """Open a session with a server.

    Args:
        way: how it is reached.
        mode: the era of the client.
        told: told of each answer, as far as HTTP goes.
    """
    async with way.client(told=told) as client:
        transport = streamable_http_client(way.url, http_client=client)
        async with Client(transport, mode=mode, client_info=_CLIENT, read_timeout_seconds=SECONDS) as opened:
            yield opened


def _told(mode: Mode) -> str:
    return "new" if mode == "auto" else "old"


def _require(holds: bool, otherwise: str) -> str:  # noqa: FBT001 - the condition is what the sentence begins with
    if not holds:
        raise UnlikeError(otherwise)
    return ""


def _difference(locked: Sequence[Tool], listed: Sequence[Tool]) -> str:
    """Return which tools differ and how, or nothing."""
    known, found = ({one["name"]: one for one in tools} for tools in (locked, listed))
    names = ", ".join(name for name in sorted({*known, *found}) if known.get(name) != found.get(name))
    if not names:
        return ""
    before, after = (json.dumps([*tools], indent=1, sort_keys=True).splitlines() for tools in (locked, listed))
    lines = difflib.unified_diff(before, after, "locked", "listed", lineterm="", n=2)
    return "\n".join([f"{names}: not as catalog/lock/tools.json has it", *lines])


def _cause(error: BaseException) -> BaseException:
    """Return the first cause in a group of them."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


def _said(error: BaseException) -> str:
    """Return what went wrong in one text, or what kind of thing where it says nothing."""
    error = _cause(error)
    if isinstance(error, (httpx2.TimeoutException, TimeoutError)) or (
        isinstance(error, MCPError) and error.error.code == mcp_types.REQUEST_TIMEOUT
    ):
        return f"no answer within {SECONDS:.0f} s"
    if isinstance(error, MCPError):
        return f"it answers with an error: {error}"
    if isinstance(error, httpx2.TransportError):
        return f"the connection fails: {error or type(error).__name__}"
    return str(error) or type(error).__name__
