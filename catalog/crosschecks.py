"""What must hold between the files of the catalog."""

from collections.abc import Collection, Iterator
from datetime import date

from catalog import (
    access_rules,
    account_rules,
    backups,
    collection_rules,
    drift_classes,
    egress,
    ignores,
    k3s_rules,
    machine_rules,
    mcp_rules,
    object_storage_rules,
    policy,
    references,
    rollout,
    stack_rules,
    tool_surface,
    workload_rules,
    zone_rules,
)
from catalog.bill import bill
from catalog.limits import Limits
from catalog.node import Node, is_sized, node
from catalog.offence import Offence
from catalog.reading import Draft
from catalog.secret import SecretsFile


def offences(draft: Draft, today: date) -> Iterator[Offence]:
    """Yield every rule that the files break together; what could not be read is left out, not held against the rest.

    Args:
        draft: what could be read.
        today: the day, in UTC.
    """
    nodes: list[Node] = []
    if draft.limits is not None:
        yield from _of_machines(draft, draft.limits)
        for stack in draft.limits.stacks:
            own = _nodes(draft, draft.limits, stack)
            yield from _of_stack(draft, draft.limits, stack, own)
            nodes += own
    yield from _of_ways_in(draft)
    yield from _of_k3s(draft)
    yield from _of_judgement(draft, today)
    if draft.weaviate is not None and draft.limits is not None:
        of_weaviate = draft.source.label("weaviate.yaml")
        yield from collection_rules.offences(
            draft.weaviate,
            draft.collections.valid,
            lambda field: f"{of_weaviate}: {field}",
            stacks=draft.limits.stacks,
            secrets=_canonical(draft.secrets) if draft.secrets else {},
        )
    if draft.object_storage is not None and draft.limits is not None:
        of_storage = draft.source.label("object_storage.yaml")
        yield from object_storage_rules.offences(
            draft.object_storage,
            lambda field: f"{of_storage}: {field}",
            stacks=draft.limits.stacks.keys(),
            secrets=draft.secrets.secrets.keys() if draft.secrets is not None else None,
        )
    if draft.backups is not None and draft.secrets is not None:
        of_backups = draft.source.label("backups.yaml")
        yield from backups.offences(
            draft.backups,
            lambda field: f"{of_backups}: {field}",
            data=frozenset(name for name, one in draft.data.valid.items() if one.kept_gib),
            storage=draft.object_storage,
            secrets=_known_secrets(draft),
        )
    if draft.backups is not None and draft.account is not None and draft.limits is not None:
        of_backups = draft.source.label("backups.yaml")
        yield from backups.sleeping(
            draft.backups, lambda field: f"{of_backups}: {field}", draft.account, draft.limits.stacks, today
        )
    yield from _of_names(draft)
    yield from _of_workloads(draft, nodes)
    if draft.secrets is not None:
        stacks = draft.limits.stacks.keys() if draft.limits is not None else None
        yield from _of_secrets(draft.secrets, draft.source.label("secrets.yaml"), stacks)


def _of_judgement(draft: Draft, today: date) -> Iterator[Offence]:
    """Yield what the files break that say what is borne, refused and how bad."""
    if draft.ignores is not None and draft.limits is not None:
        label = draft.source.label("drift_ignores.yaml")
        yield from ignores.offences(
            draft.ignores, lambda field: f"{label}: {field}", stacks=draft.limits.stacks, today=today
        )
    if draft.policy is not None and draft.limits is not None:
        of_policy = draft.source.label("policy.yaml")
        yield from policy.offences(
            draft.policy, lambda field: f"{of_policy}: {field}", stacks=draft.limits.stacks, today=today
        )
    if draft.drift_classes is not None:
        of_classes = draft.source.label(drift_classes.FILE)
        yield from drift_classes.offences(draft.drift_classes, lambda field: f"{of_classes}: {field}")


def _of_ways_in(draft: Draft) -> Iterator[Offence]:
    def at(file: str) -> machine_rules.Where:
        return lambda field: f"{draft.source.label(file)}: {field}"

    broken = draft.access.break_glass if draft.access is not None else ()
    owner = draft.account.owner if draft.account is not None else ""
    machines = {name: machine for name, machine in draft.machines.valid.items() if machine.owner == owner}
    nodes = draft.firewall.known_nodes(machines) if draft.firewall is not None else ()
    if draft.firewall is not None:
        yield from account_rules.of_firewall(draft.firewall, at("firewall.yaml"), break_glass=broken, nodes=nodes)
        yield from access_rules.of_ways_in(draft.firewall, at("firewall.yaml"))
    if draft.access is not None:
        yield from access_rules.of_access(
            draft.access, at("access.yaml"), draft.machines.valid, draft.k3s.network if draft.k3s else None
        )
    if draft.hosts is not None and draft.limits is not None:
        yield from access_rules.of_hosts(draft.hosts, at("hosts.yaml"), draft.limits)


