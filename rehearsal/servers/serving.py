"""How every server runs: on its port, in the eras it declares, with the paths that probes and Prometheus ask for.

What the pod's environment says (components/mcp):

- ``MCP_SERVER_NAME``, ``MCP_SERVER_VERSION``, ``MCP_SERVER_PORT``: the server, the tag of its image and its port.
- ``MCP_ERA``: ``dual``, or ``modern`` to refuse every client of a protocol before 2026-07-28.
- ``MCP_SESSION``: ``stateless``, or ``stateful`` to keep a session of an older protocol in this one process.
- ``MCP_ALLOWED_HOSTS``: names by which clients may call it; any other gets 421.
- ``MCP_REQUEST_STATE_KEY``: what seals the state that a client carries from one request to the next. Every replica
  has the same one, or a request that comes to another replica is refused.
"""

import importlib
import os
import time
from collections.abc import Awaitable, Callable

from mcp.server import MCPServer
from mcp.server.mcpserver import RequestStateSecurity
from mcp.server.transport_security import TransportSecuritySettings
from mcp_types import UNSUPPORTED_PROTOCOL_VERSION, ToolAnnotations
from mcp_types.version import MODERN_PROTOCOL_VERSIONS
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from .listening import EVERY_ADDRESS, listen

MCP_PATH = "/mcp"
_VERSION_HEADER = b"mcp-protocol-version"


def main() -> None:
    """Serve until the process is asked to end."""
    name = os.environ["MCP_SERVER_NAME"]
    served = _Count()
    stateless = os.environ.get("MCP_SESSION", "stateless") == "stateless"
    app = _server(name, served).streamable_http_app(
        streamable_http_path=MCP_PATH,
        stateless_http=stateless,
        json_response=stateless,
        transport_security=_hosts(),
        host=EVERY_ADDRESS,
    )
    app.user_middleware.append(Middleware(served.counting))
    if os.environ.get("MCP_ERA", "dual") == "modern":
        app.user_middleware.append(Middleware(_ModernOnly))
    listen(app, int(os.environ["MCP_SERVER_PORT"]))


def _server(name: str, served: "_Count") -> MCPServer:
    tools = importlib.import_module(f".{name.replace('-', '_')}", __package__)
    keys = os.environ.get("MCP_REQUEST_STATE_KEY", "").split()
    server = MCPServer(
        name,
        title=tools.TITLE,
        version=os.environ["MCP_SERVER_VERSION"],
        log_level="WARNING",
        # Its tools never change, and one replica's word of a change would reach that replica's clients alone.
        subscriptions=False,
        request_state_security=RequestStateSecurity(keys=[key.encode() for key in keys]) if keys else None,
    )
    for tool in tools.READS:
        server.add_tool(tool, annotations=ToolAnnotations(read_only_hint=True, open_world_hint=False))
    for tool in tools.WRITES:
        server.add_tool(tool, annotations=ToolAnnotations(read_only_hint=False, open_world_hint=False))

    async def well(_: Request) -> Response:
        return PlainTextResponse("ok\n")

    async def metrics(_: Request) -> Response:
        return PlainTextResponse(served.exposition(name))

    for path in ("/health", "/ready"):
        server.custom_route(path, methods=["GET"])(well)
    server.custom_route("/metrics", methods=["GET"])(metrics)
    return server


def _hosts() -> TransportSecuritySettings | None:
    allowed = os.environ.get("MCP_ALLOWED_HOSTS", "").split()
    if not allowed:
        return None
    return TransportSecuritySettings(allowed_hosts=allowed, allowed_origins=[f"https://{host}" for host in allowed])


class _Count:
    """What was asked of this server, for Prometheus."""

    def __init__(self) -> None:
        self._started = time.time()
        self._requests = 0

    def counting(self, app: ASGIApp) -> ASGIApp:
        async def call(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] == "http" and scope["path"] == MCP_PATH:
                self._requests += 1
            await app(scope, receive, send)

        return call

    def exposition(self, name: str) -> str:
        return (
            f'# TYPE mcp_server_up gauge\nmcp_server_up{{server="{name}"}} 1\n'
            f'# TYPE mcp_requests_total counter\nmcp_requests_total{{server="{name}"}} {self._requests}\n'
            f"# TYPE process_start_time_seconds gauge\nprocess_start_time_seconds {self._started:.0f}\n"
        )


class _ModernOnly:
    """Refuses clients of older protocols: what is decided by headers would be passed by who sends none."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or pass the request on."""
        if scope["type"] == "http" and scope["path"] == MCP_PATH:
            version = dict(scope["headers"]).get(_VERSION_HEADER, b"").decode("latin-1")
            if version not in MODERN_PROTOCOL_VERSIONS:
                request = await _identified(Request(scope, receive))
                await _unsupported(version, request)(scope, receive, send)
                return
        await self._app(scope, receive, send)


async def _identified(request: Request) -> str | int | None:
    """Return the id of a request, which every answer to it must carry."""
    try:
        message = await request.json()
    except ValueError:
        return None
    identity = message.get("id") if isinstance(message, dict) else None
    return identity if isinstance(identity, str | int) else None


def _unsupported(version: str, request: str | int | None) -> Callable[[Scope, Receive, Send], Awaitable[None]]:
    data = {"supported": [*MODERN_PROTOCOL_VERSIONS], "requested": version}
    error = {"code": UNSUPPORTED_PROTOCOL_VERSION, "message": "Unsupported protocol version", "data": data}
    return JSONResponse({"jsonrpc": "2.0", "id": request, "error": error}, status_code=400)
