"""Where clients come in: Ingresses, and the gateways and routes of Gateway API."""

from collections.abc import Iterator, Sequence
from typing import Final

from catalog.policy import Severity
from policies.context import Context
from policies.field import Field, Problem
from policies.resources import KubernetesObject, Resource, together
from policies.rule import kubernetes, nsa, rule, soc2, stack_rule
from policies.selection import all_objects

_INGRESS: Final = "networking.k8s.io/Ingress"
_OLD_INGRESS: Final = "extensions/Ingress"
_GATEWAY: Final = "gateway.networking.k8s.io/Gateway"
_ROUTE: Final = "gateway.networking.k8s.io/HTTPRoute"
_MIDDLEWARE: Final = ("traefik.io/Middleware", "traefik.containo.us/Middleware")
_ISSUERS: Final = ("cert-manager.io/cluster-issuer", "cert-manager.io/issuer")
_ENTRANCES: Final = "traefik.ingress.kubernetes.io/router.entrypoints"
_MIDDLEWARES: Final = "traefik.ingress.kubernetes.io/router.middlewares"
_NGINX: Final = "nginx.ingress.kubernetes.io/"
_NGINX_REDIRECT: Final = f"{_NGINX}force-ssl-redirect"
_PLAIN: Final = "HTTP"


@rule(
    "K8S-ING-1",
    kubernetes(_INGRESS, _OLD_INGRESS, _GATEWAY),
    title="Every public host is served over TLS",
    severity=Severity.HIGH,
    standards=(nsa("C-0263"), soc2("CC6.7")),
    also=("ingress-host-match-tls", "require-ingress-https", "CKV_K8S_153", "tlsSettingsMissing"),
    remedy="name the host, and a certificate for it: a Secret that cert-manager keeps",
)
def encrypted(one: KubernetesObject, _: Context) -> Iterator[Problem]:
    """Tokens of clients pass here; a host that is not named answers for names of others."""
    if one.kind == "Gateway":
        for listener in one.body.items("spec", "listeners"):
            yield from _of_listener(listener)
    elif one.kind:
        yield from _of_ingress(one.body)


def _of_ingress(body: Field) -> Iterator[Problem]:
    spec = body.at("spec")
    for key in ("defaultBackend", "backend"):
        if spec.has(key, unknown=False):
            yield spec.problem("must be unset", key)
    covered = {host.text(unknown=None) for entry in spec.items("tls") for host in entry.items("hosts")}
    for entry in spec.items("rules"):
        host = entry.text("host", unknown="known")
        if not host or host.startswith("*"):
            yield entry.problem("must name one host", "host")
        elif host not in covered and None not in covered and host != "known":
            yield entry.problem("must be among the hosts of tls", "host")
    issued = any(body.has("metadata", "annotations", key, unknown=True) for key in _ISSUERS)
    for entry in spec.items("tls"):
        if not issued and not entry.text("secretName", unknown="known"):
            yield entry.problem("must name the certificate", "secretName")


def _of_listener(listener: Field) -> Iterator[Problem]:
    host = listener.text("hostname", unknown="known")
    if not host or host.startswith("*"):
        yield listener.problem("must name one host", "hostname")
    protocol = listener.text("protocol", unknown="unknown")
    if protocol in {"TCP", "UDP", None}:
        yield listener.problem("must be HTTPS or TLS, or HTTP that redirects", "protocol")
    passed_on = listener.text("tls", "mode", unknown="Passthrough") == "Passthrough"
    certificates = listener.at("tls", "certificateRefs")
    certified = certificates.items() or certificates.value not in (None, [])
    if protocol in {"HTTPS", "TLS"} and not passed_on and not certified:
        yield certificates.problem("must name the certificate")


@rule(
    "K8S-ING-2",
    kubernetes(_INGRESS, _OLD_INGRESS),
    title="No Ingress brings configuration of the web server itself",
    severity=Severity.CRITICAL,
    standards=(nsa("C-0059"), soc2("CC6.8")),
    also=("CKV_K8S_152", "CKV_K8S_153", "CKV_K8S_154"),
    remedy="remove the annotation",
)
def snippets(one: KubernetesObject, _: Context) -> Iterator[Problem]:
    """Whoever may write an Ingress runs what they like in nginx, and reads the secrets of all (CVE-2021-25742)."""
    for key, value in one.body.entries("metadata", "annotations"):
        if key.startswith(_NGINX) and key.endswith("-snippet") and value.has(unknown=False):
            yield value.problem("must be unset")


@stack_rule(
    "K8S-ING-3",
    kubernetes(_INGRESS, _OLD_INGRESS, _ROUTE),
    title="Who asks without TLS is led to it",
    severity=Severity.MEDIUM,
    standards=(soc2("CC6.7"),),
    remedy="redirect: a RequestRedirect filter to https on routes of a listener without TLS, Traefik's middleware else",
)
def redirected(resources: Sequence[Resource], _: Context) -> Iterator[Problem]:
    """A client that begins without TLS sends its token in the clear, and never notices."""
    middlewares = [*all_objects(resources, *_MIDDLEWARE)]
    for ingress in all_objects(resources, _INGRESS, _OLD_INGRESS):
        if not _leads_to_tls(ingress.body.at("metadata", "annotations"), middlewares):
            yield ingress.body.problem("must lead to TLS", "metadata", "annotations")
    gateways = [*all_objects(resources, _GATEWAY)]
    for route in all_objects(resources, _ROUTE):
        plain = any(_is_plain(parent, route, gateways) for parent in route.body.items("spec", "parentRefs"))
        for entry in route.body.items("spec", "rules") if plain else ():
            filters = entry.items("filters")
            leads = any(one.text("requestRedirect", "scheme", unknown="https") == "https" for one in filters)
            if not leads and (filters or entry.at("filters").value in (None, [])):
                yield entry.problem("must redirect to https", "filters")


def _leads_to_tls(annotations: Field, middlewares: Sequence[KubernetesObject]) -> bool:
    entrances = annotations.text(_ENTRANCES, unknown="websecure")
    if entrances == "websecure" or annotations.text(_NGINX_REDIRECT, unknown="true") == "true":
        return True
    for word in (annotations.text(_MIDDLEWARES, unknown="") or "").split(","):
        name = word.strip().removesuffix("@kubernetescrd")
        for one in middlewares:
            # Whose namespace is not known yet may have any before its name.
            near = name.endswith(f"-{one.name}") if one.namespace is None else name == f"{one.namespace}-{one.name}"
            if near and one.body.text("spec", "redirectScheme", "scheme", unknown="https") == "https":
                return True
    return False


def _is_plain(parent: Field, route: KubernetesObject, gateways: Sequence[KubernetesObject]) -> bool:
    """Return whether a parent of a route is a listener without TLS, or all listeners of a gateway that has one."""
    if (parent.text("kind", unknown="Gateway") or "Gateway") != "Gateway":
        return False
    namespace = parent.later.text("namespace", unknown=None)
    if namespace is None and parent.at("namespace").value is None:
        namespace = route.namespace
    name = parent.text("name", unknown="")
    gateway = next((one for one in gateways if one.name == name and together(one.namespace, namespace)), None)
    if gateway is None:
        parent.unreadable("its gateway is not declared beside it")
        return False
    section = parent.text("sectionName", unknown="unknown")
    return any(
        listener.text("protocol", unknown="HTTPS") == _PLAIN
        for listener in gateway.body.items("spec", "listeners")
        if section in {None, listener.text("name", unknown=section)}
    )
