"""What a host must look like, as plain values."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network
from typing import Any

import catalog
from catalog.access import BreakGlass
from catalog.firewall import OpenPort
from catalog.machine import Machine
from components.hosts import files
from providers.host.sdk import BreakGlassArgs, FileArgs, PeerArgs, PodsArgs, RowArgs

# What it watches is there first, whichever of the units is made first.
_AUDIT_RULES = f"""\
[Unit]
Description=Load the platform's audit rules
After=auditd.service

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStartPre=/usr/bin/systemd-tmpfiles --create {files.DIRECTORIES}
ExecStart=/usr/sbin/augenrules --load

[Install]
WantedBy=multi-user.target
"""
# systemd-tmpfiles-setup.service makes them at every boot, and refuses to be started by hand.
_DIRECTORIES = f"""\
[Unit]
Description=Make the platform's directories

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/usr/bin/systemd-tmpfiles --create {files.DIRECTORIES}

[Install]
WantedBy=multi-user.target
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitPlan:
    """A unit of a host that is enabled and runs."""

    name: str
    """Its whole name."""
    content: str | None = None
    """Its unit file; absent where a package brings it."""
    reads: tuple[str, ...] = ()
    """Paths of the files that it reads: another content makes it read them again."""


UNITS = (
    UnitPlan(name="systemd-journald.service", reads=(files.JOURNAL,)),
    UnitPlan(name="chrony.service", reads=(files.TIME,)),
    UnitPlan(name="auditd.service"),
    # auditd itself refuses to be restarted by hand.
    UnitPlan(name="sophia-audit-rules.service", content=_AUDIT_RULES, reads=(files.AUDIT,)),
    UnitPlan(name="sophia-directories.service", content=_DIRECTORIES, reads=(files.DIRECTORIES,)),
    UnitPlan(name="apt-daily-upgrade.timer", reads=(files.UPGRADE_WINDOW,)),
    UnitPlan(name="ssh.service", reads=(files.SSH,)),
)
"""The units of every host."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HostPlan:
    """One host of a stack."""

    name: str
    """Its name: the machine's."""
    host_key: str | None
    """The host key it must have; absent: the one that it shows first is pinned."""
    access_address: str
    """Its address in the access network, with the network's prefix."""
    access_interface: str
    """Name of its access interface."""
    access_port: int
    """The UDP port of its access interface."""
    packages: tuple[str, ...]
    """Packages that are installed."""
    sysctls: Mapping[str, str]
    """Parameters of its kernel."""
    files: tuple[FileArgs, ...]
    """Its files."""
    units: tuple[UnitPlan, ...]
    """Its units."""
    rows: tuple[RowArgs, ...]
    """What may come in."""
    pods: PodsArgs
    """Where the pods of its node come from."""
    tables: tuple[str, ...]
    """Tables of nftables that its node makes."""
    peers: tuple[PeerArgs, ...]
    """Who comes in through the access interface."""
    break_glass: tuple[BreakGlassArgs, ...]
    """Who comes in without it."""

    @property
    def preferred_address(self) -> str:
        """Where it answers once its access interface is there."""
        return self.access_address.partition("/")[0]

    def triggers(self, unit: UnitPlan) -> dict[str, str]:
        """Return a digest of each file that a unit reads."""
        contents = {str(file["path"]): str(file.get("content")) for file in self.files}
        return {path: hashlib.sha256(contents[path].encode()).hexdigest()[:16] for path in unit.reads}

    def facts(self) -> dict[str, Any]:
        """Return what policies judge, plain and known in a preview."""
        return {
            "name": self.name,
            "access_address": self.preferred_address,
            "open": {str(row["name"]): row["sources"] for row in self.rows},
            "peers": [peer["name"] for peer in self.peers],
            "break_glass": [entry["cidr"] for entry in self.break_glass],
        }


def hosts(stack: catalog.Stack) -> tuple[HostPlan, ...]:
    """Return the hosts of a stack, in the order its machines were chosen."""
    return tuple(_host(name, machine, stack) for name, machine in stack.machines.items())


def nodes(
    machines: Mapping[str, Machine], public: Mapping[str, str], private: Mapping[str, str | None]
) -> dict[str, list[str]]:
    """Return, by host, the addresses that the nodes of its cluster come from.

    Inside a region they are private too; another region's mean nothing there, or somebody else.

    Args:
        machines: the machines of the cluster.
        public: their public addresses.
        private: their private addresses, as far as they have any.
    """
    regions = {name: machine.region for name, machine in machines.items()}

    def near(host: str) -> set[str]:
        return {address for name, address in private.items() if address and regions[name] == regions[host]}

    return {host: sorted({*public.values(), *near(host)}, key=IPv4Address) for host in machines}


def endpoint(address: str, port: int) -> str:
    """Return where a peer finds a host.

    >>> endpoint("203.0.113.7", 51822)
    '203.0.113.7:51822'
    """
    return f"{address}:{port}"


def _host(name: str, machine: Machine, stack: catalog.Stack) -> HostPlan:
    access, baseline = stack.access, stack.hosts
    rows = stack.firewall.rows(machine.k3s)
    return HostPlan(
        name=name,
        host_key=machine.host_key,
        access_address=f"{machine.access_address}/{IPv4Network(access.network).prefixlen}",
        access_interface=access.interface,
        access_port=stack.firewall.access_port,
        packages=tuple(sorted(baseline.packages)),
        sysctls=baseline.sysctls,
        files=_files(machine, stack),
        units=UNITS,
        rows=tuple(_row(row_name, rows[row_name]) for row_name in sorted(rows)),
        pods={"interface": stack.k3s.network.bridge, "network": stack.k3s.network.pods},
        tables=stack.k3s.tables,
        peers=_peers(stack),
        break_glass=_break_glass(stack),
    )


def _row(name: str, row: OpenPort) -> RowArgs:
    told: RowArgs = {"name": name, "protocol": row.protocol, "sources": list(row.sources)}
    return told if row.port is None else {**told, "port": row.port}


def _files(machine: Machine, stack: catalog.Stack) -> tuple[FileArgs, ...]:
    baseline = stack.hosts
    return (
        files.time(baseline.time_servers),
        files.journal(baseline.journal),
        files.upgrades(baseline.upgrades, gpu=machine.gpu_sharing is not None),
        files.upgrade_window(baseline.upgrades.windows[stack.name]),
        files.audit(baseline.audit),
        files.directories(baseline.directories_of(machine.role)),
        files.ssh(baseline.ssh),
    )


def _peers(stack: catalog.Stack) -> tuple[PeerArgs, ...]:
    told: list[PeerArgs] = []
    for name, peer in sorted(stack.access.peers.items()):
        one: PeerArgs = {"name": name, "public_key": str(peer.public_key), "address": peer.address}
        told.append(one if peer.expires_at is None else {**one, "expires": peer.expires_at})
    return tuple(told)


def _break_glass(stack: catalog.Stack) -> tuple[BreakGlassArgs, ...]:
    def told(entry: BreakGlass) -> BreakGlassArgs:
        return {"cidr": entry.cidr, "reason": entry.reason, "owner": entry.owner, "expires": entry.expires_at}

    return tuple(told(entry) for entry in sorted(stack.access.break_glass, key=lambda entry: IPv4Network(entry.cidr)))
