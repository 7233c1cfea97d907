"""The objects of the gateway and of the routes behind it, as pure functions of the catalog.

Gateway API 1.5 on Traefik 3.7, whose provider takes filters of its own kind by ``ExtensionRef``.
"""

from collections.abc import Iterable, Iterator, Mapping

import yaml

import catalog
from catalog.gateway import CERTIFICATE, NAME, SITES_CERTIFICATE, Gateway
from catalog.mcp_server import Era, RateLimit
from catalog.rollout import HEADER, canary
from catalog.site import Site
from catalog.workload import Workload
from components.gateway import browsers
from components.workload.labels import PLATFORM
from components.workload.pod import Manifest

GATEWAY_API = "gateway.networking.k8s.io/v1"
"""API group and version of its objects."""
CLASS = "traefik"
"""Name of its GatewayClass."""
HOOK = "mcp-gateway"
"""The workload that says who may come in, and what clients must know to do so."""
HOOK_PORT = 8080
"""Its port (platform specification 7.1)."""
METADATA_PATH = "/.well-known/oauth-protected-resource"
"""Where clients find the metadata of a protected resource; the resource's own path follows (RFC 9728, section 3.1)."""

AUTH = "auth"
"""Middleware that asks the hook about a request that is small by what it says of itself."""
MEASURING_AUTH = "auth-and-size"
"""Middleware that asks the hook about any other, however much of a body there is."""
BREAKER = "circuit-breaker"
"""Middleware that spares a server that fails."""
CLIENT_HEADER = "X-Sophia-Client"
"""Whom the hook has recognised; limits count by it."""

_TRAEFIK_CONTROLLER = "traefik.io/gateway-controller"


def traefik_values(gateway: Gateway, *, replicas: int, taints: Iterable[str]) -> str:
    """Return the values that K3s' chart of Traefik is given.

    Args:
        gateway: where clients come in.
        replicas: pods of Traefik.
        taints: keys of the taints of the nodes at whose addresses it is reached.
    """
    values: Manifest = {
        "deployment": {"replicas": replicas},
        "providers": {
            "kubernetesIngress": {"enabled": False},
            "kubernetesGateway": {"enabled": True},
        },
        # Ours, so that they are in plans and in drift.
        "gateway": {"enabled": False},
        "gatewayClass": {"enabled": False},
        "ports": {
            "web": {"port": gateway.entrypoints.web},
            "websecure": {"port": gateway.entrypoints.websecure},
        },
        "service": {"annotations": {"svccontroller.k3s.cattle.io/tolerations": _tolerations(taints)}},
        "global": {"checkNewVersion": False, "sendAnonymousUsage": False},
        # Its dashboard is reached by nobody.
        "api": {"dashboard": False},
        "resources": {"requests": {"cpu": "100m", "memory": "64Mi"}, "limits": {"memory": "256Mi"}},
    }
    return yaml.safe_dump(values, sort_keys=True)


def _tolerations(taints: Iterable[str]) -> str:
    return yaml.safe_dump([{"key": key, "operator": "Exists"} for key in sorted(taints)], sort_keys=True)


def gateway_class() -> Manifest:
    """Return the spec of the GatewayClass."""
    return {"controllerName": _TRAEFIK_CONTROLLER}


def gateway(stack: catalog.Stack) -> Manifest:
    """Return the spec of the Gateway: plain HTTP and HTTPS at each host, for routes of the platform's namespaces."""
    allowed = {"namespaces": {"from": "Selector", "selector": {"matchLabels": PLATFORM}}}
    ports = stack.gateway.entrypoints
    listeners: list[Manifest] = []
    for host, certificate in {stack.host: CERTIFICATE, **dict.fromkeys(stack.site_hosts, SITES_CERTIFICATE)}.items():
        common = {"hostname": host, "allowedRoutes": allowed}
        tls = {"mode": "Terminate", "certificateRefs": [{"group": "", "kind": "Secret", "name": certificate}]}
        web, websecure = _listener(stack, "web", host), _listener(stack, "websecure", host)
        listeners += [
            {"name": web, "protocol": "HTTP", "port": ports.web, **common},
            {"name": websecure, "protocol": "HTTPS", "port": ports.websecure, "tls": tls, **common},
        ]
    return {"gatewayClassName": CLASS, "listeners": listeners}


