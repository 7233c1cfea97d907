"""A stack's choice from the catalog, resolved and checked."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from catalog import (
    access_rules,
    account_rules,
    egress,
    k3s_rules,
    machine_rules,
    object_storage_rules,
    rollout,
    site_rules,
    stack_rules,
    workload_rules,
)
from catalog.access import Access, BreakGlass
from catalog.account import Account, Schedule
from catalog.addons import Addon, AddonLock, Manifest, bundle
from catalog.backups import Backups
from catalog.bill import Bill, bill, unpriced
from catalog.collection import Collection, Weaviate
from catalog.facts import Facts
from catalog.firewall import Firewall
from catalog.gateway import Gateway, IssuerKind
from catalog.hosts import HostBaseline
from catalog.image_lock import ImageLock, pinned_images
from catalog.k3s import K3s, Program
from catalog.limits import NodeReserve, StackLimits
from catalog.machine import Architecture, Machine
from catalog.node import Node, node
from catalog.object_storage import ObjectStorage
from catalog.offence import CatalogError, Offence
from catalog.records import RecordSet, expected, records
from catalog.shape import Location, dotted
from catalog.site import NGINX_FILE, FrontEnd, Leaving, Sites
from catalog.tool_surface import Surface, callable_tools
from catalog.workload import Egress, Image, Replicas, Workload
from catalog.zone import DnsDriver, Zone
from catalog.zone_rules import filled, places


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """What a stack chooses, by name."""

    stack: str
    """The stack's name."""
    machines: Sequence[str]
    """Its machines."""
    mcp_servers: Sequence[str] | None = None
    """Its MCP servers; None for all of the catalog."""
    replicas: Mapping[str, Replicas] = field(default_factory=dict)
    """Replica bounds that differ from the catalog's, by server."""
    price_book: str | None = None
    """The price book that prices it; None for the default one."""
    image_lock: str = "images"
    """The lock that pins its images."""
    adopt: Mapping[str, str] | None = None
    """Ids of what it takes over, by name; None where nothing is built from the stack."""
    ssh_public_key: str = ""
    """Public half of the account's SSH key."""
    access_ci_public_key: str = ""
    """WireGuard public key of the peer ``ci``."""
    break_glass: Sequence[BreakGlass] = ()
    """Networks that come in without the access interface, beside those of the catalog."""
    issuer: IssuerKind = "acme"
    """Who signs the gateway's certificate."""
    dns: DnsDriver = "external"
    """Who keeps the records of the zone."""
    frontend: FrontEnd = "vercel"
    """Who serves the sites."""
    frontend_leaving: Leaving = ""
    """Who served them before and still does; empty for nobody."""
    legacy_projects: Mapping[str, str] = field(default_factory=dict)
    """Ids of the projects at Vercel from before that it takes over, by name."""
    released_projects: Sequence[str] = ()
    """Names of those of them that may be deleted."""
    k3s_version: str = ""
    """The release of K3s that it runs; empty for the newest of the catalog."""
    k3s_artefacts: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """Digests of K3s' programs, by release and architecture, instead of those of the lock."""
    object_storage_ca: str = ""
    """Certificates, in PEM, of who signs the object storage's beside the public authorities."""

    def path(self, key: str) -> str:
        """Return how messages name one of the stack's configuration keys."""
        return f"Pulumi.{self.stack}.yaml: sophia:{key}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stack:
    """One stack: its machines, what runs on them, and what that costs."""

    name: str
    """Name of the stack."""
    machines: Mapping[str, Machine]
    """Its machines by name, in the order they were chosen."""
    servers: tuple[Workload, ...]
    """Its MCP servers, by name, with its own replica bounds."""
    surface: Surface
    """The tools of the servers, as locked."""
    central: tuple[Workload, ...]
    """The central services beside them, by name."""
    data: tuple[Workload, ...]
    """The data services, by name."""
    web: tuple[Workload, ...]
    """Servers of the sites, by name, where the cluster serves them."""
    backups: Backups
    """Backups of its data services."""
    migrations: Mapping[str, str]
    """Migrations of PostgreSQL's schema by name, in their order, as SQL."""
    nodes: tuple[Node, ...]
    """Its machines as nodes, in the same order."""
    limits: StackLimits
    """What it may spend and use."""
    image_lock: ImageLock
    """The lock that pins its images."""
    price_book: str
    """Name of the price book that prices it."""
    account: Account
    """What it shares with the other stacks in the Lambda Cloud account."""
    firewall: Firewall
    """What may reach its machines."""
    collections: Mapping[str, Collection]
    """Its collections by name."""
    weaviate: Weaviate
    """Where they are, and who may use them."""
    object_storage: ObjectStorage
    """Where its data lies that outlives its machines."""
    object_storage_ca: str
    """Certificates, in PEM, that whoever connects there trusts beside the public authorities'; empty for none."""
    gateway: Gateway
    """Where clients come in."""
    issuer: IssuerKind
    """Who signs the gateway's certificate."""
    zone: Zone
    """The platform's zone in public DNS."""
    dns: DnsDriver
    """Who keeps its records."""
    sites: Sites
    """The public sites."""
    sides: tuple[FrontEnd, ...]
    """Who serves the sites, first whoever names lead to; nobody in a stack that does not own them."""
    legacy_projects: Mapping[str, str]
    """Ids of the projects at Vercel from before that it takes over, by name."""
    released_projects: tuple[str, ...]
    """Names of those of them that may be deleted."""
    records: tuple[RecordSet, ...]
    """Its records; the stack that owns the zone has them."""
    expected_addresses: Mapping[str, str]
    """Addresses that machines of all stacks are known to have, by machine."""
    access: Access
    """Who may reach its hosts: peers whose key is known, and all that breaks the glass."""
    hosts: HostBaseline
    """What its hosts look like."""
    reserve: NodeReserve
    """What every node keeps for itself."""
    k3s: K3s
    """K3s on its machines, with the release that it runs as `version`."""
    k3s_programs: Mapping[Architecture, Program]
    """The program of that release, by architecture."""
    addons: Mapping[str, Addon]
    """What its cluster gets from elsewhere, by name, in the order in which it is brought."""
    addon_lock: AddonLock
    """Digests of what set-up renders of that."""
    adopt: Mapping[str, str]
    """Ids of what it takes over from the account, by name."""
    ssh_public_key: str
    """Public half of the account's SSH key; the stack that owns the account has it."""
    bill: Bill
    """What it costs, item by item."""
    prices: Mapping[str, int]
    """United States cents per hour by machine."""
    hourly_cents: int
    """Cost of its machines in United States cents per hour."""
    monthly_cents: int
    """Cost of its machines in United States cents per month that runs through."""
    expected_monthly_cents: int
    """The same for the hours in which its machines exist, by its schedule or on demand."""
    warnings: tuple[str, ...]
    """What is allowed and yet worth knowing, one sentence each."""

    @property
    def workloads(self) -> tuple[Workload, ...]:
        """All that runs on it, but for what is next."""
        return (*self.servers, *self.central, *self.data, *self.web)

    @property
    def canaries(self) -> Mapping[str, Workload]:
        """The next version of each server that has one, by the server's name."""
        return _canaries(self.servers)

    @property
    def owns_account(self) -> bool:
        """Whether it manages what is account-wide."""
        return self.account.owner == self.name

    @property
    def schedule(self) -> Schedule | None:
        """When its machines exist; None where that is around the clock, or on demand."""
        return self.account.schedules.get(self.name)

    @property
    def site_hosts(self) -> Mapping[str, str]:
        """The site of each host that the cluster serves as its own, by host."""
        if "cluster" not in self.sides:
            return {}
        return {host: name for name, site in self.sites.sites.items() for host in site.domains}

    @property
    def places(self) -> Mapping[str, str]:
        """What stands in braces in texts of the sites, by what it is called there."""
        return {**places(self.zone), "gateway": self.host}

    @property
    def headers(self) -> Mapping[str, str]:
        """What every answer of a site says, and of what is behind the gateway."""
        return {name: filled(value, self.places) for name, value in self.sites.headers.items()}

    @property
    def host(self) -> str:
        """The gateway's name in public DNS."""
        return self.gateway.hosts[self.name]

    @property
    def url(self) -> str:
        """Where clients reach the gateway; the path of what is exposed follows."""
        return f"https://{self.host}"

    def callable_tools(self, server: Workload) -> set[str]:
        """Return the names of the tools of an MCP server that the gateway lets clients call."""
        return callable_tools(server.mcp, self.surface.get(server.name, ())) if server.mcp else set()

    def addon(self, name: str) -> tuple[Manifest, ...]:
        """Return the objects of an add-on, their images with digests where the stack's lock has some.

        Raises:
            CatalogError: set-up has not rendered it.
        """
        return tuple(pinned_images(one, self.image_lock) for one in bundle(name, self.addon_lock))

    def image(self, image: Image) -> str:
        """Return the reference of an image, with its digest when the stack's lock has one."""
        return self.image_lock.pinned(image.reference)


