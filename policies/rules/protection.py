"""What holds data or cannot be had again is not deleted by mistake, nor hidden from policies and drift."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from catalog.policy import Severity
from policies.context import Context
from policies.field import Problem
from policies.resources import Resource
from policies.rule import Subjects, resources, rule, soc2, stack_rule

_HELD: Final = (
    "lambda-cloud:index:Filesystem",
    "lambda-cloud:index:GlobalFirewallRuleset",
    "lambda-cloud:index:Instance",
    "lambda-cloud:index:SshKey",
    "weaviate:index:Collection",
)
HELD: Final = resources(*_HELD)

_GUARDING: Final[Mapping[str, tuple[str, ...]]] = {
    "lambda-cloud:index:FirewallRuleset": ("rules",),
    "lambda-cloud:index:GlobalFirewallRuleset": ("rules", "unmanagedRules"),
    "lambda-cloud:index:Instance": ("deletionProtection", "firewallRulesetIds", "sshKeyName"),
    "host:index:": ("*",),
    "command:": ("connection", "create", "delete", "logging"),
    "weaviate:index:Collection": ("deletionProtection",),
    "weaviate:index:Role": ("permissions",),
    "weaviate:index:User": ("roles",),
    "kubernetes:apps/": ("spec",),
    "kubernetes:batch/": ("spec",),
    "kubernetes:core/v1:Namespace": ("metadata",),
    "kubernetes:core/v1:Pod": ("spec",),
    "kubernetes:core/v1:Secret": ("data", "stringData"),
    "kubernetes:core/v1:Service": ("spec",),
    "kubernetes:core/v1:ServiceAccount": ("automountServiceAccountToken",),
    "kubernetes:gateway.networking.k8s.io/": ("spec",),
    "kubernetes:networking.k8s.io/": ("spec",),
    "kubernetes:rbac.authorization.k8s.io/": ("roleRef", "rules", "subjects"),
    "kubernetes:traefik.io/": ("spec",),
    "rfc2136:index:Zone": ("records",),
    "vercel:index/dnsRecord:": ("value",),
    "vercel:index/projectEnvironmentVariable": ("sensitive", "targets", "variables"),
}
"""What policies judge, by the beginning of types; ``*`` for all of it."""

_PARTS = re.compile(r"[^.\[\]\"']+")
_COUNTED = ("spec.replicas",)
"""What an autoscaler sets, and nobody judges by."""


def _guarding(token: str) -> tuple[str, ...]:
    return next((names for beginning, names in _GUARDING.items() if token.startswith(beginning)), ())


GUARDED: Final = Subjects(
    "what policies judge by fields that guard something",
    lambda token, _: bool(_guarding(token)),
    lambda resource, _: (resource,),
)

CLUSTERED: Final = resources("kubernetes:*", "host:index:*", "weaviate:index:*", "rfc2136:index:*")


@rule(
    "PROT-1",
    HELD,
    title="What holds data or cannot be had again is protected",
    severity=Severity.HIGH,
    standards=(soc2("A1.2"), soc2("CC6.5"), soc2("CC8.1")),
    remedy="set protect to true; to delete it one day is a change of its own",
)
def protected(resource: Resource, _: Context) -> Iterator[Problem]:
    """A renamed component, or a name that was taken out of a list, would take the data with it."""
    if not resource.options.flag("protect", unknown=True):
        yield resource.options.problem("must be true", "protect")


@stack_rule(
    "PROT-4",
    title="Sites that names lead to are protected",
    severity=Severity.HIGH,
    standards=(soc2("A1.2"), soc2("CC6.5")),
    remedy="make them with sophia:sites:Sites, which protects them while Vercel serves them",
)
def serving(everything: Sequence[Resource], _: Context) -> Iterator[Problem]:
    """A project that is gone takes its hosts with it, and somebody else may take these."""
    for sites in everything:
        if sites.type == "sophia:sites:Sites":
            first = next((one.text(unknown=None) for one in sites.inputs.items("served_by")), None)
            # Names lead to the cluster: what is left at Vercel may go.
            if first not in {None, "vercel"}:
                return
    for one in everything:
        # A project without a repository is one that is taken over to be removed.
        project = one.type == "vercel:index/project:Project" and one.inputs.has("gitRepository", unknown=True)
        domain = one.type == "vercel:index/projectDomain:ProjectDomain"
        if (project or domain) and not one.options.flag("protect", unknown=True):
            yield one.options.problem("must be true", "protect")


@rule(
    "PROT-2",
    HELD,
    title="Nothing that holds data is deleted before its replacement is there",
    severity=Severity.HIGH,
    standards=(soc2("A1.2"),),
    remedy="let it be replaced after, or protect it, so that it is never replaced unasked",
)
def replaced(resource: Resource, _: Context) -> Iterator[Problem]:
    """What cannot be made anew, for want of capacity or of a name, is then gone."""
    options = resource.options
    # The engine refuses to replace what is protected. That comes first: not every state tells the other.
    if not options.flag("protect", unknown=False) and options.flag("deleteBeforeReplace", unknown=False):
        yield options.problem("must be false unless it is protected", "deleteBeforeReplace")


@rule(
    "PROT-3",
    GUARDED,
    title="Nothing that policies judge is hidden from the engine",
    severity=Severity.HIGH,
    standards=(soc2("CC7.1"), soc2("CC8.1")),
    remedy="take the path out of ignoreChanges; for a deviation that is borne for a while: catalog/drift_ignores.yaml",
)
def watched(resource: Resource, _: Context) -> Iterator[Problem]:
    """Whatever is ignored keeps its last value, while policies judge, and drift compares, what is written down."""
    if resource.provider is None:
        # A manifest, which no engine ignores anything of.
        return
    names = _guarding(resource.type)
    for one in resource.options.items("ignoreChanges"):
        path = one.text(unknown=None)
        if path is None or path in _COUNTED:
            continue
        first = next(iter(_PARTS.findall(path)), "*")
        if "*" in {first, *names} or first in names:
            yield one.problem("must not cover what policies judge")


@rule(
    "PROV-1",
    CLUSTERED,
    title="What acts on a cluster, a host, a store or a zone is told which one",
    severity=Severity.HIGH,
    standards=(soc2("CC6.1"), soc2("CC8.1")),
    remedy="pass the component's provider: opts=ResourceOptions(provider=...)",
)
def provided(resource: Resource, _: Context) -> Iterator[Problem]:
    """The default one takes whatever the shell's own kubeconfig or variables lead to, which may be another stack's."""
    if resource.provider == "":
        yield resource.problem("must have an explicit provider")
