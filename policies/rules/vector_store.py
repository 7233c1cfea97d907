"""The vector store: who comes in, what its roles may do, and that its collections are kept."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from catalog.policy import Severity
from policies.context import Context
from policies.field import Field, Problem
from policies.pods import PODS, Pod
from policies.resources import KubernetesObject, Resource, objects, together
from policies.rule import resources, rule, soc2, stack_rule
from policies.secrecy import mentions_secret

COLLECTION: Final = "weaviate:index:Collection"

_ADMINISTERING: Final = frozenset(
    {
        *("create_roles", "update_roles", "delete_roles", "read_roles", "manage_roles"),
        *("create_users", "update_users", "delete_users", "assign_and_revoke_users", "manage_users"),
        *("update_cluster", "manage_cluster"),
    }
)
_TRUE: Final = frozenset({"true", "1", "on", "enabled"})
_FALSE: Final = frozenset({"false", "0", "off", "disabled"})


def _is_server(container: Field) -> bool:
    """Return whether a container is Weaviate's server, by the last part of its image's name."""
    image = (container.text("image", unknown="") or "").partition("@")[0]
    return image.rpartition("/")[2].partition(":")[0] == "weaviate"


class Environment:
    """The variables of a container as far as they are declared: its own, and those of ConfigMaps.

    Args:
        container: the container.
        maps: the ConfigMaps of its namespace by name.
    """

    def __init__(self, container: Field, maps: Mapping[str, KubernetesObject]) -> None:
        self._container = container
        self._values: dict[str, Field] = {}
        self._of_secrets: set[str] = set()
        for source in container.items("envFrom"):
            name = source.text("configMapRef", "name", unknown=None)
            if name is None:
                continue
            if name in maps:
                self._values |= dict(maps[name].body.at("data").entries())
            else:
                source.unreadable("its ConfigMap is not declared here")
        for entry in container.items("env"):
            called = entry.text("name", unknown=None)
            if called is None:
                continue
            self._values[called] = entry.at("value")
            if entry.has("valueFrom", "secretKeyRef", unknown=False):
                self._of_secrets.add(called)

    def says(self, name: str, words: frozenset[str], *, unknown: bool) -> bool:
        """Return whether a variable is one of some words; what cannot be read is noted."""
        value = self._values.get(name)
        if value is None:
            return False
        text = value.text(unknown=None)
        if text is None:
            return unknown if value.value is not None else False
        return text.strip().lower() in words

    def stands(self, name: str) -> bool:
        """Return whether a variable's value is written down in plain."""
        return name in self._values and name not in self._of_secrets and not self._values[name].secret

    def problem(self, message: str, name: str) -> Problem:
        """Return what is wrong with a variable, where it is or should be."""
        return (self._values.get(name) or self._container.at("env")).problem(message)


@stack_rule(
    "WVT-1",
    title="The vector store lets in only whom it knows, for what their role allows",
    severity=Severity.CRITICAL,
    standards=(soc2("CC6.1"), soc2("CC6.3")),
    remedy="keep the settings of catalog/data/weaviate.yaml; keys come from a Secret",
)
def server(everything: Sequence[Resource], context: Context) -> Iterator[Problem]:
    """Its default lets anybody read, write and delete everything."""
    found = [one for resource in everything if resource.type.startswith("kubernetes:") for one in objects(resource)]
    maps = [one for one in found if one.kind == "ConfigMap" and not one.group]
    for resource in everything:
        if not PODS.covers(resource.type, context):
            continue
        for pod in PODS.find(resource, context):
            yield from _servers(pod, maps)


