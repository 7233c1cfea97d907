"""A real server on loopback, as those of the rehearsal are made, for the gate to be tried on."""

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from mcp.server import MCPServer
from mcp.server.transport_security import TransportSecuritySettings
from mcp_types import ToolAnnotations
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response

import catalog
from benchmarks.served import serving
from ops.gate.reach import Way
from rehearsal.servers import github

GITHUB = catalog.load().mcp["github"]
LOCKED = catalog.load().surface["github"]


def server(version: str = "1.0.0", name: str = "github", **described: str) -> MCPServer:
    """The GitHub server of the rehearsal, with other descriptions of tools where they are named."""
    made = MCPServer(name, version=version, log_level="CRITICAL", subscriptions=False)
    for tool in (*github.READS, *github.WRITES):
        reads = ToolAnnotations(read_only_hint=tool in github.READS, open_world_hint=False)
        made.add_tool(tool, description=described.get(tool.__name__), annotations=reads)

    async def well(_: Request) -> Response:
        return Response("ok")

    made.custom_route("/ready", methods=["GET"])(well)
    return made


def app(made: MCPServer, *, stateless: bool = True) -> Starlette:
    hosts = TransportSecuritySettings(allowed_hosts=["127.0.0.1:*"])
    return made.streamable_http_app(stateless_http=stateless, json_response=True, transport_security=hosts)


@contextmanager
def way(application: Any) -> Iterator[Way]:
    """Serve an MCP server on loopback; yield the way to it."""
    with serving(application) as url:
        yield Way("service", f"{url}/mcp", f"{url}/mcp", ssl.create_default_context())