def _of_names(draft: Draft) -> Iterator[Offence]:
    def at(file: str) -> zone_rules.Where:
        return lambda field: f"{draft.source.label(file)}: {field}"

    zone, sites, limits = draft.zone, draft.sites, draft.limits
    if zone is None or limits is None:
        return
    machines = draft.machines.valid if draft.machines.complete else None
    yield from zone_rules.of_zone(zone, at("zone.yaml"), stacks=limits.stacks.keys(), machines=machines)
    if sites is not None:
        yield from zone_rules.of_sites(
            sites,
            at("sites.yaml"),
            stacks=limits.stacks.keys(),
            secrets=draft.secrets.secrets.keys() if draft.secrets is not None else None,
            known=(*zone_rules.places(zone), "gateway"),
        )
        yield from zone_rules.of_servers(sites, at("sites.yaml"), draft.web.names)
    yield from zone_rules.of_names(
        zone,
        at("zone.yaml"),
        sites=sites,
        of_sites=at("sites.yaml"),
        gateway=draft.gateway,
        of_gateway=at("gateway.yaml"),
    )


def _of_k3s(draft: Draft) -> Iterator[Offence]:
    def at(file: str) -> machine_rules.Where:
        return lambda field: f"{draft.source.label(file)}: {field}"

    k3s, where = draft.k3s, at("k3s.yaml")
    if k3s is None:
        return
    yield from k3s_rules.of_k3s(k3s, where)
    yield from k3s_rules.of_parts(k3s, where, hosts=draft.hosts, firewall=draft.firewall, versions=draft.versions)
    if draft.k3s_lock is not None:
        used = {
            instance_type.architecture: name
            for name, machine in draft.machines.valid.items()
            if (instance_type := draft.types.valid.get(machine.instance_type))
        }
        yield from k3s_rules.of_lock(draft.k3s_lock, at("lock/k3s.yaml"), k3s, used)


def _of_machines(draft: Draft, limits: Limits) -> Iterator[Offence]:
    label, machines = draft.source.label, draft.machines.valid
    file = label("machines.yaml")

    def where(name: str) -> machine_rules.Where:
        return lambda field: f"{file}: {name}.{field}" if name else file

    used = {where(name)("instance_type"): [machine.instance_type] for name, machine in machines.items()}
    used |= {where(name)("fallbacks"): [*machine.fallbacks] for name, machine in machines.items()}
    used[label("instance_types.yaml")] = sorted(draft.types.names)
    for name, book in draft.books.valid.items():
        used[f"{label(f'prices/{name}.yaml')}: hourly_cents"] = [*book.hourly_cents]
    for name, stack in limits.stacks.items():
        used[f"{label('limits.yaml')}: stacks.{name}.instance_types"] = [*stack.instance_types]
    yield from machine_rules.of_names(limits, draft.types, used)
    for name, machine in machines.items():
        yield from machine_rules.of_machine(machine, where(name), types=draft.types, limits=limits)
    if draft.machines.complete:
        yield from machine_rules.of_fleet(machines, where, limits)
    if draft.account is not None:
        yield from account_rules.of_account(
            draft.account, lambda field: f"{label('account.yaml')}: {field}", machines=machines, limits=limits
        )
    yield from machine_rules.of_limits(limits, draft.books, lambda field: f"{label('limits.yaml')}: {field}")


def _of_stack(draft: Draft, limits: Limits, stack: str, nodes: list[Node]) -> Iterator[Offence]:
    """Yield what a stack breaks with all its own machines and every server."""
    if not draft.machines.complete:
        return
    machines = {name: machine for name, machine in draft.machines.valid.items() if machine.owner == stack}
    path = f"{draft.source.label('machines.yaml')}: owner {stack}"
    # A stack without machines runs nothing yet, and one with a machine of unknown size has its offence already.
    if machines and len(nodes) == len(machines):
        weaviate = draft.weaviate
        data = [one for name, one in draft.data.valid.items() if weaviate is None or weaviate.serves(stack, name)]
        # The servers of sites as well where the sites may be: the switch of the front end finds room at any time.
        web = draft.web.valid.values() if draft.sites is not None and draft.sites.owner == stack else ()
        workloads = [*draft.mcp.valid.values(), *draft.central.valid.values(), *data, *web]
        yield from stack_rules.capacity(stack, workloads, nodes, path)
    book = draft.books.valid.get(limits.default_price_book)
    if book is not None:
        label = draft.source.label(f"prices/{limits.default_price_book}.yaml")
        unpriced = [*machine_rules.of_prices(machines, book, label)]
        yield from unpriced
        if not unpriced:
            name = limits.default_price_book
            cost = bill(stack, machines, book, name, account=draft.account, sites=draft.sites, limits=limits)
            yield from stack_rules.spending(stack, cost.monthly_cents, limits.stacks[stack].budget, path)


