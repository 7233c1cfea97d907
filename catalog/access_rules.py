"""What must hold for the access to hosts, and for what every host looks like."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from ipaddress import IPv4Address, IPv4Network
from itertools import combinations

from pydantic import TypeAdapter

from catalog.access import Access, BreakGlass, WireGuardKey
from catalog.firewall import Firewall
from catalog.hosts import HostBaseline
from catalog.k3s import ClusterNetwork
from catalog.limits import Limits
from catalog.machine import Machine
from catalog.machine_rules import Where
from catalog.offence import Offence
from catalog.shape import fits

_WIDEST_BREAK_GLASS = 24
_KEY: TypeAdapter[str] = TypeAdapter(WireGuardKey)


def of_access(
    access: Access, where: Where, machines: Mapping[str, Machine], cluster: ClusterNetwork | None
) -> Iterator[Offence]:
    """Yield the rules that the access network, its peers and its hosts break.

    Args:
        access: who may reach the hosts.
        where: gives the path of a field.
        machines: all machines by name.
        cluster: the networks of pods and Services, where they could be read.
    """
    network = IPv4Network(access.network)
    of_cluster = {"pods": cluster.pods, "services": cluster.services} if cluster else {}
    for what, taken in of_cluster.items():
        if network.overlaps(IPv4Network(taken)):
            rule = f"the access network is apart from {taken}, where the cluster's {what} are"
            yield Offence(where("network"), access.network, rule, "choose another network, such as 10.97.0.0/24")
    folder = where("").rpartition("/")[0]
    holders = {f"{folder}/machines.yaml: {name}.access_address": m.access_address for name, m in machines.items()}
    holders |= {where(f"peers.{name}.address"): peer.address for name, peer in access.peers.items()}
    for path, address in holders.items():
        if not _is_a_host(IPv4Address(address), network):
            rule = f"it is an address in the access network {network}"
            yield Offence(path, address, rule, f"choose a free one, {_free(network, holders)} for instance")
    yield from _twice(holders, network)
    for name, peer in access.peers.items():
        yield from _peer(name, peer.role, where, key=peer.public_key is not None, ends=peer.expires is not None)
    keys = {where(f"peers.{name}.public_key"): p.public_key for name, p in access.peers.items() if p.public_key}
    for path, key in keys.items():
        if [*keys.values()].count(key) > 1:
            yield Offence(path, key, "a key is one peer's", "let each peer make its own with `wg genkey`")
    yield from of_break_glass(access.break_glass, where("break_glass"))


def of_break_glass(entries: Sequence[BreakGlass], path: str) -> Iterator[Offence]:
    """Yield what is wrong with networks that break the glass.

    Args:
        entries: the entries.
        path: where they stand.
    """
    for entry in entries:
        if IPv4Network(entry.cidr).prefixlen < _WIDEST_BREAK_GLASS:
            rule = f"a network that breaks the glass is at most a /{_WIDEST_BREAK_GLASS}"
            yield Offence(path, entry.cidr, rule, "name the one address that has to come in, as a /32")
    for one, other in combinations(entries, 2):
        if IPv4Network(one.cidr).overlaps(IPv4Network(other.cidr)):
            rule = f"it overlaps {other.cidr}, so it is not clear when which expires"
            yield Offence(path, one.cidr, rule, "keep one of the two")


def of_ways_in(firewall: Firewall, where: Where) -> Iterator[Offence]:
    """Yield what is wrong with the rows that people come in by.

    Args:
        firewall: the table.
        where: gives the path of a field.
    """
    access = firewall.ports.get("access")
    if access is None or access.protocol != "udp" or access.sources != ("world",) or access.targets != "all":
        rule = "the row access opens the access interface's UDP port to the world, on all machines"
        yield Offence(where("ports.access"), "absent" if access is None else "another row", rule, "write it so")
    ssh = firewall.ports.get("ssh")
    if ssh is None or (ssh.protocol, ssh.port) != ("tcp", 22) or "access" not in ssh.sources or ssh.targets != "all":
        rule = "the row ssh opens tcp 22 to access on all machines: without it nobody gets in any more"
        yield Offence(where("ports.ssh"), "absent" if ssh is None else "another row", rule, "write it so")
    if firewall.mesh not in firewall.meshes:
        remedy = f"choose one of: {', '.join(firewall.meshes)}"
        yield Offence(where("mesh"), firewall.mesh, "it names one of meshes", remedy)


def of_hosts(hosts: HostBaseline, where: Where, limits: Limits) -> Iterator[Offence]:
    """Yield the rules that the host baseline breaks.

    Args:
        hosts: the baseline.
        where: gives the path of a field.
        limits: name the stacks.
    """
    for stack in {*hosts.upgrades.windows, *limits.stacks}:
        if (stack in hosts.upgrades.windows) != (stack in limits.stacks):
            rule = "each stack of catalog/limits.yaml, and nothing else, has a window for updates"
            yield Offence(where(f"upgrades.windows.{stack}"), stack, rule, "add the window, or remove it")
    lists = {"packages": hosts.packages, "time_servers": hosts.time_servers, "audit": hosts.audit}
    lists["directories"] = tuple(directory.path for directory in hosts.directories)
    for field, names in lists.items():
        for name, count in Counter(names).items():
            if count > 1:
                yield Offence(where(field), name, "it is named once", "remove the repetition")
    ways = {"PasswordAuthentication": "no", "PermitRootLogin": "no", "AuthenticationMethods": "publickey"}
    lower = Counter(keyword.lower() for keyword in hosts.ssh)
    for keyword in hosts.ssh:
        if lower[keyword.lower()] > 1:
            rule = "a keyword is given once: the server takes the first, and does not tell capitals apart"
            yield Offence(where(f"ssh.{keyword}"), keyword, rule, "remove the repetition")
    for keyword, value in ways.items():
        if hosts.ssh.get(keyword) != value:
            rule = "hosts admit keys only, and never root"
            yield Offence(where(f"ssh.{keyword}"), hosts.ssh.get(keyword, "absent"), rule, f"write {keyword}: {value}")


def of_ci_key(key: str, path: str) -> Iterator[Offence]:
    """Yield what is wrong with the public key of ``ci``; it is never shown, since it may be the private half.

    Args:
        key: what the stack's configuration gives; empty for none.
        path: where it stands.
    """
    if key and not fits(_KEY, key):
        rule = "it is a WireGuard public key, 44 characters of base64"
        yield Offence(path, "a text", rule, "give what `wg pubkey` prints for ACCESS_CI_PRIVATE_KEY")


def _peer(name: str, role: str, where: Where, *, key: bool, ends: bool) -> Iterator[Offence]:
    if role == "ci":
        if key:
            rule = "ci's public key comes with the stack's configuration, beside its private half"
            yield Offence(where(f"peers.{name}.public_key"), "stated", rule, "remove it; set access_ci_public_key")
        if ends:
            yield Offence(where(f"peers.{name}.expires"), "stated", "ci's key is rotated, not ended", "remove it")
        return
    for field, given in {"public_key": key, "expires": ends}.items():
        if not given:
            remedy = "add what `wg pubkey` prints" if field == "public_key" else "add the day on which it ends"
            yield Offence(where(f"peers.{name}.{field}"), "absent", "a person has a key and an end", remedy)


def _is_a_host(address: IPv4Address, network: IPv4Network) -> bool:
    return address in network and address not in {network.network_address, network.broadcast_address}


def _twice(holders: Mapping[str, str], network: IPv4Network) -> Iterator[Offence]:
    for path, address in holders.items():
        if [*holders.values()].count(address) > 1:
            remedy = f"choose a free one, {_free(network, holders)} for instance"
            yield Offence(path, address, "an address of the access network is one host's or one peer's", remedy)


def _free(network: IPv4Network, holders: Mapping[str, str]) -> str:
    taken = {*holders.values()}
    return next((str(host) for host in network.hosts() if str(host) not in taken), "of a larger network")