def _listener(stack: catalog.Stack, kind: str, host: str) -> str:
    """Return the name of a host's listener; those of the gateway's own host have the kind's alone."""
    below = stack.zone.below(host).replace(".", "-") or "apex"
    return kind if host == stack.host else f"{kind}-{below}"


def _parents(stack: catalog.Stack, kind: str, hosts: Iterable[str]) -> list[Manifest]:
    return [_parent(stack.gateway, _listener(stack, kind, host)) for host in hosts]


def redirect(stack: catalog.Stack) -> Manifest:
    """Return the spec of the HTTPRoute that leads plain HTTP to HTTPS."""
    filters = [{"type": "RequestRedirect", "requestRedirect": {"scheme": "https", "port": 443, "statusCode": 301}}]
    hosts = [stack.host, *stack.site_hosts]
    return {
        "parentRefs": _parents(stack, "web", hosts),
        "hostnames": hosts,
        "rules": [{"matches": [_path("PathPrefix", "/")], "filters": filters}],
    }


def site_route(stack: catalog.Stack, site: Site, server: Workload) -> Manifest:
    """Return the spec of the HTTPRoute of a site: all that its hosts are asked for, but for those that lead on.

    Args:
        stack: the stack that owns the sites.
        site: the site.
        server: the workload that serves it.
    """
    hosts = [host for host, domain in site.domains.items() if not domain.redirect]
    return {
        "parentRefs": _parents(stack, "websecure", hosts),
        "hostnames": hosts,
        "rules": [
            {
                "matches": [_path("PathPrefix", "/")],
                "filters": [_extension(browsers.SITES)],
                "backendRefs": [_backend(server.object_name, server.ports[0].port)],
            }
        ],
    }


def host_redirect(stack: catalog.Stack, host: str, target: str) -> Manifest:
    """Return the spec of the HTTPRoute that leads visitors of one host on to another, for good.

    Args:
        stack: the stack that owns the sites.
        host: the host.
        target: the other one.
    """
    led = {"scheme": "https", "hostname": target, "port": 443, "statusCode": 308}
    return {
        "parentRefs": _parents(stack, "websecure", [host]),
        "hostnames": [host],
        "rules": [
            {
                "matches": [_path("PathPrefix", "/")],
                "filters": [_extension(browsers.SITES), {"type": "RequestRedirect", "requestRedirect": led}],
            }
        ],
    }


def middlewares(stack: catalog.Stack, hook: str) -> Mapping[str, Manifest]:
    """Return the specs of the Middlewares that routes are led through, by name.

    Args:
        stack: the stack: each limit of its exposed workloads has Middlewares of its own.
        hook: URL of the hook that is asked whether a request may go on.
    """
    limits = {workload.rate_limit for workload in stack.workloads if workload.expose and workload.rate_limit}
    asked = {
        "address": hook,
        "authResponseHeaders": [CLIENT_HEADER],
        "maxResponseBodySize": 65536,
        "trustForwardHeader": False,
        # Also so that a body is read before it is passed on: an answer that streams is cut off where it begins while
        # Traefik still waits for the end of the body.
        "forwardBody": True,
    }
    largest = max((limit.body_kib for limit in limits), default=1)
    return {
        # What it is asked about says how large it is, and is small.
        AUTH: {"forwardAuth": {**asked, "maxBodySize": -1}},
        # The hook refuses what is too large; what is larger by far, Traefik does, with 401.
        MEASURING_AUTH: {"forwardAuth": {**asked, "maxBodySize": 2048 * largest}},
        # From Traefik's documentation: what does not answer, or answers only errors, is left alone for a while.
        browsers.GATEWAY: browsers.of_gateway(stack),
        BREAKER: {
            "circuitBreaker": {
                "expression": "NetworkErrorRatio() > 0.30 || ResponseCodeRatio(500, 600, 0, 600) > 0.30",
                "checkPeriod": "1s",
                "fallbackDuration": "5s",
                "recoveryDuration": "10s",
            }
        },
        **{_rate(limit): _rate_spec(limit) for limit in limits},
        **{_in_flight(limit): _in_flight_spec(limit) for limit in limits},
    }


