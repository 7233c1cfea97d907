"""What must hold between the zone, the sites, the gateways and the machines."""

import math
import re
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping

from catalog import references
from catalog.gateway import Gateway
from catalog.machine import Machine
from catalog.offence import Offence
from catalog.site import Site, Sites, server_of
from catalog.zone import Zone

Where = Callable[[str], str]
"""Gives the path of a field of one file."""

_REQUIRED = (
    "Strict-Transport-Security",
    "X-Frame-Options",
    "X-Content-Type-Options",
    "Referrer-Policy",
    "Content-Security-Policy",
)
"""What the table of headers has (platform specification 3.4)."""
_PLACE = re.compile(r"\{([^{}]*)\}")
_SECRET_NAME = re.compile(r"(^|_)(TOKEN|SECRET|PASSWORD|PASSWD|PASSPHRASE|CREDENTIALS?|PRIVATE|APIKEY|KEY)(_|$)")
_SECRET_VALUE = re.compile(
    r"(?<![A-Za-z0-9])(sk-|gh[pousr]_|github_pat_|xox[abprs]-|xapp-|pul-|figd_|lin_api_|ntn_|pat-(na|eu)\d-|dckr_pat_|AKIA|eyJ)"
    r"[A-Za-z0-9_-]{8,}|-----BEGIN|://[^/@\s]+:[^/@\s]+@"
)
_RUN = re.compile(r"[A-Za-z0-9+/_=-]{20,}")
_RANDOM = 3.8
"""Bits of each character above which a run of them is nobody's word; English text has about 3, a key in hex 4."""


def of_zone(
    zone: Zone, where: Where, *, stacks: Collection[str], machines: Mapping[str, Machine] | None
) -> Iterator[Offence]:
    """Yield what is wrong with the zone's own file.

    Args:
        zone: the file.
        where: gives the path of a field.
        stacks: names of the stacks.
        machines: the machines by name; None where not all could be read.
    """
    yield from references.stack(where("owner"), zone.owner, stacks)
    for below, one in zone.hosts.items():
        if machines is not None and one.machine and one.machine not in machines:
            rule = "it names a machine of catalog/machines.yaml"
            yield Offence(where(f"hosts.{below}.machine"), one.machine, rule, f"choose one of: {', '.join(machines)}")
        if one.alias and _within(one.alias, zone):
            rule = "an alias leads out of the zone, where nothing of ours stands to be told of"
            yield Offence(where(f"hosts.{below}.alias"), one.alias, rule, "name the machine instead")


def of_sites(
    sites: Sites, where: Where, *, stacks: Collection[str], secrets: Collection[str] | None, known: Collection[str]
) -> Iterator[Offence]:
    """Yield what is wrong with the sites by themselves.

    Args:
        sites: the file.
        where: gives the path of a field.
        stacks: names of the stacks.
        secrets: canonical names of the secrets; None where they could not be read.
        known: what may stand in braces in a value.
    """
    yield from references.stack(where("owner"), sites.owner, stacks)
    yield from _headers(sites, where, known)
    projects = Counter(one.project for one in sites.sites.values())
    for number, name in enumerate(sites.legacy):
        if name in projects:
            rule = "a project of a site is none from before"
            yield Offence(where(f"legacy[{number}]"), name, rule, "remove it here")
    for name, site in sites.sites.items():

        def at(field: str, name: str = name) -> str:
            return where(f"sites.{name}.{field}")

        if projects[site.project] > 1:
            yield Offence(at("project"), site.project, "a project is one site's", "give it a name of its own")
        yield from _domains(site, sites, at)
        yield from _public(site, at, known)
        for variable, secret in site.secrets.items():
            yield from references.secret(at(f"secrets.{variable}"), secret, secrets)
            if variable in site.environment:
                rule = "a variable is either public or a secret"
                yield Offence(at(f"secrets.{variable}"), variable, rule, "remove it here, or from environment")
            if variable.startswith(("VITE_", "NEXT_PUBLIC_")):
                rule = "what a build ships to browsers is no secret, and its name says that it does"
                yield Offence(at(f"secrets.{variable}"), variable, rule, "rename it, and read it in a function alone")


def of_servers(sites: Sites, where: Where, servers: Collection[str]) -> Iterator[Offence]:
    """Yield sites without a server for the cluster, and servers of no site.

    Args:
        sites: the sites.
        where: gives the path of a field of their file.
        servers: names of the files in ``catalog/web/``.
    """
    wanted = {server_of(name): name for name in sites.sites}
    for server in sorted(wanted.keys() ^ servers):
        site = wanted.get(server)
        rule = "each site has a server in catalog/web/, and each server there a site"
        remedy = f"add catalog/web/{server}.yaml" if site else f"remove catalog/web/{server}.yaml, or add the site"
        yield Offence(where(f"sites.{site}" if site else "sites"), server, rule, remedy)