def compose(facts: Facts, choice: Choice) -> Stack:
    """Return the stack that a choice describes.

    Args:
        facts: what the catalog knows.
        choice: the choice.

    Raises:
        CatalogError: with every name the catalog lacks and every limit the choice breaks.
    """
    offences = [*_unknown(facts, choice)]
    limits = facts.limits.stacks.get(choice.stack)
    book_name = choice.price_book or facts.limits.default_price_book
    book, lock = facts.price_books.get(book_name), facts.image_locks.get(choice.image_lock)
    machines = {name: facts.machines[name] for name in choice.machines if name in facts.machines}
    servers = _servers(facts, choice)
    data = _data(facts, choice.stack)
    central = _central(facts, (*servers, *data))
    sides = _sides(facts, choice)
    web = _web(facts) if "cluster" in sides else ()
    workloads = (*servers, *_canaries(servers).values(), *central, *data, *web)
    if limits is None or book is None or lock is None:
        raise CatalogError(offences)
    nodes = _nodes(facts, choice.stack, machines)
    offences += _broken_bounds(choice, workloads)
    if choice.adopt is not None:
        offences += account_rules.of_adoption(
            choice.adopt, choice.stack, choice.path("adopt"), machines=machines, account=facts.account
        )
        if facts.account.owner == choice.stack:
            offences += account_rules.of_key(choice.ssh_public_key, choice.stack, choice.path("ssh_public_key"))
    access = facts.access.keyed(choice.access_ci_public_key)
    access = access.model_copy(update={"break_glass": (*access.break_glass, *choice.break_glass)})
    offences += access_rules.of_break_glass(access.break_glass, choice.path("break_glass"))
    offences += access_rules.of_ci_key(choice.access_ci_public_key, choice.path("access_ci_public_key"))
    if choice.adopt is not None and not access.peers:
        rule = "somebody can come in through the access interface"
        remedy = "set access_ci_public_key, or add a peer to catalog/access.yaml"
        offences.append(Offence(choice.path("access_ci_public_key"), "absent", rule, remedy))
    if len(machines) == len(choice.machines):  # a name that is wrong is no lack of room
        offences += stack_rules.capacity(choice.stack, workloads, nodes, choice.path("machines"))
    cost = bill(choice.stack, machines, book, book_name, account=facts.account, sites=facts.sites, limits=facts.limits)
    offences += machine_rules.of_prices(machines, book, f"catalog/prices/{book_name}.yaml")
    offences += unpriced(cost.items, f"catalog/prices/{book_name}.yaml")
    offences += stack_rules.spending(choice.stack, cost.monthly_cents, limits.budget, choice.path("machines"))
    if limits.require_image_digests and lock.enforced:
        offences += _unlocked(choice, {*_images(workloads, facts.k3s, nodes), facts.backups.image.reference}, lock)
    k3s = facts.k3s.model_copy(update={"version": choice.k3s_version or facts.k3s.version})
    programs = facts.k3s_lock.replaced(choice.k3s_artefacts) if choice.k3s_artefacts else facts.k3s_lock
    offences += k3s_rules.of_choice(
        facts.k3s,
        programs,
        choice.path,
        version=choice.k3s_version,
        given=bool(choice.k3s_artefacts),
        locked=lock.enforced,
        architectures=sorted({node.architecture for node in nodes}) if choice.adopt is not None else (),
    )
    offences += site_rules.of_choice(
        facts.sites,
        choice.stack,
        choice.path,
        frontend=choice.frontend,
        leaving=choice.frontend_leaving,
        taken_over=choice.legacy_projects,
        released=choice.released_projects,
    )
    offences += object_storage_rules.of_authority(choice.object_storage_ca, choice.path("object_storage_ca"))
    if offences:
        raise CatalogError(offences)
    return Stack(
        name=choice.stack,
        machines=machines,
        servers=servers,
        surface=facts.surface,
        central=central,
        data=data,
        web=web,
        backups=facts.backups.of(choice.stack),
        migrations=facts.migrations,
        nodes=nodes,
        limits=limits,
        image_lock=lock,
        price_book=book_name,
        account=facts.account,
        firewall=facts.firewall,
        # No stack chooses an optional one yet.
        collections={name: one for name, one in facts.collections.items() if not one.optional},
        weaviate=facts.weaviate,
        object_storage=facts.object_storage,
        object_storage_ca=choice.object_storage_ca,
        gateway=facts.gateway,
        issuer=choice.issuer,
        zone=facts.zone,
        dns=choice.dns,
        sites=facts.sites,
        sides=sides,
        legacy_projects=choice.legacy_projects,
        released_projects=tuple(choice.released_projects),
        records=records(facts, choice.frontend) if facts.zone.owner == choice.stack else (),
        expected_addresses=expected(facts),
        access=access,
        hosts=facts.hosts,
        reserve=facts.limits.node,
        addons=facts.addons,
        addon_lock=facts.addon_lock,
        k3s=k3s,
        k3s_programs=programs.programs[k3s.version],
        adopt=choice.adopt or {},
        ssh_public_key=choice.ssh_public_key,
        bill=cost,
        prices={name: book.hourly_cents[machine.instance_type] for name, machine in machines.items()},
        hourly_cents=cost.hourly_cents,
        monthly_cents=sum(one.monthly_cents for one in cost.items if one.kind == "machine"),
        expected_monthly_cents=sum(one.expected_cents for one in cost.items if one.kind == "machine"),
        warnings=tuple(stack_rules.warnings(choice.stack, monthly=cost.monthly_cents, budget=limits.budget)),
    )