def _rate(limit: RateLimit) -> str:
    return f"rate-{limit.requests_per_second}-burst-{limit.burst}-a-second"


def _rate_spec(limit: RateLimit) -> Manifest:
    by_client = {"requestHeaderName": CLIENT_HEADER}
    return {
        "rateLimit": {
            "average": limit.requests_per_second,
            "burst": limit.burst,
            "period": "1s",
            "sourceCriterion": by_client,
        }
    }


def _in_flight(limit: RateLimit) -> str:
    return f"at-most-{limit.in_flight}-in-flight"


def _in_flight_spec(limit: RateLimit) -> Manifest:
    return {"inFlightReq": {"amount": limit.in_flight, "sourceCriterion": {"requestHost": True}}}


def route(stack: catalog.Stack, workload: Workload, service: str) -> Manifest:
    """Return the spec of a workload's HTTPRoute: its own path and what clients must know of it, and nothing else.

    Health, metrics and every other path of the workload are not published.

    Args:
        stack: the stack.
        workload: a workload that is exposed.
        service: name of its Service.

    Raises:
        ValueError: it is not exposed.
    """
    expose, limit, mcp = workload.expose, workload.rate_limit, workload.mcp
    if expose is None or limit is None:
        msg = f"{workload.name} is not exposed"
        raise ValueError(msg)
    port = workload.ports[0].port
    legacy = mcp is not None and mcp.era != Era.MODERN
    methods = ("POST", "GET", "DELETE") if legacy else ("POST",)
    inside = mcp.path if mcp else expose.path
    rewrite = {"type": "URLRewrite", "urlRewrite": {"path": {"type": "ReplaceFullPath", "replaceFullPath": inside}}}

    def through(auth: str) -> list[Manifest]:
        return [_extension(name) for name in (browsers.GATEWAY, auth, _rate(limit), _in_flight(limit), BREAKER)]

    def rules(backends: list[Manifest], *headers: Manifest) -> Iterator[Manifest]:
        for auth, asked, said in ((AUTH, ("POST",), [_small(limit)]), (MEASURING_AUTH, methods, [])):
            wanted = [*headers, *said]
            shown = {"headers": wanted} if wanted else {}
            yield {
                "matches": [{**_path("Exact", expose.path), "method": method, **shown} for method in asked],
                "filters": [*through(auth), rewrite],
                "backendRefs": backends,
            }

    backends, picked = [_backend(service, port)], []
    if workload.rollout and (following := canary(workload)):
        weight, candidate = workload.rollout.weight, following.object_name
        backends = [{**backends[0], "weight": 100 - weight}, {**_backend(candidate, port), "weight": weight}]
        versions = ((workload.image.tag, service), (following.image.tag, candidate))
        picked = [rule for tag, name in versions for rule in rules([_backend(name, port)], _version(tag))]
    # The first of them answers; were that ever to change, no question would pass the others by.
    asked = {"matches": [_asked_before(expose.path)], "filters": through(MEASURING_AUTH), "backendRefs": backends}
    known = {
        "matches": [{**_path("Exact", f"{METADATA_PATH}{expose.path}"), "method": "GET"}],
        "filters": [_extension(browsers.GATEWAY)],
        "backendRefs": [_backend(HOOK, HOOK_PORT)],
    }
    return {
        "parentRefs": [_parent(stack.gateway, "websecure")],
        "hostnames": [stack.host],
        "rules": [*picked, *rules(backends), asked, *([known] if expose.auth == "bearer" else [])],
    }


