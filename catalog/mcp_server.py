"""What makes a workload an MCP server: what it speaks, its tools, who may call them, and how that is checked."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from catalog.model import Model

ToolName = Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]{1,64}$")]
"""Name of a tool, as MCP 2026-07-28 recommends it."""


class Era(StrEnum):
    """Which revisions of the protocol a server speaks."""

    MODERN = "modern"
    """2026-07-28, where each request stands for itself; clients of older ones are refused."""
    DUAL = "dual"
    """Both, at one path."""
    LEGACY = "legacy"
    """2025-11-25 and older, which begin with a handshake."""


def _not_empty(names: tuple[str, ...]) -> tuple[str, ...]:
    if not names:
        msg = "an empty list would mean every tool in some programs and none in others; name the tools"
        raise ValueError(msg)
    return names


class Tools(Model):
    """Which of its tools may be called; each tool that it lists is in one of the two lists."""

    allow: Annotated[tuple[ToolName, ...], AfterValidator(_not_empty)]
    """Tools that clients may call."""
    deny: tuple[ToolName, ...] = ()
    """Tools that it lists and that the gateway refuses to call."""
    read_only: bool = False
    """Whether the gateway refuses every tool that does not say of itself that it only reads."""

    @property
    def at_the_edge(self) -> bool:
        """Whether the gateway has calls to refuse."""
        return bool(self.deny) or self.read_only


class SmokeCall(Model):
    """One call that changes nothing and whose answer is known."""

    tool: ToolName
    """The tool."""
    arguments: Mapping[str, Any] = {}
    """What it is called with."""
    expect: Annotated[str, Field(min_length=1)]
    """A part of its answer's text."""


class Conformance(Model):
    """What the protocol's own suite asks of it."""

    profile: Literal["dual", "modern", "legacy", "bridged"]
    """The scenarios that it is asked, which depend on what it is."""
    expected_failures: tuple[str, ...] = ()
    """Checks that it is known to fail, by their ids; one that passes again must leave the list."""


class Identity(Model):
    """What the server calls itself in its answers."""

    name: str
    """Its name; ``{name}`` in the defaults stands for the workload's."""
    version: str | None = None
    """Its version; absent means that of its image's tag."""


class McpServer(Model):
    """What the workload is as an MCP server."""

    era: Era
    """The revisions that it speaks."""
    session: Literal["stateless", "stateful"]
    """Whether a request may come to any pod, or must come to the one that began its session."""
    transport: Literal["streamable-http", "stdio"]
    """What the program itself speaks."""
    bridge: Literal["supergateway"] | None = None
    """What serves a program on stdio over HTTP, inside of the image."""
    path: Annotated[str, Field(pattern=r"^/[a-z0-9/-]*$")] = "/mcp"
    """Where it speaks MCP."""
    identity: Identity
    """What it calls itself."""
    tools: Tools
    """Which of its tools may be called."""
    smoke_call: SmokeCall
    """A call that shows that it works."""
    conformance: Conformance
    """What the protocol's own suite asks of it."""


class Exposure(Model):
    """Where clients outside of the cluster reach the workload."""

    path: Annotated[str, Field(pattern=r"^/[a-z0-9/.-]+$")]
    """Path at the gateway's host; ``{name}`` in the defaults stands for the workload's name."""
    auth: Literal["bearer", "none"]
    """Whether the gateway asks for a token of the audience of this very path."""
    scopes: tuple[Annotated[str, Field(pattern=r"^[a-z][a-z0-9:._-]*$")], ...] = ()
    """Scopes that the token must hold."""
    reason: str = ""
    """Why anybody may come in; needed where nobody is asked for a token."""

    @model_validator(mode="after")
    def _reasoned(self) -> Self:
        if self.auth == "none" and not self.reason:
            message = "whoever is exposed to everybody says why; state a reason, or set auth to bearer"
            raise ValueError(message)
        return self


class RateLimit(Model):
    """How much the gateway lets through to the workload; more gets 429, a larger body 413."""

    requests_per_second: Annotated[int, Field(ge=1)]
    """Average for each client."""
    burst: Annotated[int, Field(ge=1)]
    """Requests that may come at once, for each client."""
    in_flight: Annotated[int, Field(ge=1)]
    """Requests under way, of all clients together."""
    body_kib: Annotated[int, Field(ge=1, le=16384)]
    """The largest body, in KiB."""