def _unknown(facts: Facts, choice: Choice) -> Iterator[Offence]:
    own = [name for name, machine in facts.machines.items() if machine.owner == choice.stack]
    chosen_servers = choice.mcp_servers if choice.mcp_servers is not None else [*facts.mcp]
    book = [choice.price_book] if choice.price_book else []
    lists: tuple[tuple[str, str, Sequence[str], Sequence[str]], ...] = (
        ("machines", "a machine of the stack", choice.machines, own),
        ("mcp_servers", "an MCP server of the catalog", chosen_servers, [*facts.mcp]),
        ("replicas", "an MCP server that the stack runs", [*choice.replicas], sorted(chosen_servers)),
        ("price_book", "a price book of the catalog", book, [*facts.price_books]),
        ("image_lock", "an image lock of the catalog", [choice.image_lock], [*facts.image_locks]),
    )
    if choice.stack not in facts.limits.stacks:
        remedy = f"choose one of: {', '.join(facts.limits.stacks)}"
        yield Offence(f"stack {choice.stack}", choice.stack, "a stack is one of catalog/limits.yaml", remedy)
    for key, what, names, known in lists:
        names_known = set(known)
        for name, count in Counter(names).items():
            if name not in names_known:
                yield Offence(choice.path(key), name, f"it names {what}", f"choose one of: {', '.join(known)}")
            elif count > 1:
                yield Offence(choice.path(key), name, f"it names {what} once", "remove the repetition")
    servers = [name for name in own if facts.machines[name].k3s == "server"]
    if not {*servers} & {*choice.machines}:
        rule = "one of the machines is the server of the cluster"
        yield Offence(choice.path("machines"), "no server", rule, f"add one of: {', '.join(servers)}")