def _parent(gateway: Gateway, section: str) -> Manifest:
    return {
        "group": "gateway.networking.k8s.io",
        "kind": "Gateway",
        "name": NAME,
        "namespace": gateway.namespace,
        "sectionName": section,
    }


def _path(kind: str, value: str) -> Manifest:
    return {"path": {"type": kind, "value": value}}


def _version(tag: str) -> Manifest:
    return {"type": "Exact", "name": HEADER, "value": tag}


def _small(limit: RateLimit) -> Manifest:
    """Match a request that says its length, of fewer digits than the limit; HTTP holds it to what it says.

    Where Traefik 3.7 has to limit a body, it takes as much memory as that may have before it reads one byte
    (``readBodyBytes`` of its forward.go): collecting that was most of what the gateway added to the 95th percentile.
    """
    digits = len(str(1024 * limit.body_kib)) - 1
    return {"type": "RegularExpression", "name": "Content-Length", "value": f"^[0-9]{{1,{digits}}}$"}


def _backend(name: str, port: int) -> Manifest:
    return {"group": "", "kind": "Service", "name": name, "port": port, "weight": 1}


def _extension(name: str) -> Manifest:
    return {"type": "ExtensionRef", "extensionRef": {"group": "traefik.io", "kind": "Middleware", "name": name}}


def _asked_before(path: str) -> Manifest:
    """Match what a browser asks before it lets a page ask: what has both headers, Traefik answers by itself."""
    names = ("Origin", "Access-Control-Request-Method")
    said = [{"type": "RegularExpression", "name": name, "value": ".+"} for name in names]
    return {**_path("Exact", path), "method": "OPTIONS", "headers": said}


def issuers(stack: catalog.Stack) -> Mapping[str, Manifest]:
    """Return the specs of the Issuers, by name: the last one signs the gateway's certificate."""
    if stack.issuer == "acme":
        parents = _parents(stack, "web", [stack.host, *stack.site_hosts])
        solver = {"http01": {"gatewayHTTPRoute": {"parentRefs": parents}}}
        acme = stack.gateway.acme
        key = {"name": "acme-account"}
        spec = {
            "server": acme.server,
            "email": acme.email,
            "privateKeySecretRef": key,  # pragma: allowlist secret
            "solvers": [solver],
        }
        return {"acme": {"acme": spec}}
    return {"self-signed": {"selfSigned": {}}, "own-ca": {"ca": {"secretName": "own-ca"}}}  # pragma: allowlist secret


def certificates(stack: catalog.Stack) -> Mapping[str, Manifest]:
    """Return the specs of the Certificates, by name."""
    hours = f"{24 * stack.gateway.certificate_days}h0m0s"
    key = {"algorithm": "ECDSA", "size": 256, "rotationPolicy": "Always"}
    signer = "acme" if stack.issuer == "acme" else "own-ca"
    own = {
        called: {
            "secretName": secret,
            "dnsNames": hosts,
            "privateKey": key,
            "usages": ["digital signature", "key encipherment", "server auth"],
            "issuerRef": {"group": "cert-manager.io", "kind": "Issuer", "name": signer},
            **({} if stack.issuer == "acme" else {"duration": hours}),
        }
        for called, secret, hosts in (
            ("gateway", CERTIFICATE, [stack.host]),
            ("sites", SITES_CERTIFICATE, [*stack.site_hosts]),
        )
        if hosts
    }
    if stack.issuer == "acme":
        return own
    authority = {
        "isCA": True,
        "commonName": f"{stack.host} own authority",
        "secretName": "own-ca",  # pragma: allowlist secret
        "duration": "87600h0m0s",
        "privateKey": key,
        "issuerRef": {"group": "cert-manager.io", "kind": "Issuer", "name": "self-signed"},
    }
    return {"own-ca": authority, **own}
