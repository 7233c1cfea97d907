"""MCP servers that clients reach: who may call them, how often, at which host, and which tools they have."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from catalog.policy import Severity
from policies.context import Context
from policies.field import Field, Problem
from policies.resources import KubernetesObject, Resource, objects, together
from policies.rule import kubernetes, resources, rule, soc2, stack_rule

ROUTE: Final = "gateway.networking.k8s.io/HTTPRoute"
ROUTES: Final = kubernetes(ROUTE)
LISTENING: Final = kubernetes(ROUTE, "gateway.networking.k8s.io/Gateway")

_MIDDLEWARES = ("traefik.io/Middleware",)
_WORKLOAD = "sophia.ai/workload"


@rule(
    "MCP-1",
    LISTENING,
    title="The gateway answers at named hosts alone",
    severity=Severity.HIGH,
    standards=(soc2("CC6.6"),),
    remedy="name the hosts, as catalog/gateway.yaml does",
)
def hosts(one: KubernetesObject, _: Context) -> Iterator[Problem]:
    """A route without a host, or with a wildcard, answers at whatever name leads to the machine."""
    spec = one.body.at("spec")
    if one.kind == "HTTPRoute" or not one.kind:
        names = spec.items("hostnames")
        if not names and spec.at("hostnames").value in (None, []) and not one.partial:
            yield spec.problem("must name the hosts", "hostnames")
        for name in names:
            if "*" in (name.text(unknown="") or ""):
                yield name.problem("must not be a wildcard")
    if one.kind == "Gateway" or not one.kind:
        for listener in spec.items("listeners"):
            host = listener.text("hostname", unknown="-")
            if not host or "*" in host:
                yield listener.problem("must be given, and no wildcard", "hostname")


Middlewares = Mapping[str, Sequence[KubernetesObject]]
"""Middlewares by name."""


def _middlewares(everything: Sequence[Resource]) -> Middlewares:
    found: dict[str, list[KubernetesObject]] = {}
    for resource in everything:
        if resource.type.startswith("kubernetes:traefik.io/"):
            for one in objects(resource):
                if one.is_of(_MIDDLEWARES):
                    found.setdefault(one.body.text("metadata", "name", unknown=None) or "", []).append(one)
    return found


def _servers(everything: Sequence[Resource], context: Context) -> Iterator[tuple[str, KubernetesObject]]:
    """Yield the routes of MCP servers, with the server's name; one whose labels are not known may be one."""
    for resource in everything:
        if resource.type.startswith("kubernetes:gateway.networking.k8s.io/"):
            for one in objects(resource):
                if one.is_of((ROUTE,)):
                    label = one.body.at("metadata", "labels", _WORKLOAD)
                    name = label.text(unknown="")
                    if name in context.facts.mcp or name == "":
                        yield name or "", one


def _led(one: KubernetesObject) -> Iterator[Field]:
    """Yield the rules of a route that lead to its own server, not to the gateway's hook."""
    for told in one.body.items("spec", "rules"):
        backends = {backend.text("name", unknown="-") for backend in told.items("backendRefs")}
        if backends and backends != {"mcp-gateway"}:
            yield told


def _goes_through(told: Field, what: str, route: KubernetesObject, made: Middlewares) -> bool:
    """Return whether a rule leads through a Middleware of a kind; True where that cannot be read, which is noted."""
    for one in told.items("filters"):
        name = one.text("extensionRef", "name", unknown=None)
        if name is None and one.at("extensionRef", "name").value is not None:
            return True
        for middleware in made.get(name or "", ()):
            near = together(middleware.namespace, route.namespace)
            if near and middleware.body.has("spec", what, unknown=True):
                return True
    return not (told.at("filters").value is None or isinstance(told.at("filters").value, list))


@stack_rule(
    "MCP-2",
    title="Every MCP server that clients reach asks who they are",
    severity=Severity.CRITICAL,
    standards=(soc2("CC6.1"), soc2("CC6.6")),
    remedy="set expose.auth to bearer in its entry; `none` needs an expose.reason there",
    exemptible=False,
)
def authorized(everything: Sequence[Resource], context: Context) -> Iterator[Problem]:
    """Its tools act with the platform's own keys: whoever may call them has these rights."""
    made = _middlewares(everything)
    for name, route in _servers(everything, context):
        server = context.facts.mcp.get(name)
        if server and server.expose and server.expose.auth == "none" and server.expose.reason:
            continue
        for told in _led(route):
            if not _goes_through(told, "forwardAuth", route, made):
                yield told.problem("must lead through a Middleware with forwardAuth", "filters")


@stack_rule(
    "MCP-3",
    title="Every MCP server that clients reach has a limit of requests",
    severity=Severity.MEDIUM,
    standards=(soc2("A1.1"), soc2("CC6.6")),
    remedy="state rate_limit in its entry, or leave it to catalog/mcp/_defaults.yaml",
)
def limited(everything: Sequence[Resource], context: Context) -> Iterator[Problem]:
    """One client in a loop uses up what the services behind a server allow the platform."""
    made = _middlewares(everything)
    for _name, route in _servers(everything, context):
        for told in _led(route):
            if not _goes_through(told, "rateLimit", route, made):
                yield told.problem("must lead through a Middleware with rateLimit", "filters")


@rule(
    "MCP-4",
    resources("sophia:workload:Workload"),
    title="The tools of every MCP server are locked",
    severity=Severity.HIGH,
    standards=(soc2("CC8.1"), soc2("CC6.8")),
    remedy="run `./sophia lock tools STACK`, and have catalog/lock/tools.json reviewed",
)
def locked(resource: Resource, context: Context) -> Iterator[Problem]:
    """A tool that changes what it does, or says of itself, is how a server is turned against those who call it."""
    name = resource.inputs.text("workload", unknown=None)
    if resource.inputs.at("workload").value is None:
        yield resource.inputs.problem("must be given", "workload")
    elif name in context.facts.mcp and not context.facts.surface.get(name or ""):
        yield resource.inputs.problem("must be a server with tools in catalog/lock/tools.json", "workload")
