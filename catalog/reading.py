"""Every file of the catalog as models: what can be read, and the offences of what cannot."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import TypeAdapter

from catalog.access import Access
from catalog.account import Account
from catalog.addons import AddonLock, Addons
from catalog.backups import Backups
from catalog.collection import Collection, Weaviate
from catalog.defaults import FILE as DEFAULTS
from catalog.defaults import Defaults, Layers, layers
from catalog.drift_classes import FILE as DRIFT_CLASSES
from catalog.drift_classes import DriftClasses
from catalog.firewall import Firewall
from catalog.gateway import Gateway
from catalog.hosts import HostBaseline
from catalog.ignores import DriftIgnores
from catalog.image_lock import ImageLock
from catalog.k3s import K3s, K3sLock
from catalog.limits import Limits
from catalog.machine import InstanceType, InstanceTypeName, Machine, PriceBook
from catalog.model import DnsLabel
from catalog.object_storage import ObjectStorage
from catalog.offence import Offence
from catalog.policy import Policy
from catalog.secret import SecretsFile
from catalog.shape import Entries, document, entries, fits, shaped
from catalog.site import Sites
from catalog.source import Source
from catalog.tool_surface import Surface, read_surface
from catalog.versions import Versions
from catalog.workload import Workload
from catalog.zone import Zone

IMAGE_LOCKS = ("images", "rehearsal")
"""Locks of images, by the names of their files in ``catalog/lock/``."""

_NAMES: TypeAdapter[str] = TypeAdapter(DnsLabel)


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """What could be read, before it is known to be sound."""

    source: Source
    """Where it was read, with the offences found on the way."""
    types: Entries[InstanceType]
    """Instance types."""
    books: Entries[PriceBook]
    """Price books."""
    machines: Entries[Machine]
    """Machines."""
    account: Account | None
    """The account."""
    addons: Addons | None
    """What every cluster gets from elsewhere."""
    addon_lock: AddonLock | None
    """Digests of what is rendered of that."""
    firewall: Firewall | None
    """What may reach a machine."""
    gateway: Gateway | None
    """Where clients come in."""
    sites: Sites | None
    """The public sites."""
    zone: Zone | None
    """The zone in public DNS."""
    access: Access | None
    """Who may reach the hosts."""
    hosts: HostBaseline | None
    """What every host looks like."""
    k3s: K3s | None
    """K3s on every machine."""
    k3s_lock: K3sLock | None
    """Digests of its programs."""
    ignores: DriftIgnores | None
    """Deviations that are borne for a while."""
    drift_classes: DriftClasses | None
    """What a drift is, and how bad."""
    collections: Entries[Collection]
    """Collections of the vector store."""
    weaviate: Weaviate | None
    """Where they are, and who may use them."""
    object_storage: ObjectStorage | None
    """Where data lies that outlives machines."""
    limits: Limits | None
    """Limits."""
    policy: Policy | None
    """Levels of policies, and exemptions from them."""
    secrets: SecretsFile | None
    """Secrets and their rotation."""
    defaults: Defaults | None
    """What every MCP server is."""
    mcp: Entries[Workload]
    """MCP servers, with defaults resolved."""
    central_defaults: Defaults | None
    """What every central service is."""
    central: Entries[Workload]
    """Central services, with defaults resolved."""
    data_defaults: Defaults | None
    """What every data service is."""
    data: Entries[Workload]
    """Data services, with defaults resolved."""
    web_defaults: Defaults | None
    """What the server of every site is."""
    web: Entries[Workload]
    """Servers of sites, with defaults resolved."""
    backups: Backups | None
    """Backups of data services."""
    migrations: Mapping[str, str]
    """Migrations of PostgreSQL's schema by name, as text."""
    surface: Surface
    """The tools of the MCP servers, as locked."""
    layers: Mapping[str, Layers]
    """Where each field of a workload is stated."""
    locks: Mapping[str, ImageLock]
    """Image locks."""
    versions: Versions | None
    """Versions of every tool."""