def _servers(pod: Pod, maps: Sequence[KubernetesObject]) -> Iterator[Problem]:
    for container in pod.containers("containers"):
        if not _is_server(container):
            continue
        near = [one for one in maps if together(one.namespace, pod.object.namespace)]
        told = Environment(container, {one.body.text("metadata", "name", unknown=None) or "": one for one in near})
        if not told.says("AUTHENTICATION_ANONYMOUS_ACCESS_ENABLED", _FALSE, unknown=True):
            yield told.problem("must be false", "AUTHENTICATION_ANONYMOUS_ACCESS_ENABLED")
        ways = [told.says(f"AUTHENTICATION_{way}_ENABLED", _TRUE, unknown=True) for way in ("APIKEY", "OIDC")]
        if not any(ways):
            yield told.problem("must be true, or OIDC be enabled", "AUTHENTICATION_APIKEY_ENABLED")
        kept = [told.says(f"AUTHORIZATION_{way}_ENABLED", _TRUE, unknown=True) for way in ("RBAC", "ADMINLIST")]
        if not any(kept):
            yield told.problem("must be true", "AUTHORIZATION_RBAC_ENABLED")
        for name in ("AUTHENTICATION_OIDC_INSECURE_SKIP_TLS_VERIFY", "AUTHORIZATION_RBAC_IP_IN_AUDIT_LOG_DISABLED"):
            if told.says(name, _TRUE, unknown=False):
                yield told.problem("must not be true", name)
        if told.stands("AUTHENTICATION_APIKEY_ALLOWED_KEYS"):
            yield told.problem("must come from a Secret", "AUTHENTICATION_APIKEY_ALLOWED_KEYS")


@rule(
    "WVT-2",
    resources(COLLECTION),
    title="Collections are not deleted by mistake",
    severity=Severity.HIGH,
    standards=(soc2("A1.2"),),
    remedy="make it with sophia:weaviate:Memory, which protects it where what is in it must last",
)
def kept(resource: Resource, _: Context) -> Iterator[Problem]:
    """What agents have learnt cannot be had again."""
    inputs = resource.inputs
    if inputs.flag("deletionProtection", unknown=True) is not True:
        yield inputs.problem("must be true", "deletionProtection")
    factor = inputs.number("replication", "factor", unknown=None)
    if factor is not None and factor < 1:
        yield inputs.problem("must be 1 or more", "replication", "factor")


@rule(
    "WVT-4",
    resources(COLLECTION),
    title="Collections hold no keys of models",
    severity=Severity.HIGH,
    standards=(soc2("CC6.1"),),
    remedy="remove it: keys of models are headers of whoever asks",
)
def keyless(resource: Resource, _: Context) -> Iterator[Problem]:
    """A collection's settings are shown to whoever may read it."""
    inputs = resource.inputs
    modules = [vector for _, vector in inputs.entries("vectors")]
    for module in (*modules, inputs.at("vector"), inputs.at("generative"), inputs.at("reranker")):
        for name, value in module.entries("settings"):
            if mentions_secret(name) and value.value is not None:
                yield value.problem("must be unset")


@rule(
    "WVT-3",
    resources("weaviate:index:Role", "weaviate:index:User"),
    title="Roles of programs administer nothing, and keys of users are secrets",
    severity=Severity.HIGH,
    standards=(soc2("CC6.1"), soc2("CC6.3")),
    remedy="what administers is the administrator's own key, which the engine alone has",
)
def roles(resource: Resource, _: Context) -> Iterator[Problem]:
    """A program that may make users and roles may do everything."""
    for permission in resource.inputs.items("permissions"):
        action = permission.text("action", unknown=None)
        if action in _ADMINISTERING:
            yield permission.problem("must administer neither users, roles nor the cluster", "action")
    if resource.type == "weaviate:index:User":
        marked = {one.text(unknown="apiKey") for one in resource.options.items("additionalSecretOutputs")}
        if "apiKey" not in marked:
            yield resource.options.problem("must hold apiKey", "additionalSecretOutputs")
        for role in resource.inputs.items("roles"):
            if role.text(unknown=None) in {"root", "admin"}:
                yield role.problem("must not be a role that may do everything")