def of_names(
    zone: Zone, of_zone: Where, *, sites: Sites | None, of_sites: Where, gateway: Gateway | None, of_gateway: Where
) -> Iterator[Offence]:
    """Yield names that are owned twice, or that are not in the zone.

    Args:
        zone: the zone.
        of_zone: gives the path of a field of its file.
        sites: the sites; None where they could not be read.
        of_sites: the same for theirs.
        gateway: the gateway; None where it could not be read.
        of_gateway: the same for its.
    """
    claims = [(zone.host(below), of_zone(f"hosts.{below}")) for below in zone.hosts]
    if gateway is not None:
        claims += [(host, of_gateway(f"hosts.{stack}")) for stack, host in gateway.hosts.items()]
    if sites is not None:
        claims += [
            (host, of_sites(f"sites.{name}.domains.{host}"))
            for name, site in sites.sites.items()
            for host in site.domains
        ]
    owners: dict[str, str] = {}
    for host, path in claims:
        if not _within(host, zone):
            yield Offence(path, host, f"it is a name of the zone {zone.name}", "correct it, or remove it")
        if owners.setdefault(host, path) != path:
            rule = f"a name has one owner, and {owners[host]} has it"
            yield Offence(path, host, rule, "remove it here or there")


def places(zone: Zone) -> dict[str, str]:
    """Return what a public variable may name in braces, but for the gateway: hosts of the zone, and the zone.

    Args:
        zone: the zone.
    """
    return {"zone": zone.name, **{below: zone.host(below) for below in zone.hosts}}


def filled(value: str, told: Mapping[str, str]) -> str:
    """Return a public variable's value with what stands in braces put in.

    >>> filled("https://{api}/docs", {"api": "api.example.com"})
    'https://api.example.com/docs'
    """
    return _PLACE.sub(lambda found: told[found[1]], value)


def _within(host: str, zone: Zone) -> bool:
    return host == zone.name or host.endswith(f".{zone.name}")


def _headers(sites: Sites, where: Where, known: Collection[str]) -> Iterator[Offence]:
    for header in _REQUIRED:
        if header not in sites.headers:
            yield Offence(where(f"headers.{header}"), "absent", "every answer of a site says it", "add it")
    for header, value in sites.headers.items():
        yield from _places(where(f"headers.{header}"), value, known)


def _domains(site: Site, sites: Sites, at: Where) -> Iterator[Offence]:
    for host, domain in site.domains.items():
        field = f"domains.{host}"
        if domain.redirect is not None:
            target = site.domains.get(domain.redirect)
            if target is None:
                rule = "visitors are led on to another host of the same site"
                remedy = f"choose one of: {', '.join(one for one in site.domains if one != host)}"
                yield Offence(at(f"{field}.redirect"), domain.redirect, rule, remedy)
            elif target.redirect is not None:
                rule = "visitors are led on once, and this host leads on itself"
                yield Offence(at(f"{field}.redirect"), domain.redirect, rule, f"write {target.redirect}")
            if domain.branch is not None:
                rule = "a host either answers for a branch or leads on"
                yield Offence(at(f"{field}.branch"), domain.branch, rule, "remove one of the two")
        if domain.branch == sites.production_branch:
            rule = "the production branch is what a host answers for that names none"
            yield Offence(at(f"{field}.branch"), domain.branch, rule, "remove it")
    if not any(one.branch is None and one.redirect is None for one in site.domains.values()):
        rule = "one host answers for production itself"
        yield Offence(at("domains"), "none", rule, "add one without branch and redirect")


def _public(site: Site, at: Where, known: Collection[str]) -> Iterator[Offence]:
    for name in site.environment:
        if _SECRET_NAME.search(name):
            rule = "what is built into a site is public, and this name says that it is a secret"
            yield Offence(at(f"environment.{name}"), name, rule, "move it to secrets, or give it another name")
    for name, target, value in site.values():
        path = at(f"environment.{name}.{target}")
        if looks_secret(value):
            rule = "what is built into a site is public, and this looks like a secret"
            yield Offence(path, "[not shown]", rule, "revoke it, and move it to secrets")
        yield from _places(path, value, known)


def _places(path: str, value: str, known: Collection[str]) -> Iterator[Offence]:
    for place in dict.fromkeys(_PLACE.findall(value)):
        if place not in known:
            rule = "what stands in braces is a host of the zone, gateway or zone"
            yield Offence(path, place, rule, f"choose one of: {', '.join(known)}")


def looks_secret(value: str) -> bool:
    """Return whether a text looks like a key: by how it begins, or because no word is spelled so.

    >>> looks_secret("https://api.sophia-intel.ai/docs")
    False
    """
    if _SECRET_VALUE.search(value):
        return True
    return any(_entropy(run) > _RANDOM and re.search(r"[0-9]", run) for run in _RUN.findall(value))


def _entropy(text: str) -> float:
    return -sum(count / len(text) * math.log2(count / len(text)) for count in Counter(text).values())