def _servers(facts: Facts, choice: Choice) -> tuple[Workload, ...]:
    names = sorted(facts.mcp if choice.mcp_servers is None else {*choice.mcp_servers} & facts.mcp.keys())
    return tuple(
        facts.mcp[name].model_copy(update={"replicas": choice.replicas[name]})
        if name in choice.replicas
        else facts.mcp[name]
        for name in names
    )


def _canaries(servers: Iterable[Workload]) -> dict[str, Workload]:
    return {one.name: following for one in servers if (following := rollout.canary(one))}


def _data(facts: Facts, stack: str) -> tuple[Workload, ...]:
    """Return the data services, those with volumes backed up; the vector store where it is not hosted elsewhere."""
    if stack not in facts.weaviate.hosting:
        return ()  # an unknown stack, which is told
    kept = [one for name, one in facts.data.items() if facts.weaviate.serves(stack, name)]
    hosts = facts.object_storage.hosts(stack)
    out = Egress(reason="Where it is backed up to", hosts=hosts, ports=(443,))
    return tuple(one.model_copy(update={"backup": out}) if one.kept_gib else one for one in kept)


def _central(facts: Facts, others: Sequence[Workload]) -> tuple[Workload, ...]:
    """Return the central services; the proxy with a port for each workload that it leads out."""
    entrances = tuple(egress.entrance(one) for one in egress.clients((*others, *facts.central.values())))
    return tuple(
        one.model_copy(update={"ports": (*one.ports, *entrances)}) if one.name == egress.PROXY else one
        for one in facts.central.values()
    )


