"""The registry: the read API of the MCP registry (v0.1) over the server.json files of a folder.

What it serves is read once, when it starts: a change of the files rolls the pod.
"""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from .listening import listen

FOLDER = Path("/etc/registry-v2")
LATEST = "latest"
_OFFICIAL = "io.modelcontextprotocol.registry/official"
_LIMIT, _MOST = 30, 100

Entry = Mapping[str, Any]


def main() -> None:
    """Serve until the process is asked to end."""
    listen(application(FOLDER), int(os.environ["SERVICE_PORT"]))


def application(folder: Path) -> Starlette:
    """Return the API over a folder's files.

    Args:
        folder: holds a server.json for each server, by any name that ends so.

    Raises:
        ValueError: a file is no JSON.
    """
    found = [json.loads(path.read_text(encoding="utf-8")) for path in sorted(folder.glob("*.json"))]
    return Starlette(routes=_Registry({entry["name"]: entry for entry in found}).routes())


class _Registry:
    def __init__(self, entries: Mapping[str, Entry]) -> None:
        self._entries = dict(sorted(entries.items()))

    def routes(self) -> list[Route]:
        return [
            Route("/v0.1/servers", self.servers),
            # The names of servers hold a slash, which comes encoded from careful clients and plain from others.
            Route("/v0.1/servers/{name:path}/versions", self.versions),
            Route("/v0.1/servers/{name:path}/versions/{version}", self.version),
            Route("/health", _well),
            Route("/ready", _well),
            Route("/metrics", self.metrics),
        ]

    async def servers(self, request: Request) -> Response:
        asked = request.query_params
        try:
            limit = int(asked.get("limit", _LIMIT))
        except ValueError:
            limit = 0
        if not 1 <= limit <= _MOST:
            return _problem(400, f"limit: {asked.get('limit')}: is not from 1 to {_MOST}")
        version, cursor = asked.get("version", LATEST), asked.get("cursor", "")
        matching = [
            entry
            for name, entry in self._entries.items()
            if asked.get("search", "").lower() in name and version in {LATEST, entry["version"]} and name > cursor
        ]
        page, more = matching[:limit], matching[limit:]
        metadata = {"count": len(page), **({"nextCursor": page[-1]["name"]} if more else {})}
        return JSONResponse({"servers": [_response(entry) for entry in page], "metadata": metadata})

    async def versions(self, request: Request) -> Response:
        entry = self._entries.get(request.path_params["name"])
        if entry is None:
            return _problem(404, "Server not found")
        return JSONResponse({"servers": [_response(entry)], "metadata": {"count": 1}})

    async def version(self, request: Request) -> Response:
        entry = self._entries.get(request.path_params["name"])
        if entry is None or request.path_params["version"] not in {LATEST, entry["version"]}:
            return _problem(404, "Server not found")
        return JSONResponse(_response(entry))

    async def metrics(self, _: Request) -> Response:
        return PlainTextResponse(f"# TYPE registry_servers gauge\nregistry_servers {len(self._entries)}\n")


async def _well(_: Request) -> Response:
    return PlainTextResponse("ok\n")


def _response(entry: Entry) -> Entry:
    return {"server": entry, "_meta": {_OFFICIAL: {"status": "active", "isLatest": True}}}


def _problem(status: int, text: str) -> Response:
    return JSONResponse({"error": text}, status_code=status)
