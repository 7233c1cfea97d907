"""The catalog as a page for people: `docs/catalog.md`."""

from catalog.cost import monthly_cents, usd
from catalog.facts import Facts
from catalog.machine import PriceBook
from catalog.markdown import table
from catalog.records import addressed, expected, records
from catalog.secret_users import users


def markdown(catalog: Facts) -> str:
    """Return the page, the same text for the same catalog.

    Args:
        catalog: what is rendered.
    """
    sections = (
        ("Machines", _machines(catalog)),
        ("Instance types", _instance_types(catalog)),
        ("MCP servers", _servers(catalog)),
        ("Secrets", _secrets(catalog)),
        ("Limits", _limits(catalog)),
        ("Account", _account(catalog)),
        ("Object storage", _object_storage(catalog)),
        ("Names", _names(catalog)),
        ("Sites", _sites(catalog)),
        ("Firewall", _firewall(catalog)),
        ("Access", _access(catalog)),
        ("Hosts", _hosts(catalog)),
        ("K3s", _k3s(catalog)),
        ("Versions", _versions(catalog)),
    )
    introduction = (
        "Generated from the YAML files in `catalog/`; edit those. "
        f"Prices are United States dollars, a month is {catalog.limits.hours_per_month} hours."
    )
    body = "".join(f"\n## {title}\n\n{text}\n" for title, text in sections)
    return f"# Catalog\n\n{introduction}\n{body}"


def _machines(catalog: Facts) -> str:
    books = sorted(catalog.price_books)
    rows = [
        [
            f"`{name}`",
            machine.owner,
            machine.lifecycle,
            machine.role,
            machine.k3s,
            f"`{machine.instance_type}`",
            machine.region,
            *(_price(catalog, catalog.price_books[book], machine.instance_type) for book in books),
        ]
        for name, machine in catalog.machines.items()
    ]
    head = ["Machine", "Stack", "Lifecycle", "Role", "K3s", "Type", "Region"]
    return table([*head, *(f"{book}: hour / month" for book in books)], rows)


def _price(catalog: Facts, book: PriceBook, instance_type: str) -> str:
    hourly = book.hourly_cents.get(instance_type)
    if hourly is None:
        return "not recorded"
    return f"{usd(hourly)} / {usd(monthly_cents(hourly, catalog.limits.hours_per_month))}"


def _instance_types(catalog: Facts) -> str:
    books = sorted(catalog.price_books)
    rows = [
        [
            f"`{name}`",
            _or_dash(kind.vcpus),
            _or_dash(kind.memory_gib),
            _or_dash(kind.disk_gib),
            kind.architecture,
            f"{kind.gpu.count} x {kind.gpu.model}" if kind.gpu else "-",
            *(_price(catalog, catalog.price_books[book], name) for book in books),
        ]
        for name, kind in catalog.instance_types.items()
    ]
    head = ["Type", "vCPUs", "Memory GiB", "Disk GiB", "Architecture", "GPU"]
    sources = [f"- {name}: {book.as_of}, {book.source}" for name, book in sorted(catalog.price_books.items())]
    return "\n".join([table([*head, *(f"{book}: hour / month" for book in books)], rows), "", "Prices:", "", *sources])


def _servers(catalog: Facts) -> str:
    rows = [
        [
            f"`{name}`",
            server.description,
            server.tier,
            ", ".join(str(port.port) for port in server.ports),
            f"{server.replicas.min} to {server.replicas.max}",
            f"{server.resources.requests.cpu} / {server.resources.requests.memory}",
            f"{server.resources.limits.cpu} / {server.resources.limits.memory}",
            _or_dash(server.resources.gpus or None),
            server.owner,
        ]
        for name, server in catalog.mcp.items()
    ]
    head = ["Server", "What it does", "Tier", "Port", "Replicas", "Requests", "Limits", "GPU shares", "Owner"]
    return table(head, rows)


def _secrets(catalog: Facts) -> str:
    uses = users(catalog)
    rows = [
        [
            f"`{name}`",
            secret.description,
            secret.group,
            f"{days} days" if (days := catalog.rotation_days.get(secret.kind)) else "by hand",
            ", ".join(uses.get(name, ["no workload"])),
        ]
        for name, secret in catalog.secrets.items()
    ]
    return table(["Secret", "What it opens", "Group", "Rotation", "Used by"], rows)