def _sides(facts: Facts, choice: Choice) -> tuple[FrontEnd, ...]:
    if facts.sites.owner != choice.stack:
        return ()
    leaving = choice.frontend_leaving
    return (choice.frontend, *([leaving] if leaving and leaving != choice.frontend else []))


def _web(facts: Facts) -> tuple[Workload, ...]:
    """Return the servers of sites, each told where it finds its configuration."""
    return tuple(
        one.model_copy(update={"command": ("/usr/sbin/nginx", "-e", "stderr", "-c", f"/etc/{name}/{NGINX_FILE}")})
        for name, one in facts.web.items()
    )


def _nodes(facts: Facts, stack: str, machines: Mapping[str, Machine]) -> tuple[Node, ...]:
    return tuple(
        node(name, machine, facts.instance_types[machine.instance_type], stack=stack, reserve=facts.limits.node)
        for name, machine in machines.items()
    )


def _broken_bounds(choice: Choice, workloads: Sequence[Workload]) -> Iterator[Offence]:
    for workload in workloads:
        if workload.name in choice.replicas:

            def where(location: Location, name: str = workload.name) -> str:
                return f"{choice.path('replicas')}.{name} (against {dotted(location)})"

            yield from workload_rules.scaling(workload, where)


def _images(workloads: Sequence[Workload], k3s: K3s, nodes: Sequence[Node]) -> set[str]:
    """Return the references of all images that the stack itself names."""
    plugin = {k3s.gpu.image.reference} if k3s.gpu.image and any(node.capacity.gpus for node in nodes) else set()
    return {workload.image.reference for workload in workloads} | plugin


def _unlocked(choice: Choice, images: Iterable[str], lock: ImageLock) -> Iterator[Offence]:
    for reference in sorted(images):
        if lock.images.get(reference) is None:
            rule = f"{choice.stack} runs only images whose digest is locked"
            path = f"catalog/lock/{choice.image_lock}.yaml: images.{reference}"
            yield Offence(
                path, "no digest", rule, "run `./sophia lock`, which asks the registry, and commit the result"
            )
