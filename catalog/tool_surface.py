"""The tools of each MCP server as they were when somebody last agreed to them: ``catalog/lock/tools.json``.

Full bodies, not digests: what a model is told of a tool decides what it does, and a change must be readable.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from catalog.mcp_server import McpServer
from catalog.offence import Offence
from catalog.source import Source
from catalog.workload import Workload
from catalog.workload_rules import Where

FILE = "lock/tools.json"
"""Path of the lock below the catalog folder."""

Tool = Mapping[str, Any]
"""A tool as ``tools/list`` gives it (MCP 2026-07-28)."""

Surface = Mapping[str, tuple[Tool, ...]]
"""The tools by server, in the order of their names."""


def read_surface(source: Source) -> Surface:
    """Return the lock; what is wrong with it is an offence of the source.

    Args:
        source: the catalog folder.
    """
    text = source.text(FILE)
    if text is None:
        return {}
    try:
        content = json.loads(text)
        return {server: tuple(sorted(tools, key=lambda tool: tool["name"])) for server, tools in content.items()}
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        rule = "it is JSON: the tools of each server, by its name"
        source.offences.append(Offence(source.label(FILE), str(error), rule, "run `./sophia lock tools`"))
        return {}


def callable_tools(mcp: McpServer, tools: tuple[Tool, ...]) -> set[str]:
    """Return the names of the tools that the gateway lets clients call.

    Args:
        mcp: what the server is.
        tools: its locked tools.
    """
    reading = {tool["name"] for tool in tools if tool.get("annotations", {}).get("readOnlyHint")}
    allowed = {*mcp.tools.allow} - {*mcp.tools.deny}
    return allowed & reading if mcp.tools.read_only else allowed


def of_tools(workload: Workload, where: Where, surface: Surface) -> Iterator[Offence]:
    """Yield where a server's entry and its locked tools say different things.

    A server that is not in the lock yet breaks nothing, unless its tools decide what the gateway refuses.

    Args:
        workload: the server.
        where: gives the path of a field.
        surface: the lock.
    """
    mcp = workload.mcp
    if mcp is None:
        return
    if workload.name not in surface:
        if mcp.tools.read_only:
            rule = "which tools only read is known from catalog/lock/tools.json"
            remedy = "set it once `./sophia lock tools` has looked"
            yield Offence(where(("mcp", "tools", "read_only")), "true", rule, remedy)
        return
    locked = {tool["name"] for tool in surface[workload.name]}
    for name in sorted(locked - {*mcp.tools.allow, *mcp.tools.deny}):
        rule = "each tool that a server lists is allowed or denied"
        yield Offence(where(("mcp", "tools")), name, rule, "add it to allow or to deny")
    for field in ("allow", "deny"):
        for name in getattr(mcp.tools, field):
            if name not in locked:
                rule = "a tool that is named is one that the server lists"
                remedy = "correct its name, or run `./sophia lock tools` when the server has it by now"
                yield Offence(where(("mcp", "tools", field)), name, rule, remedy)
