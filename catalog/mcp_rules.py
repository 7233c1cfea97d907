"""What must hold within one MCP server, between what it speaks and how it runs."""

from collections.abc import Iterator

from catalog.mcp_server import Era, McpServer
from catalog.offence import Offence
from catalog.workload import Workload
from catalog.workload_rules import Where


def of_server(workload: Workload, where: Where) -> Iterator[Offence]:
    """Yield the rules that an MCP server breaks.

    Args:
        workload: the server; one without ``mcp`` breaks none.
        where: gives the path of a field.
    """
    if workload.mcp is None:
        return
    yield from _sessions(workload, workload.mcp, where)
    yield from _transport(workload.mcp, where)
    yield from _tools(workload.mcp, where)
    yield from _probes(workload, workload.mcp, where)
    if workload.expose is not None and workload.rate_limit is None:
        yield Offence(where(("expose",)), workload.expose.path, "what is exposed has a limit", "state rate_limit")


def _sessions(workload: Workload, mcp: McpServer, where: Where) -> Iterator[Offence]:
    session = where(("mcp", "session"))
    if mcp.session == "stateful" and mcp.era == Era.MODERN:
        rule = "the protocol of 2026-07-28 has no sessions"
        yield Offence(session, mcp.session, rule, "set session: stateless, or the era that it speaks")
    if mcp.session == "stateful" and workload.replicas.max > 1:
        rule = "a session lives in one pod, and the gateway would lead its next request to another"
        remedy = "set replicas: {min: 1, max: 1} and autoscaling: null, or make it stateless"
        yield Offence(session, f"{mcp.session} with up to {workload.replicas.max} pods", rule, remedy)


def _transport(mcp: McpServer, where: Where) -> Iterator[Offence]:
    bridge = where(("mcp", "bridge"))
    if mcp.transport == "stdio" and mcp.bridge is None:
        rule = "a program on stdio is served over HTTP by a bridge"
        yield Offence(bridge, "absent", rule, "set bridge: supergateway and bring it into the image")
    if mcp.transport != "stdio" and mcp.bridge is not None:
        yield Offence(bridge, mcp.bridge, "what speaks HTTP needs no bridge", "remove it, or set transport: stdio")
    expected = {"bridged"} if mcp.bridge else {str(mcp.era)}
    if mcp.conformance.profile not in expected:
        rule = f"a {'bridged' if mcp.bridge else mcp.era} server is asked the scenarios of its kind"
        path = where(("mcp", "conformance", "profile"))
        yield Offence(path, mcp.conformance.profile, rule, f"set profile: {', '.join(expected)}")


def _tools(mcp: McpServer, where: Where) -> Iterator[Offence]:
    for name in sorted({*mcp.tools.allow} & {*mcp.tools.deny}):
        yield Offence(where(("mcp", "tools", "deny")), name, "a tool is allowed or denied", "remove it from one list")
    if mcp.tools.at_the_edge and mcp.era != Era.MODERN:
        field = "deny" if mcp.tools.deny else "read_only"
        rule = "the gateway tells tools by headers that clients of older protocols do not send"
        remedy = "set era: modern, which refuses those clients, or leave the tool out of the server itself"
        yield Offence(where(("mcp", "tools", field)), f"era: {mcp.era}", rule, remedy)
    if mcp.smoke_call.tool not in mcp.tools.allow:
        rule = "the call that shows that it works is to an allowed tool"
        path = where(("mcp", "smoke_call", "tool"))
        yield Offence(path, mcp.smoke_call.tool, rule, f"choose one of: {', '.join(mcp.tools.allow)}")


def _probes(workload: Workload, mcp: McpServer, where: Where) -> Iterator[Offence]:
    for kind, probe in workload.probes:
        if probe is not None and probe.kind == "http" and probe.path == mcp.path:
            rule = "a probe is not aimed at the path of MCP, which answers GET with 400, 405 or 406"
            remedy = "probe /health, or set kind: tcp where the server has none"
            yield Offence(where(("probes", kind, "path")), mcp.path, rule, remedy)
