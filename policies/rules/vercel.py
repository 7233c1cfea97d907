"""Sites at Vercel: what is built into what every browser gets, who sees previews, and which hosts they answer at."""

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from catalog.policy import Severity
from policies.context import Context
from policies.field import Field, Problem
from policies.resources import Resource
from policies.rule import Subjects, resources, rule, soc2, stack_rule
from policies.secrecy import mentions_secret, secret_shape

PROJECT: Final = "vercel:index/project:Project"
FIREWALL: Final = "vercel:index/firewallConfig:FirewallConfig"

_VARIABLE = "vercel:index/projectEnvironmentVariable:ProjectEnvironmentVariable"
_VARIABLES = "vercel:index/projectEnvironmentVariables:ProjectEnvironmentVariables"
_SHARED = "vercel:index/sharedEnvironmentVariable:SharedEnvironmentVariable"
_VERSION = re.compile(r"(2[0-9])\.x")
_PERMANENT = 308
_PUBLIC = ("NEXT_PUBLIC_", "VITE_", "PUBLIC_", "REACT_APP_", "NUXT_PUBLIC_", "GATSBY_", "EXPO_PUBLIC_")
"""Beginnings of variables that frameworks build into what every browser gets."""
_PROTECTIONS = ("vercelAuthentication", "passwordProtection", "trustedIps")


def _variables(resource: Resource, _: Context) -> Iterable[Field]:
    return resource.inputs.items("variables") if resource.type == _VARIABLES else (resource.inputs,)


VARIABLES: Final = Subjects(
    "variables of sites at Vercel", lambda token, _: token in {_VARIABLE, _VARIABLES, _SHARED}, _variables
)


@rule(
    "VRC-1",
    VARIABLES,
    title="Secrets are sensitive variables, in no browser, and not those of production in previews",
    severity=Severity.CRITICAL,
    standards=(soc2("CC6.1"), soc2("CC6.7")),
    remedy="move it to `secrets` of the site in catalog/sites.yaml, which only its functions get",
)
def variables(variable: Field, context: Context) -> Iterator[Problem]:
    """What a framework's prefix marks is shipped to every browser; a build of any branch reads what previews have.

    Vercel's provider marks every value as secret (additionalSecretOutputs of its SDK, 5.21), so a mark says nothing
    of a public one: what it holds is judged where that can be read, and elsewhere only what the catalog states passes,
    which is judged as it is loaded.
    """
    key = variable.text("key", unknown=None)
    sensitive = variable.flag("sensitive", unknown=None)  # type: ignore[arg-type]  # neither, where it is not known
    values = [variable.later.at(name) for name in ("value", "valueWo")]
    value = next((one for one in values if one.value is not None), values[0])
    shaped = isinstance(value.value, str) and secret_shape(value.value)
    known = isinstance(variable.at("sensitive").value, bool | None)
    if key is not None and key.startswith(_PUBLIC):
        if shaped or sensitive or _named(key):
            yield variable.problem("must hold no secret: every browser gets it", "key")
        elif not any(key in site.environment for site in context.facts.sites.sites.values()):
            value.text(unknown=None)
    elif value.secret or shaped or (key is not None and mentions_secret(key)):
        if known and not sensitive:
            yield variable.problem("must be true", "sensitive")
        if value.value is not None and value.has(unknown=False) and not value.secret:
            yield value.problem("must be a secret")
    targets = {one.text(unknown=None) for one in variable.items("targets")}
    if "production" in targets and targets & {"preview", "development"}:
        yield variable.problem("must not mix production with others", "targets")


def _named(key: str) -> bool:
    """Return whether what follows a framework's prefix names a secret."""
    rest = next(key.removeprefix(prefix) for prefix in _PUBLIC if key.startswith(prefix))
    return mentions_secret(rest)


@rule(
    "VRC-2",
    resources(PROJECT),
    title="Projects show nothing to strangers, and build nothing of theirs",
    severity=Severity.HIGH,
    standards=(soc2("CC6.1"), soc2("CC6.6"), soc2("CC6.8")),
    remedy="make it with sophia:vercel:Site, which sets all of them",
)
def projects(resource: Resource, _: Context) -> Iterator[Problem]:
    """A pull request of a stranger would be built with our variables, and previews show what is not published yet."""
    inputs = resource.inputs
    for name in ("publicSource", "directoryListing"):
        if inputs.flag(name, unknown=False):
            yield inputs.problem("must be unset or false", name)
    # One without a repository, such as a project that is taken over to be removed, builds nothing.
    if not inputs.has("gitRepository", unknown=True):
        return
    if inputs.flag("gitForkProtection", unknown=True) is not True:
        yield inputs.problem("must be true", "gitForkProtection")
    disabled = inputs.flag("previewDeploymentsDisabled", unknown=True)
    if not disabled and not any(inputs.has(name, unknown=True) for name in _PROTECTIONS):
        yield inputs.problem("must be given, or another protection of previews", "vercelAuthentication")
    if inputs.text("vercelAuthentication", "deploymentType", unknown="all_deployments") == "none":
        yield inputs.problem("must not be none", "vercelAuthentication", "deploymentType")
    if not _VERSION.fullmatch(inputs.text("nodeVersion", unknown="22.x") or ""):
        yield inputs.problem("must be a release that is supported", "nodeVersion")


@rule(
    "VRC-3",
    resources("vercel:index/projectDomain:ProjectDomain"),
    title="Sites answer at the hosts of the catalog alone, and only in the stack that owns them",
    severity=Severity.HIGH,
    standards=(soc2("CC6.6"), soc2("CC8.1")),
    remedy="name the host in catalog/sites.yaml; what leads on does so for good, with 308",
)
def domains(resource: Resource, context: Context) -> Iterator[Problem]:
    """A host that another project takes is a site of somebody else's under our name."""
    sites, inputs = context.facts.sites, resource.inputs
    hosts = {host for site in sites.sites.values() for host in site.domains}
    domain = inputs.text("domain", unknown=None)
    if domain is None and inputs.at("domain").value is None:
        yield inputs.problem("must be given", "domain")
    elif domain is not None and domain not in hosts:
        yield inputs.problem("must be a host of catalog/sites.yaml", "domain")
    elif domain is not None and context.stack != sites.owner:
        yield inputs.problem("must be made in the stack that owns the sites", "domain")
    if inputs.at("redirect").value is not None:
        code = inputs.number("redirectStatusCode", unknown=_PERMANENT)
        if code != _PERMANENT:
            yield inputs.problem("must be 308", "redirectStatusCode")


@stack_rule(
    "VRC-4",
    title="Every project that is built has a firewall",
    severity=Severity.MEDIUM,
    standards=(soc2("CC6.6"),),
    remedy="make it with sophia:vercel:Site, which gives it one",
)
def guarded(everything: Sequence[Resource], _: Context) -> Iterator[Problem]:
    """What only scanners ask for should not reach a site, nor count as its visits."""
    enabled = {
        one.parent
        for one in everything
        if one.type == FIREWALL and one.inputs.flag("enabled", unknown=True) is not False
    }
    for one in everything:
        if one.type == PROJECT and one.inputs.has("gitRepository", unknown=True) and one.parent not in enabled:
            yield one.problem("must have a FirewallConfig beside it that is enabled")