def _nodes(draft: Draft, limits: Limits, stack: str) -> list[Node]:
    return [
        node(name, machine, instance_type, stack=stack, reserve=limits.node)
        for name, machine in draft.machines.valid.items()
        if machine.owner == stack
        and (instance_type := draft.types.valid.get(machine.instance_type))
        and is_sized(instance_type)
    ]


def _of_workloads(draft: Draft, nodes: list[Node]) -> Iterator[Offence]:
    folders = {
        "mcp": (draft.defaults, draft.mcp),
        "central": (draft.central_defaults, draft.central),
        "data": (draft.data_defaults, draft.data),
        "web": (draft.web_defaults, draft.web),
    }
    stated = [(folder, defaults, found) for folder, (defaults, found) in folders.items() if defaults is not None]
    if len(stated) < len(folders):
        return
    peers = frozenset(name for _, defaults, found in stated for name in (*found.names, *defaults.expected_workloads))
    secrets = _known_secrets(draft) if draft.secrets else None
    kinds = [*{(one.architecture, one.role, one.taints): one for one in reversed(nodes)}.values()]
    workloads = {name: one for _, _, found in stated for name, one in found.valid.items()}
    owners: dict[str, str] = {}
    for folder, _, found in stated:
        for name in found.valid:
            if name in owners:
                rule = f"a name belongs to one workload, and catalog/{owners[name]} has it"
                yield Offence(draft.source.label(f"{folder}/{name}.yaml"), name, rule, "rename one of the two files")
            owners.setdefault(name, folder)
    for name, workload, defaults in (
        (name, workload, defaults) for _, defaults, found in stated for name, workload in found.valid.items()
    ):
        where = draft.layers[name].where
        yield from workload_rules.within(workload, where)
        yield from mcp_rules.of_server(workload, where)
        yield from egress.offences(workload, where)
        yield from rollout.offences(workload, where)
        yield from tool_surface.of_tools(workload, where, draft.surface)
        yield from workload_rules.platforms(workload, where, kinds)
        yield from workload_rules.peers(workload, where, peers, workloads)
        if secrets is not None:
            yield from workload_rules.secrets(workload, where, secrets)
        yield from workload_rules.conventions(workload, where, defaults)
    servers = draft.mcp.valid
    yield from workload_rules.shared_ports(servers.values(), lambda name: draft.layers[name].where)
    # Of servers that share a port, which they have been told, one is enough.
    apart = {server.ports[0].port: server for server in reversed([*servers.values()])}
    others = (*draft.central.valid.values(), *draft.data.valid.values(), *draft.web.valid.values())
    yield from egress.shared([*apart.values(), *others], lambda name: draft.layers[name].where)


def _known_secrets(draft: Draft) -> dict[str, str]:
    """Return the canonical name by every name of a secret, the keys that the vector store makes among them."""
    made = {user.secret: user.secret for user in draft.weaviate.users.values()} if draft.weaviate else {}
    return made | (_canonical(draft.secrets) if draft.secrets else {})


def _canonical(file: SecretsFile) -> dict[str, str]:
    """Return the canonical name by every name of a secret."""
    aliases = {alias: name for name, secret in file.secrets.items() for alias in secret.aliases}
    return aliases | {name: name for name in file.secrets}


def _of_secrets(file: SecretsFile, label: str, stacks: Collection[str] | None) -> Iterator[Offence]:
    for name, secret in file.secrets.items() if stacks is not None else ():
        for stack in secret.stacks:
            yield from references.stack(f"{label}: secrets.{name}.stacks", stack, stacks or ())
        if secret.stacks and not secret.for_providers:
            rule = "what the program reads every stack has: the engine wants a value of each declared key"
            yield Offence(f"{label}: secrets.{name}.stacks", ", ".join(secret.stacks), rule, "remove it")
    meanings = {name: name for name in file.secrets}
    for name, secret in file.secrets.items():
        for alias in secret.aliases:
            first = meanings.setdefault(alias, name)
            if first != name or alias == name:
                rule = f"a name stands for one secret, and this one stands for {first}"
                yield Offence(f"{label}: secrets.{name}.aliases", alias, rule, "remove it here or there")
