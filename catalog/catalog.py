"""The catalog as the rest of the platform sees it."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from pathlib import Path

from catalog import collector, crosschecks
from catalog.access import BreakGlass
from catalog.facts import Facts
from catalog.gateway import IssuerKind
from catalog.offence import CatalogError
from catalog.reading import read
from catalog.site import FrontEnd, Leaving
from catalog.stack import Choice, Stack, compose
from catalog.workload import Replicas
from catalog.zone import DnsDriver

ROOT = Path(__file__).parent
"""The repository's catalog."""


class Catalog(Facts):
    """Every fact of the platform, and the stacks that can be chosen from it."""

    __slots__ = ()

    def stack(
        self,
        name: str,
        *,
        machines: Sequence[str],
        mcp_servers: Sequence[str] | None = None,
        replicas: Mapping[str, Replicas] | None = None,
        price_book: str | None = None,
        image_lock: str = "images",
        adopt: Mapping[str, str] | None = None,
        ssh_public_key: str = "",
        access_ci_public_key: str = "",
        break_glass: Sequence[BreakGlass] = (),
        issuer: IssuerKind = "acme",
        dns: DnsDriver = "external",
        frontend: FrontEnd = "vercel",
        frontend_leaving: Leaving = "",
        legacy_projects: Mapping[str, str] | None = None,
        released_projects: Sequence[str] = (),
        k3s_version: str = "",
        k3s_artefacts: Mapping[str, Mapping[str, str]] | None = None,
        object_storage_ca: str = "",
    ) -> Stack:
        """Return one stack: its choice resolved, checked and priced.

        Args:
            name: the stack's name, one of the limits' stacks.
            machines: names of its machines.
            mcp_servers: names of its MCP servers; None for all.
            replicas: replica bounds that differ from the catalog's, by server.
            price_book: name of the price book; None for the default one.
            image_lock: name of the lock that pins its images.
            adopt: ids of what it takes over from the account, by name; None where only its size or price matters.
            ssh_public_key: public half of the account's SSH key, in OpenSSH's form.
            access_ci_public_key: WireGuard public key of the peer ``ci``.
            break_glass: networks that come in without the access interface, beside those of the catalog.
            issuer: who signs the gateway's certificate.
            dns: who keeps the records of the zone.
            frontend: who serves the sites.
            frontend_leaving: who served them before and still does, for whoever has not heard; empty for nobody.
            legacy_projects: ids of the projects at Vercel from before that it takes over, by name.
            released_projects: names of those of them that may be deleted.
            k3s_version: the release of K3s that it runs; empty for the newest of the catalog.
            k3s_artefacts: digests of K3s' programs, by release and architecture, instead of those of the lock.
            object_storage_ca: certificates, in PEM, of who signs the object storage's beside the public authorities.

        Raises:
            CatalogError: with every name the catalog lacks and every limit the choice breaks.
        """
        choice = Choice(
            stack=name,
            machines=machines,
            mcp_servers=mcp_servers,
            replicas=replicas or {},
            price_book=price_book,
            image_lock=image_lock,
            adopt=adopt,
            ssh_public_key=ssh_public_key,
            access_ci_public_key=access_ci_public_key,
            break_glass=break_glass,
            issuer=issuer,
            dns=dns,
            frontend=frontend,
            frontend_leaving=frontend_leaving,
            legacy_projects=legacy_projects or {},
            released_projects=released_projects,
            k3s_version=k3s_version,
            k3s_artefacts=k3s_artefacts or {},
            object_storage_ca=object_storage_ca,
        )
        return compose(self, choice)


def load(root: Path = ROOT, *, today: date | None = None) -> Catalog:
    """Return the catalog, with defaults resolved and every cross-check passed.

    Args:
        root: the folder that holds it; the repository's own unless told otherwise.
        today: the day in UTC from which the ends of entries are counted; today by default.

    Raises:
        CatalogError: with every offence in every file.
    """
    with collector.paused():
        draft = read(root)
        offences = [*draft.source.offences, *crosschecks.offences(draft, today or datetime.now(UTC).date())]
    account, firewall, limits = draft.account, draft.firewall, draft.limits
    access, hosts, secrets, versions = draft.access, draft.hosts, draft.secrets, draft.versions
    ignores, k3s, lock = draft.ignores, draft.k3s, draft.k3s_lock
    addons, addon_lock, gateway, weaviate = draft.addons, draft.addon_lock, draft.gateway, draft.weaviate
    storage, backups, sites, zone = draft.object_storage, draft.backups, draft.sites, draft.zone
    policy = draft.policy
    classes = draft.drift_classes
    if offences or not (account and firewall and access and hosts and ignores and limits and secrets and versions):
        raise CatalogError(offences)
    if not (
        k3s
        and lock
        and addons
        and addon_lock
        and gateway
        and weaviate
        and storage
        and backups
        and sites
        and zone
        and policy
        and classes
    ):
        raise CatalogError(offences)
    return Catalog(
        instance_types=draft.types.valid,
        price_books=draft.books.valid,
        machines=draft.machines.valid,
        account=account,
        addons=addons.addons,
        addon_lock=addon_lock,
        firewall=firewall,
        gateway=gateway,
        sites=sites,
        zone=zone,
        access=access,
        hosts=hosts,
        k3s=k3s,
        k3s_lock=lock,
        ignores=ignores.ignores,
        drift_classes=classes,
        collections=draft.collections.valid,
        weaviate=weaviate,
        object_storage=storage,
        limits=limits,
        policy=policy,
        secrets=secrets.secrets,
        rotation_days=secrets.rotation_days,
        mcp=draft.mcp.valid,
        central=draft.central.valid,
        data=draft.data.valid,
        web=draft.web.valid,
        backups=backups,
        migrations=draft.migrations,
        surface=draft.surface,
        image_locks=draft.locks,
        versions=versions,
    )