def _names(catalog: Facts) -> str:
    zone, found = catalog.zone, records(catalog, "vercel")
    known = {one.key: one.values for one in addressed(found, expected(catalog))}
    rows = [
        [
            f"`{one.host}`",
            one.type,
            ", ".join(f"`{value}`" for value in known.get(one.key, ())) or "none while the machine has no address",
            one.machine or "-",
            f"{one.ttl} s",
            one.owner,
        ]
        for one in found
    ]
    owner = f"{zone.owner} manages `{zone.name}`. Each name has one owner, and what it says follows from there."
    return f"{owner}\n\n{table(['Name', 'Type', 'Says', 'Machine', 'Kept for', 'Owner'], rows)}"


def _sites(catalog: Facts) -> str:
    sites = catalog.sites
    rows = [
        [
            name,
            site.description,
            f"`{site.project}`",
            f"`{site.root}`",
            f"`{site.build}`",
            f"`{site.output}`",
            ", ".join(f"`{host}`" for host in site.domains),
            ", ".join(f"`{variable}`" for variable in site.environment) or "-",
        ]
        for name, site in sites.sites.items()
    ]
    head = ["Site", "What it is for", "Project", "Root", "Build", "Output", "Hosts", "Public variables"]
    owner = f"{sites.owner} manages them, in the team {sites.team}, from `{sites.repository}`."
    return f"{owner}\n\n{table(head, rows)}"


def _limits(catalog: Facts) -> str:
    limits = catalog.limits
    rows = [
        [
            name,
            usd(stack.budget.warn_cents),
            usd(stack.budget.block_cents),
            ", ".join(map(usd, stack.budget.target_cents)) or "-",
            f"{usd(stack.rise.block_cents)} or {stack.rise.block_percent} %",
            str(stack.max_machines),
            ", ".join(f"`{kind}`" for kind in stack.instance_types),
            ", ".join(stack.regions),
            "yes" if stack.require_image_digests else "no",
        ]
        for name, stack in limits.stacks.items()
    ]
    money = ["Warns at", "Blocks at", "Targets", "Rises by less than"]
    head = ["Stack", *money, "Machines", "Types", "Regions", "Locked images"]
    account = (
        f"The account holds at most {limits.max_machines} machines. A node keeps {limits.node.reserved.cpu} of CPU and "
        f"{limits.node.reserved.memory} of memory for itself and takes {limits.node.max_pods} pods. Prices come from "
        f"the {limits.default_price_book} book unless a stack names another."
    )
    return f"{table(head, rows)}\n\n{account}"


def _account(catalog: Facts) -> str:
    account, hours = catalog.account, catalog.limits.hours_per_month
    tags = ", ".join(f"`{key}={value}`" for key, value in account.tags.items())
    shared = (
        f"{account.owner} manages what is account-wide: the SSH key `{account.ssh_key}` and the global ruleset. "
        f"Machines are launched with the tags {tags}. File systems: {', '.join(account.file_systems) or 'none'}."
    )
    lives = dict.fromkeys(catalog.limits.stacks, "around the clock")
    lives |= {stack: f"{schedule}, {schedule.share():.0%} of a month" for stack, schedule in account.schedules.items()}
    lives |= {stack: f"on demand, {n} of {hours} hours" for stack, n in account.on_demand_hours.items()}
    return f"{shared}\n\n{table(['Stack', 'Its machines exist'], lives.items())}"


def _object_storage(catalog: Facts) -> str:
    storage = catalog.object_storage
    rows = [
        [purpose, stack, f"`{name}`", buckets.description, ", ".join(f"`{one}`" for one in buckets.secrets.values())]
        for purpose, buckets in storage.buckets.items()
        for stack, name in buckets.names.items()
    ]
    introduction = (
        f"{storage.owner} manages the buckets at `{storage.endpoint}` in {storage.region}; "
        "every stack has a key of its own for its own."
    )
    return f"{introduction}\n\n{table(['Purpose', 'Stack', 'Bucket', 'What it holds', 'Secrets'], rows)}"