def read(root: Path) -> Draft:
    """Return all that can be read from a catalog folder; its source holds the offences.

    Args:
        root: the folder.
    """
    source = Source(root)
    types = source.mapping("instance_types.yaml")
    machines = source.mapping("machines.yaml")
    locks = {name: document(source, f"lock/{name}.yaml", ImageLock) for name in IMAGE_LOCKS}
    defaults, mcp, stated = _workloads(source, "mcp")
    central_defaults, central, of_central = _workloads(source, "central")
    data_defaults, data, of_data = _workloads(source, "data")
    web_defaults, web, of_web = _workloads(source, "web")
    return Draft(
        source=source,
        types=entries(source, "instance_types.yaml", types, names=TypeAdapter(InstanceTypeName), model=InstanceType),
        books=_books(source),
        machines=entries(source, "machines.yaml", machines, names=_NAMES, model=Machine),
        account=document(source, "account.yaml", Account),
        addons=document(source, "addons.yaml", Addons),
        addon_lock=document(source, "lock/addons.yaml", AddonLock),
        firewall=document(source, "firewall.yaml", Firewall),
        gateway=document(source, "gateway.yaml", Gateway),
        sites=document(source, "sites.yaml", Sites),
        zone=document(source, "zone.yaml", Zone),
        access=document(source, "access.yaml", Access),
        hosts=document(source, "hosts.yaml", HostBaseline),
        k3s=document(source, "k3s.yaml", K3s),
        k3s_lock=document(source, "lock/k3s.yaml", K3sLock),
        ignores=document(source, "drift_ignores.yaml", DriftIgnores),
        drift_classes=document(source, DRIFT_CLASSES, DriftClasses),
        collections=_collections(source),
        weaviate=document(source, "weaviate.yaml", Weaviate),
        object_storage=document(source, "object_storage.yaml", ObjectStorage),
        limits=document(source, "limits.yaml", Limits),
        policy=document(source, "policy.yaml", Policy),
        secrets=document(source, "secrets.yaml", SecretsFile),
        defaults=defaults,
        mcp=mcp,
        central_defaults=central_defaults,
        central=central,
        data_defaults=data_defaults,
        data=data,
        web_defaults=web_defaults,
        web=web,
        backups=document(source, "backups.yaml", Backups),
        migrations=_migrations(source),
        surface=read_surface(source),
        layers=stated | of_central | of_data | of_web,
        locks={name: lock for name, lock in locks.items() if lock},
        versions=document(source, "versions.yaml", Versions),
    )


def _collections(source: Source) -> Entries[Collection]:
    names = source.names("collections")
    found = {name: document(source, f"collections/{name}.yaml", Collection, name=name) for name in names}
    valid = {name: one for name, one in found.items() if one}
    return Entries(valid, frozenset(names), complete=len(valid) == len(names))


def _migrations(source: Source) -> Mapping[str, str]:
    texts: dict[str, str] = {}
    for number, name in enumerate(source.names("migrations", ".sql"), start=1):
        text = source.text(f"migrations/{name}.sql")
        if not re.fullmatch(rf"{number:04}_[a-z0-9_]+", name):
            rule = "migrations are numbered from 0001 without a gap, and each says what it does: 0001_what.sql"
            source.offences.append(
                Offence(source.label(f"migrations/{name}.sql"), name, rule, f"number it {number:04}")
            )
        if text is not None:
            texts[name] = text
    return texts


def _books(source: Source) -> Entries[PriceBook]:
    names = source.names("prices")
    books = {name: document(source, f"prices/{name}.yaml", PriceBook) for name in names}
    valid = {name: book for name, book in books.items() if book}
    return Entries(valid, frozenset(names), complete=len(valid) == len(names))


def _workloads(source: Source, folder: str) -> tuple[Defaults | None, Entries[Workload], dict[str, Layers]]:
    """Return the defaults of a folder of workloads, its workloads, and where each field is stated."""
    defaults = document(source, f"{folder}/{DEFAULTS}", Defaults)
    names = [name for name in source.names(folder) if f"{name}.yaml" != DEFAULTS]
    valid: dict[str, Workload] = {}
    stated: dict[str, Layers] = {}
    for name in names:
        file = f"{folder}/{name}.yaml"
        tree = source.mapping(file)
        if tree is None or defaults is None:
            continue
        label = source.label(file)
        if not fits(_NAMES, name):
            rule = "a server's file is named in at most 63 lower-case letters, digits and hyphens, a letter first"
            source.offences.append(Offence(label, name, rule, "rename it; the server is named by its file"))
            continue
        if "name" in tree:
            rule = "a server is named by its file"
            source.offences.append(Offence(f"{label}: name", "stated", rule, "remove it, and rename the file instead"))
        if {"port", "ports"} <= tree.keys():
            rule = "a server states either port or ports"
            source.offences.append(Offence(f"{label}: port", "stated", rule, "remove one of the two"))
        stated[name] = layers(label, tree, defaults, source.label(f"{folder}/{DEFAULTS}"))
        server = shaped(source, Workload, stated[name].merged(name), stated[name].where)
        if server is not None:
            valid[name] = server
    return defaults, Entries(valid, frozenset(names), complete=len(valid) == len(names)), stated
