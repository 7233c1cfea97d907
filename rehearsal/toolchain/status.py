"""What is there of the tool chain and what is missing, for the doctor; looking changes nothing."""

from collections.abc import Sequence
from dataclasses import dataclass

from catalog.versions import Versions
from rehearsal.toolchain import conformance
from rehearsal.toolchain.cache import Cache, DamagedEntryError
from rehearsal.toolchain.edges import Edges
from rehearsal.toolchain.found import on_path
from rehearsal.toolchain.go import candidates, install_command, new_enough
from rehearsal.toolchain.recipes import recipes
from rehearsal.toolchain.tool import Tool

SETUP = "./sophia setup"
_ORIGINS = {"PATH": "copied from", "download": "downloaded from", "build": "built with"}


@dataclass(frozen=True, slots=True)
class ToolStatus:
    """What the doctor says about one tool."""

    name: str
    wanted: str
    found: str | None
    """The version that is there, or None."""
    source: str
    """Where it is and where it came from, or what is wrong."""
    ok: bool
    mend: str
    """The one command that mends it; empty when nothing is wrong."""


def inspect(versions: Versions, edges: Edges | None = None) -> tuple[ToolStatus, ...]:
    """The state of every tool, of the conformance suite, and of Go, which is needed only where something is built.

    Args:
        versions: the pinned versions.
        edges: the machine; this one when none is given.
    """
    chosen = edges or Edges.here(versions.go)
    return (*inspect_tools(recipes(versions, chosen.platform), chosen), _inspect_suite(chosen))


def inspect_tools(tools: Sequence[Tool], edges: Edges) -> tuple[ToolStatus, ...]:
    """The state of the given tools, and of Go.

    Args:
        tools: the tools.
        edges: the machine.
    """
    statuses = tuple(_inspect(tool, edges) for tool in tools)
    return (*statuses, _inspect_go(edges, needed=not all(status.ok for status in statuses)))


def _inspect(tool: Tool, edges: Edges) -> ToolStatus:
    try:
        entry = Cache(edges).find(tool, refresh=False)
    except DamagedEntryError as damage:
        return ToolStatus(tool.name, tool.wanted, None, f"the tool cache is damaged: {damage}", ok=False, mend=SETUP)
    if entry:
        manifest = entry.manifest
        source = f"tool cache, {_ORIGINS[manifest.source]} {manifest.origin}"
        return ToolStatus(tool.name, tool.wanted, manifest.version, source, ok=True, mend="")
    others = []
    for found in on_path(tool, edges):
        if found.version == tool.version:
            return ToolStatus(tool.name, tool.wanted, found.version, str(found.folder), ok=True, mend="")
        others.append(found)
    if others:
        version, folder = others[0].version, others[0].folder
        return ToolStatus(tool.name, tool.wanted, version, f"{folder} has another version", ok=False, mend=SETUP)
    return ToolStatus(tool.name, tool.wanted, None, "neither in the tool cache nor on PATH", ok=False, mend=SETUP)


def _inspect_suite(edges: Edges) -> ToolStatus:
    name, version = "mcp-conformance", conformance.wanted(edges)
    if conformance.is_there(edges):
        return ToolStatus(name, version, version, "tool cache, from npm's registry", ok=True, mend="")
    return ToolStatus(name, version, None, "not in the tool cache", ok=False, mend=SETUP)


def _inspect_go(edges: Edges, *, needed: bool) -> ToolStatus:
    wanted = f"{edges.go} or newer"
    found = list(candidates(edges))
    for go in found:
        if new_enough(go, edges.go):
            return ToolStatus("go", wanted, go.release, str(go.program), ok=True, mend="")
    release = found[0].release if found else None
    if not needed:
        return ToolStatus("go", wanted, release, "not needed: every tool is there", ok=True, mend="")
    source = f"{found[0].program} is too old" if found else "not on PATH; needed where a download is not to be had"
    return ToolStatus("go", wanted, release, source, ok=False, mend=install_command(edges))
