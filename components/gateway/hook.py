"""What the gateway's hook is told: who may come in to which server, and to which of its tools."""

import json
from typing import Any

import catalog
from catalog.gateway import VERIFIER
from catalog.mcp_server import Era
from catalog.workload import Workload

FILE = "gateway.json"
"""The file that the hook reads, in its folder below /etc."""

_PROTOCOL = "2026-07-28"
"""The revision of MCP whose clients name methods and tools in headers."""
_API_SERVER = "https://kubernetes.default.svc"
_ISSUER = "https://kubernetes.default.svc.cluster.local"
"""What tokens of ServiceAccounts say of who issued them (K3s' --service-account-issuer)."""
_ACCOUNT = "/var/run/secrets/kubernetes.io/serviceaccount"
"""Where a pod finds the token of its own ServiceAccount, and whom to trust."""


def configuration(stack: catalog.Stack, namespace: str) -> str:
    """Return the file of the hook, as JSON.

    Args:
        stack: the stack: its exposed workloads.
        namespace: namespace of the ServiceAccount whose tokens are taken.
    """
    resources = {one.expose.path: resource(stack, one) for one in stack.workloads if one.expose}
    scopes = sorted({scope for one in stack.workloads if one.expose for scope in one.expose.scopes})
    issuer = {
        "url": _ISSUER,
        "keys": f"{_API_SERVER}/openid/v1/jwks",
        "authority": f"{_ACCOUNT}/ca.crt",
        "credential": f"{_ACCOUNT}/token",
        "grants": {f"system:serviceaccount:{namespace}:{VERIFIER}": scopes},
    }
    return json.dumps({"issuers": [issuer], "resources": resources}, indent=1, sort_keys=True) + "\n"


def resource(stack: catalog.Stack, workload: Workload) -> dict[str, Any]:
    """Return what the hook is told of one exposed workload.

    Raises:
        ValueError: it is not exposed.
    """
    expose, limit, mcp = workload.expose, workload.rate_limit, workload.mcp
    if expose is None or limit is None:
        msg = f"{workload.name} is not exposed"
        raise ValueError(msg)
    told: dict[str, Any] = {
        "url": f"{stack.url}{expose.path}",
        "name": workload.title,
        "open": expose.auth == "none",
        "scopes": list(expose.scopes),
        "body_limit": 1024 * limit.body_kib,
    }
    if mcp is not None and mcp.era == Era.MODERN:
        told["protocol"] = _PROTOCOL
    if mcp is not None and mcp.tools.at_the_edge:
        told["tools"] = sorted(stack.callable_tools(workload))
    return told