def _firewall(catalog: Facts) -> str:
    firewall = catalog.firewall
    tables = {"always": firewall.ports, **firewall.meshes}
    rows = [
        [f"`{name}`", kind, row.protocol, _or_dash(row.port), ", ".join(row.sources), row.targets, row.reason]
        for kind, ports in tables.items()
        for name, row in ports.items()
    ]
    head = ["Name", "Mesh", "Protocol", "Port", "From", "To", "For"]
    return (
        f"{table(head, rows)}\n\nThe nodes of every stack are a {firewall.mesh} mesh. The firewall of each host says "
        "all of it; Lambda's says the rows from the world, and enforces nothing in "
        f"{', '.join(firewall.unenforced_regions)}."
    )


def _access(catalog: Facts) -> str:
    access = catalog.access
    holders = [[f"`{name}`", machine.access_address, machine.owner] for name, machine in catalog.machines.items()]
    holders += [[f"peer `{name}` ({peer.role})", peer.address, peer.owner] for name, peer in access.peers.items()]
    broken = ", ".join(f"{one.cidr} until {one.expires_at} ({one.reason})" for one in access.break_glass) or "nothing"
    introduction = f"`{access.interface}` is {access.network}, over UDP {catalog.firewall.access_port}."
    return f"{introduction}\n\n{table(['Who', 'Address', 'Owner'], holders)}\n\nWhat breaks the glass: {broken}."


def _hosts(catalog: Facts) -> str:
    hosts = catalog.hosts
    windows = [
        [stack, window.on_calendar, f"{window.spread_minutes} min"] for stack, window in hosts.upgrades.windows.items()
    ]
    lines = (
        f"Packages: {', '.join(f'`{name}`' for name in hosts.packages)}.",
        f"Time from {', '.join(hosts.time_servers)}.",
        f"Journal: {hosts.journal.max_use}, {hosts.journal.retention_days} days.",
        (
            f"`catalog/hosts.yaml` has the {len(hosts.sysctls)} kernel parameters, {len(hosts.audit)} audit rules, "
            f"{len(hosts.directories)} directories and {len(hosts.ssh)} settings of SSH."
        ),
        (
            "Security updates come in without a reboot, and where there is a GPU never of packages whose names begin "
            f"with {', '.join(hosts.upgrades.held_where_a_gpu_is)}:"
        ),
        table(["Stack", "When", "Within"], windows),
    )
    return "\n\n".join(lines)


def _k3s(catalog: Facts) -> str:
    k3s, level = catalog.k3s, catalog.k3s.pod_security
    flags = {"all": k3s.flags.all, "servers": k3s.flags.server, "machines with a GPU": k3s.flags.gpu}
    rows = [[f"`{flag}`", _flag(value), kind] for kind, group in flags.items() for flag, value in group.items()]
    rows += [
        [f"`{flag}`", _flag(value), f"{part}, passed on"]
        for part, arguments in k3s.arguments.items()
        for flag, value in arguments.items()
    ]
    storage = k3s.snapshots.object_storage
    kept = f"in the object storage of Secret `{storage.secret}`" if storage else "on the server's disk alone"
    lines = (
        f"{k3s.version}; a cluster may come from {k3s.previous}.",
        f"Pods have addresses of {k3s.network.pods}, Services of {k3s.network.services}.",
        f"Snapshots of etcd at `{k3s.snapshots.schedule}`, {k3s.snapshots.retention} kept, {kept}.",
        f"Namespaces that say nothing else admit {level.enforce} pods, but for {', '.join(level.exempt_namespaces)}.",
        f"The audit log has {len(k3s.audit.rules)} rules.",
        table(["Flag", "Value", "Where"], rows),
    )
    return "\n\n".join(lines)


def _flag(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return ", ".join(value) if isinstance(value, tuple) else str(value)


def _versions(catalog: Facts) -> str:
    return table(["Tool", "Version"], [[f"`{name}`", str(version)] for name, version in catalog.versions])


def _or_dash(value: int | None) -> str:
    return "-" if value is None else str(value)
