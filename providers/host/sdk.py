"""Typed classes of the host provider, generated from its models by ``providers.kit.sdk``."""

from collections.abc import Mapping, Sequence
from typing import Any, NotRequired, TypedDict

import pulumi


class ConnectionArgs(TypedDict):
    """How a host is reached."""

    addresses: NotRequired[pulumi.Input[Sequence[pulumi.Input[str]]]]
    """Where it answers, the preferred address first; a later one joins where an earlier one is slow."""

    port: NotRequired[pulumi.Input[int]]
    """The port of its SSH server."""

    user: NotRequired[pulumi.Input[str]]
    """Who logs in, and becomes root by sudo."""

    host_key: NotRequired[pulumi.Input[str]]
    """The key it must prove to have, in OpenSSH's form; the `Host` has pinned it."""


@pulumi.input_type
class _ConnectionArgs:
    addresses: pulumi.Input[Sequence[pulumi.Input[str]]]
    port: pulumi.Input[int]
    user: pulumi.Input[str]
    host_key: pulumi.Input[str] = pulumi.property("hostKey")


@pulumi.output_type
class Connection:
    """How a host is reached."""

    addresses: Sequence[str]
    """Where it answers, the preferred address first; a later one joins where an earlier one is slow."""

    port: int
    """The port of its SSH server."""

    user: str
    """Who logs in, and becomes root by sudo."""

    host_key: str = pulumi.property("hostKey")
    """The key it must prove to have, in OpenSSH's form; the `Host` has pinned it."""


class FileArgs(TypedDict):
    """A file: where, what it holds, whose it is."""

    path: pulumi.Input[str]
    """Where it is, from the root."""

    content: NotRequired[pulumi.Input[str]]
    """What it holds, as text; none where `secret_contents` has it."""

    mode: NotRequired[pulumi.Input[str]]
    """Its mode, four octal digits."""

    owner: NotRequired[pulumi.Input[str]]
    """Whose it is, by name."""

    group: NotRequired[pulumi.Input[str]]
    """Its group, by name."""

    check: NotRequired[pulumi.Input[Sequence[pulumi.Input[str]]]]
    """A command that must accept it before it takes its place; the path of the staged file is added."""

    kind: NotRequired[pulumi.Input[str]]
    """Leave it out: only a reading says that there is something else, or nothing (`missing`)."""


@pulumi.input_type
class _FileArgs:
    path: pulumi.Input[str]
    content: pulumi.Input[str]
    mode: pulumi.Input[str]
    owner: pulumi.Input[str]
    group: pulumi.Input[str]
    check: pulumi.Input[Sequence[pulumi.Input[str]]]
    kind: pulumi.Input[str]


@pulumi.output_type
class File:
    """A file: where, what it holds, whose it is."""

    path: str
    """Where it is, from the root."""

    content: str | None
    """What it holds, as text; none where `secret_contents` has it."""

    mode: str
    """Its mode, four octal digits."""

    owner: str
    """Whose it is, by name."""

    group: str
    """Its group, by name."""

    check: Sequence[str]
    """A command that must accept it before it takes its place; the path of the staged file is added."""

    kind: str
    """Leave it out: only a reading says that there is something else, or nothing (`missing`)."""


class RowArgs(TypedDict):
    """One kind of traffic that may come in."""

    name: pulumi.Input[str]
    """What it is called."""

    protocol: pulumi.Input[str]
    """What may come in; of ICMP, what reachability and path MTU discovery need."""

    port: NotRequired[pulumi.Input[int]]
    """The port; required except for `icmp`, which has none."""

    sources: pulumi.Input[Sequence[pulumi.Input[str]]]
    """Whom it may come from: the whole `world`, the `nodes`, the node's own `pods`, or those who came in through the
    `access` interface, for whom break-glass networks stand in.
    """


@pulumi.input_type
class _RowArgs:
    name: pulumi.Input[str]
    protocol: pulumi.Input[str]
    port: pulumi.Input[int]
    sources: pulumi.Input[Sequence[pulumi.Input[str]]]


@pulumi.output_type
class Row:
    """One kind of traffic that may come in."""

    name: str
    """What it is called."""

    protocol: str
    """What may come in; of ICMP, what reachability and path MTU discovery need."""

    port: int | None
    """The port; required except for `icmp`, which has none."""

    sources: Sequence[str]
    """Whom it may come from: the whole `world`, the `nodes`, the node's own `pods`, or those who came in through the
    `access` interface, for whom break-glass networks stand in.
    """


class BreakGlassArgs(TypedDict):
    """A network that, until it expires, comes in wherever those of the access interface do."""

    cidr: pulumi.Input[str]
    """The network."""

    reason: pulumi.Input[str]
    """Why it has to."""

    owner: pulumi.Input[str]
    """Who answers for it."""

    expires: pulumi.Input[str]
    """Until when. The host itself closes it then, also after a reboot; connections that are open stay open."""


@pulumi.input_type
class _BreakGlassArgs:
    cidr: pulumi.Input[str]
    reason: pulumi.Input[str]
    owner: pulumi.Input[str]
    expires: pulumi.Input[str]


@pulumi.output_type
class BreakGlass:
    """A network that, until it expires, comes in wherever those of the access interface do."""

    cidr: str
    """The network."""

    reason: str
    """Why it has to."""

    owner: str
    """Who answers for it."""

    expires: str
    """Until when. The host itself closes it then, also after a reboot; connections that are open stay open."""


class PodsArgs(TypedDict):
    """The pods of the host's own node, which come in by an interface of their own."""

    interface: pulumi.Input[str]
    """The interface."""

    network: pulumi.Input[str]
    """The addresses that all pods of the cluster have."""


@pulumi.input_type
class _PodsArgs:
    interface: pulumi.Input[str]
    network: pulumi.Input[str]


@pulumi.output_type
class Pods:
    """The pods of the host's own node, which come in by an interface of their own."""

    interface: str
    """The interface."""

    network: str
    """The addresses that all pods of the cluster have."""


class PeerArgs(TypedDict):
    """A person or a machine that may come in."""

    name: pulumi.Input[str]
    """What it is called."""

    public_key: pulumi.Input[str]
    """Its WireGuard public key; the private one stays with it."""

    address: pulumi.Input[str]
    """The one address that it comes from, in the interface's network."""

    expires: NotRequired[pulumi.Input[str]]
    """Until when it may come in; none: until it is removed here."""


@pulumi.input_type
class _PeerArgs:
    name: pulumi.Input[str]
    public_key: pulumi.Input[str] = pulumi.property("publicKey")
    address: pulumi.Input[str]
    expires: pulumi.Input[str]


@pulumi.output_type
class Peer:
    """A person or a machine that may come in."""

    name: str
    """What it is called."""

    public_key: str = pulumi.property("publicKey")
    """Its WireGuard public key; the private one stays with it."""

    address: str
    """The one address that it comes from, in the interface's network."""

    expires: str | None
    """Until when it may come in; none: until it is removed here."""


class ArtefactArgs(TypedDict):
    """The binary of K3s for one architecture."""

    sha256: NotRequired[pulumi.Input[str]]
    """Its SHA-256, from the lock; without it nothing is delivered."""

    url: NotRequired[pulumi.Input[str]]
    """Where it is downloaded from if no artefact with this digest lies in the local directory."""


@pulumi.input_type
class _ArtefactArgs:
    sha256: pulumi.Input[str]
    url: pulumi.Input[str]


@pulumi.output_type
class Artefact:
    """The binary of K3s for one architecture."""

    sha256: str | None
    """Its SHA-256, from the lock; without it nothing is delivered."""

    url: str | None
    """Where it is downloaded from if no artefact with this digest lies in the local directory."""


class K3sFileArgs(TypedDict):
    """A file that K3s reads at its start."""

    path: pulumi.Input[str]
    """Where it is: under `/etc/rancher/k3s` or `/var/lib/rancher/k3s`."""

    content: pulumi.Input[str]
    """What it holds; no secret."""

    mode: NotRequired[pulumi.Input[str]]
    """Its mode, four octal digits."""

    kind: NotRequired[pulumi.Input[str]]
    """Leave it out: only a reading says that there is something else, or nothing (`missing`)."""


@pulumi.input_type
class _K3sFileArgs:
    path: pulumi.Input[str]
    content: pulumi.Input[str]
    mode: pulumi.Input[str]
    kind: pulumi.Input[str]


@pulumi.output_type
class K3sFile:
    """A file that K3s reads at its start."""

    path: str
    """Where it is: under `/etc/rancher/k3s` or `/var/lib/rancher/k3s`."""

    content: str
    """What it holds; no secret."""

    mode: str
    """Its mode, four octal digits."""

    kind: str
    """Leave it out: only a reading says that there is something else, or nothing (`missing`)."""


@pulumi.input_type
class _HostArgs:
    machine: pulumi.Input[str]
    addresses: pulumi.Input[Sequence[pulumi.Input[str]]]
    port: pulumi.Input[int]
    user: pulumi.Input[str]
    host_key: pulumi.Input[str] = pulumi.property("hostKey")
    patience_seconds: pulumi.Input[float] = pulumi.property("patienceSeconds")
    reachable: pulumi.Input[str]
    trouble: pulumi.Input[str]


class Host(pulumi.CustomResource):
    """A host that answers over SSH, proves its key and lets us become root.

    Creating it waits for the machine to boot, and pins the key that it shows first unless one is given. A host that
    cannot be reached is no error of a reading: `reachable` and `trouble` differ then. Deleting it does nothing.
    """

    machine: pulumi.Output[str]
    """What the machine is known by wherever it was made, such as its instance id; it is the id of this resource too."""

    addresses: pulumi.Output[Sequence[str]]
    """Where it answers, the preferred address first."""

    port: pulumi.Output[int]
    """The port of its SSH server."""

    user: pulumi.Output[str]
    """Who logs in, and becomes root by sudo."""

    host_key: pulumi.Output[str | None] = pulumi.property("hostKey")
    """The host key it must have, in OpenSSH's form; none: the one it shows first is pinned."""

    patience_seconds: pulumi.Output[float] = pulumi.property("patienceSeconds")
    """How long it may take until it answers for the first time; later it is given 20 s at most."""

    reachable: pulumi.Output[str]
    """Whether it could be reached at the last reading. Leave it out: only a reading says no."""

    trouble: pulumi.Output[str]
    """Why it could not be reached at the last reading. Leave it out: only a reading says so."""

    pinned_host_key: pulumi.Output[str] = pulumi.property("pinnedHostKey")
    """The host key that every later connection must prove, in OpenSSH's form."""

    hostname: pulumi.Output[str]
    """What it calls itself."""

    architecture: pulumi.Output[str]
    """Of its processors, as `uname -m` tells it."""

    kernel: pulumi.Output[str]
    """The running kernel's release."""

    os: pulumi.Output[str]
    """Its operating system, by name and version."""

    cpus: pulumi.Output[int]
    """How many processors it has."""

    memory_mib: pulumi.Output[int] = pulumi.property("memoryMib")
    """How much memory it has."""

    disk_gib: pulumi.Output[int] = pulumi.property("diskGib")
    """How large its root file system is."""

    def __init__(
        self,
        resource_name: str,
        *,
        machine: pulumi.Input[str],
        addresses: pulumi.Input[Sequence[pulumi.Input[str]]] | None = None,
        port: pulumi.Input[int] | None = None,
        user: pulumi.Input[str] | None = None,
        host_key: pulumi.Input[str] | None = None,
        patience_seconds: pulumi.Input[float] | None = None,
        reachable: pulumi.Input[str] | None = None,
        trouble: pulumi.Input[str] | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Register it with the engine.

        Args:
            resource_name: its logical name.
            machine: What the machine is known by wherever it was made, such as its instance id; it is the id of
                this resource too.
            addresses: Where it answers, the preferred address first.
            port: The port of its SSH server.
            user: Who logs in, and becomes root by sudo.
            host_key: The host key it must have, in OpenSSH's form; none: the one it shows first is pinned.
            patience_seconds: How long it may take until it answers for the first time; later it is given 20 s at
                most.
            reachable: Whether it could be reached at the last reading. Leave it out: only a reading says no.
            trouble: Why it could not be reached at the last reading. Leave it out: only a reading says so.
            opts: options of the resource.
        """
        args = _HostArgs.__new__(_HostArgs)
        args.__dict__.update(
            machine=machine,
            addresses=addresses,
            port=port,
            user=user,
            host_key=host_key,
            patience_seconds=patience_seconds,
            reachable=reachable,
            trouble=trouble,
            pinned_host_key=None,
            hostname=None,
            architecture=None,
            kernel=None,
            os=None,
            cpus=None,
            memory_mib=None,
            disk_gib=None,
        )
        props: Any = args
        super().__init__("host:index:Host", resource_name, props, opts)


@pulumi.input_type
class _FilesArgs:
    host: pulumi.Input[str]
    connection: pulumi.Input[_ConnectionArgs]
    reachable: pulumi.Input[str]
    files: pulumi.Input[Sequence[pulumi.Input[_FileArgs]]]
    secret_contents: pulumi.Input[Mapping[str, pulumi.Input[str]]] = pulumi.property("secretContents")


class Files(pulumi.CustomResource):
    """Files with their content, modes and owners: all of them, or what was there before.

    They are staged beside their places first and then renamed, so that a full disk, a read-only place or a cut
    connection changes nothing. What is there already is taken over as it is. Deleting removes the files that were
    made, not those taken over, and none that somebody has changed since.
    """

    host: pulumi.Output[str]
    """The id of the `Host` it is on."""

    connection: pulumi.Output[Connection]
    """How the host is reached."""

    reachable: pulumi.Output[str]
    """Whether the host could be reached at the last reading. Leave it out: only a reading says no."""

    files: pulumi.Output[Sequence[File]]
    """The files, in any order."""

    secret_contents: pulumi.Output[Mapping[str, str] | None] = pulumi.property("secretContents")
    """Fingerprint of what was given: What those files hold whose content is secret, by path."""

    made: pulumi.Output[Sequence[str]]
    """Paths where nothing was before; only these are removed with the resource."""

    secret_contents_fingerprints: pulumi.Output[Mapping[str, str] | None] = pulumi.property(
        "secretContentsFingerprints"
    )
    """Fingerprints of what was given, in the open: What those files hold whose content is secret, by path."""

    unknown_properties: pulumi.Output[Sequence[str]] = pulumi.property("unknownProperties")
    """Inputs that nothing is known of since an import; they never differ."""

    def __init__(
        self,
        resource_name: str,
        *,
        host: pulumi.Input[str],
        files: pulumi.Input[Sequence[pulumi.Input[FileArgs]]],
        connection: pulumi.Input[ConnectionArgs] | None = None,
        reachable: pulumi.Input[str] | None = None,
        secret_contents: pulumi.Input[Mapping[str, pulumi.Input[str]]] | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Register it with the engine.

        Args:
            resource_name: its logical name.
            host: The id of the `Host` it is on.
            files: The files, in any order.
            connection: How the host is reached.
            reachable: Whether the host could be reached at the last reading. Leave it out: only a reading says no.
            secret_contents: What those files hold whose content is secret, by path.
            opts: options of the resource.
        """
        args = _FilesArgs.__new__(_FilesArgs)
        args.__dict__.update(
            host=host,
            files=files,
            connection=connection,
            reachable=reachable,
            secret_contents=None if secret_contents is None else pulumi.Output.secret(secret_contents),
            made=None,
            secret_contents_fingerprints=None,
            unknown_properties=None,
        )
        props: Any = args
        super().__init__("host:index:Files", resource_name, props, opts)


@pulumi.input_type
class _PackagesArgs:
    host: pulumi.Input[str]
    connection: pulumi.Input[_ConnectionArgs]
    reachable: pulumi.Input[str]
    present: pulumi.Input[Sequence[pulumi.Input[str]]]
    absent: pulumi.Input[Sequence[pulumi.Input[str]]]


class Packages(pulumi.CustomResource):
    """Debian packages, by apt without questions.

    It waits for another apt, mends an interrupted dpkg, and keeps configuration files as they are. Deleting it
    leaves the packages, because others may need them by then.
    """

    host: pulumi.Output[str]
    """The id of the `Host` it is on."""

    connection: pulumi.Output[Connection]
    """How the host is reached."""

    reachable: pulumi.Output[str]
    """Whether the host could be reached at the last reading. Leave it out: only a reading says no."""

    present: pulumi.Output[Sequence[str]]
    """Packages that are installed: `name`, or `name=version` for exactly that one."""

    absent: pulumi.Output[Sequence[str]]
    """Packages that are not installed; their configuration files go too."""

    def __init__(
        self,
        resource_name: str,
        *,
        host: pulumi.Input[str],
        connection: pulumi.Input[ConnectionArgs] | None = None,
        reachable: pulumi.Input[str] | None = None,
        present: pulumi.Input[Sequence[pulumi.Input[str]]] | None = None,
        absent: pulumi.Input[Sequence[pulumi.Input[str]]] | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Register it with the engine.

        Args:
            resource_name: its logical name.
            host: The id of the `Host` it is on.
            connection: How the host is reached.
            reachable: Whether the host could be reached at the last reading. Leave it out: only a reading says no.
            present: Packages that are installed: `name`, or `name=version` for exactly that one.
            absent: Packages that are not installed; their configuration files go too.
            opts: options of the resource.
        """
        args = _PackagesArgs.__new__(_PackagesArgs)
        args.__dict__.update(
            host=host,
            connection=connection,
            reachable=reachable,
            present=present,
            absent=absent,
        )
        props: Any = args
        super().__init__("host:index:Packages", resource_name, props, opts)


@pulumi.input_type
class _SysctlArgs:
    host: pulumi.Input[str]
    connection: pulumi.Input[_ConnectionArgs]
    reachable: pulumi.Input[str]
    name: pulumi.Input[str]
    values: pulumi.Input[Mapping[str, pulumi.Input[str]]]


class Sysctl(pulumi.CustomResource):
    """Kernel parameters, in a file for the next boot and in the running kernel.

    Deleting it removes the file; the running values stay until the next boot.
    """

    host: pulumi.Output[str]
    """The id of the `Host` it is on."""

    connection: pulumi.Output[Connection]
    """How the host is reached."""

    reachable: pulumi.Output[str]
    """Whether the host could be reached at the last reading. Leave it out: only a reading says no."""

    name: pulumi.Output[str]
    """What they are for: `/etc/sysctl.d/60-<name>.conf` holds them."""

    values: pulumi.Output[Mapping[str, str]]
    """The values by key, such as `net.ipv4.ip_forward`."""

    def __init__(
        self,
        resource_name: str,
        *,
        host: pulumi.Input[str],
        name: pulumi.Input[str],
        values: pulumi.Input[Mapping[str, pulumi.Input[str]]],
        connection: pulumi.Input[ConnectionArgs] | None = None,
        reachable: pulumi.Input[str] | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Register it with the engine.

        Args:
            resource_name: its logical name.
            host: The id of the `Host` it is on.
            name: What they are for: `/etc/sysctl.d/60-<name>.conf` holds them.
            values: The values by key, such as `net.ipv4.ip_forward`.
            connection: How the host is reached.
            reachable: Whether the host could be reached at the last reading. Leave it out: only a reading says no.
            opts: options of the resource.
        """
        args = _SysctlArgs.__new__(_SysctlArgs)
        args.__dict__.update(
            host=host,
            name=name,
            values=values,
            connection=connection,
            reachable=reachable,
        )
        props: Any = args
        super().__init__("host:index:Sysctl", resource_name, props, opts)


@pulumi.input_type
class _UnitArgs:
    host: pulumi.Input[str]
    connection: pulumi.Input[_ConnectionArgs]
    reachable: pulumi.Input[str]
    name: pulumi.Input[str]
    content: pulumi.Input[str]
    enabled: pulumi.Input[bool]
    active: pulumi.Input[bool]
    masked: pulumi.Input[bool]
    current: pulumi.Input[str]
    triggers: pulumi.Input[Mapping[str, pulumi.Input[str]]]
    reads: pulumi.Input[Sequence[pulumi.Input[str]]]
    patience_seconds: pulumi.Input[float] = pulumi.property("patienceSeconds")


class Unit(pulumi.CustomResource):
    """A unit of systemd. Starting it waits until it is active, and tells its journal's last lines where it is not.

    Deleting one with a unit file of ours stops it and removes the file; one that a package brings stays as it is.
    """

    host: pulumi.Output[str]
    """The id of the `Host` it is on."""

    connection: pulumi.Output[Connection]
    """How the host is reached."""

    reachable: pulumi.Output[str]
    """Whether the host could be reached at the last reading. Leave it out: only a reading says no."""

    name: pulumi.Output[str]
    """Its whole name, such as `chrony.service`."""

    content: pulumi.Output[str | None]
    """Its unit file, `/etc/systemd/system/<name>`; none where a package brings it."""

    enabled: pulumi.Output[bool]
    """Whether it starts with the machine; no difference for one that says nothing about that (`static`)."""

    active: pulumi.Output[bool]
    """Whether it runs."""

    masked: pulumi.Output[bool]
    """Whether nothing can start it."""

    current: pulumi.Output[str]
    """Whether it has taken up its last change. Leave it out: only a reading says no."""

    triggers: pulumi.Output[Mapping[str, str] | None]
    """Another value makes it read its files again, by a reload where it can and a restart where not: what those files
    hold, or a digest of it.
    """

    reads: pulumi.Output[Sequence[str]]
    """Paths of the files that it reads: one that changes on the host makes it not `current`, even when it is mended."""

    patience_seconds: pulumi.Output[float] = pulumi.property("patienceSeconds")
    """How long it may take to become active."""

    ours: pulumi.Output[bool]
    """Whether its unit file was made here; only then deleting removes it."""

    unknown_properties: pulumi.Output[Sequence[str]] = pulumi.property("unknownProperties")
    """Inputs that nothing is known of since an import; they never differ."""

    def __init__(
        self,
        resource_name: str,
        *,
        host: pulumi.Input[str],
        name: pulumi.Input[str],
        connection: pulumi.Input[ConnectionArgs] | None = None,
        reachable: pulumi.Input[str] | None = None,
        content: pulumi.Input[str] | None = None,
        enabled: pulumi.Input[bool] | None = None,
        active: pulumi.Input[bool] | None = None,
        masked: pulumi.Input[bool] | None = None,
        current: pulumi.Input[str] | None = None,
        triggers: pulumi.Input[Mapping[str, pulumi.Input[str]]] | None = None,
        reads: pulumi.Input[Sequence[pulumi.Input[str]]] | None = None,
        patience_seconds: pulumi.Input[float] | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Register it with the engine.

        Args:
            resource_name: its logical name.
            host: The id of the `Host` it is on.
            name: Its whole name, such as `chrony.service`.
            connection: How the host is reached.
            reachable: Whether the host could be reached at the last reading. Leave it out: only a reading says no.
            content: Its unit file, `/etc/systemd/system/<name>`; none where a package brings it.
            enabled: Whether it starts with the machine; no difference for one that says nothing about that
                (`static`).
            active: Whether it runs.
            masked: Whether nothing can start it.
            current: Whether it has taken up its last change. Leave it out: only a reading says no.
            triggers: Another value makes it read its files again, by a reload where it can and a restart where not:
                what those files hold, or a digest of it.
            reads: Paths of the files that it reads: one that changes on the host makes it not `current`, even when
                it is mended.
            patience_seconds: How long it may take to become active.
            opts: options of the resource.
        """
        args = _UnitArgs.__new__(_UnitArgs)
        args.__dict__.update(
            host=host,
            name=name,
            connection=connection,
            reachable=reachable,
            content=content,
            enabled=enabled,
            active=active,
            masked=masked,
            current=current,
            triggers=triggers,
            reads=reads,
            patience_seconds=patience_seconds,
            ours=None,
            unknown_properties=None,
        )
        props: Any = args
        super().__init__("host:index:Unit", resource_name, props, opts)


@pulumi.input_type
class _FirewallArgs:
    host: pulumi.Input[str]
    connection: pulumi.Input[_ConnectionArgs]
    reachable: pulumi.Input[str]
    rows: pulumi.Input[Sequence[pulumi.Input[_RowArgs]]]
    nodes: pulumi.Input[Sequence[pulumi.Input[str]]]
    access_interface: pulumi.Input[str] = pulumi.property("accessInterface")
    break_glass: pulumi.Input[Sequence[pulumi.Input[_BreakGlassArgs]]] = pulumi.property("breakGlass")
    pods: pulumi.Input[_PodsArgs]
    expected_tables: pulumi.Input[Sequence[pulumi.Input[str]]] = pulumi.property("expectedTables")
    rollback_seconds: pulumi.Input[float] = pulumi.property("rollbackSeconds")
    policy: pulumi.Input[str]
    unexpected: pulumi.Input[Sequence[pulumi.Input[str]]]
    absent: pulumi.Input[Sequence[pulumi.Input[str]]]
    foreign_tables: pulumi.Input[Sequence[pulumi.Input[str]]] = pulumi.property("foreignTables")
    unpersisted: pulumi.Input[Sequence[pulumi.Input[str]]]


class Firewall(pulumi.CustomResource):
    """What may come in to a host: one nftables table, `inet sophia`, which drops what no row admits.

    A change replaces the table in one transaction, and the host itself undoes it after `rollbackSeconds` unless a
    fresh connection proves that we still come in; only then it is kept for the next boot
    (`/etc/sophia/firewall.nft`, loaded by `sophia-firewall.service` before the network is up). Rules that would
    shut us out are refused: in the preview where no row opens SSH to `access`, and before anything is changed where
    they would not admit the connection that brings them. `access` means whoever came in through the access
    interface, or from a break-glass network until it expires. A table with the same name that is there already is
    replaced; tables of others are reported, never touched.

    Forwarded traffic is not filtered. IPv6 is closed but for neighbour discovery and DHCPv6. Connections that are
    open stay open when a row or a break-glass network goes. Deleting it opens the host.
    """

    host: pulumi.Output[str]
    """The id of the `Host` it is on."""

    connection: pulumi.Output[Connection]
    """How the host is reached."""

    reachable: pulumi.Output[str]
    """Whether the host could be reached at the last reading. Leave it out: only a reading says no."""

    rows: pulumi.Output[Sequence[Row]]
    """The kinds of traffic that may come in, by name."""

    nodes: pulumi.Output[Sequence[str]]
    """Addresses of the nodes, each once, public and private."""

    access_interface: pulumi.Output[str] = pulumi.property("accessInterface")
    """Name of the WireGuard interface that people and CI come in through."""

    break_glass: pulumi.Output[Sequence[BreakGlass]] = pulumi.property("breakGlass")
    """Networks that stand in for the access interface until they expire. The host itself closes them."""

    pods: pulumi.Output[Pods | None]
    """The pods of the host's node; required where a row names them."""

    expected_tables: pulumi.Output[Sequence[str]] = pulumi.property("expectedTables")
    """Tables of others that belong there, such as `ip kube-proxy`: they are not reported."""

    rollback_seconds: pulumi.Output[float] = pulumi.property("rollbackSeconds")
    """After how long the host undoes a change that leaves us no way in."""

    policy: pulumi.Output[str]
    """What happens to the rest. Leave it out: only a reading says otherwise."""

    unexpected: pulumi.Output[Sequence[str]]
    """What stands in the table of ours and was not declared, in nft's words. Leave it out: only a reading fills it."""

    absent: pulumi.Output[Sequence[str]]
    """What every such table has and this one lacks. Leave it out: only a reading fills it."""

    foreign_tables: pulumi.Output[Sequence[str]] = pulumi.property("foreignTables")
    """Tables of others, such as `ip nat`: reported and never touched. Leave it out: only a reading fills it."""

    unpersisted: pulumi.Output[Sequence[str]]
    """Why a reboot would bring up something else. Leave it out: only a reading fills it."""

    def __init__(
        self,
        resource_name: str,
        *,
        host: pulumi.Input[str],
        rows: pulumi.Input[Sequence[pulumi.Input[RowArgs]]],
        connection: pulumi.Input[ConnectionArgs] | None = None,
        reachable: pulumi.Input[str] | None = None,
        nodes: pulumi.Input[Sequence[pulumi.Input[str]]] | None = None,
        access_interface: pulumi.Input[str] | None = None,
        break_glass: pulumi.Input[Sequence[pulumi.Input[BreakGlassArgs]]] | None = None,
        pods: pulumi.Input[PodsArgs] | None = None,
        expected_tables: pulumi.Input[Sequence[pulumi.Input[str]]] | None = None,
        rollback_seconds: pulumi.Input[float] | None = None,
        policy: pulumi.Input[str] | None = None,
        unexpected: pulumi.Input[Sequence[pulumi.Input[str]]] | None = None,
        absent: pulumi.Input[Sequence[pulumi.Input[str]]] | None = None,
        foreign_tables: pulumi.Input[Sequence[pulumi.Input[str]]] | None = None,
        unpersisted: pulumi.Input[Sequence[pulumi.Input[str]]] | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Register it with the engine.

        Args:
            resource_name: its logical name.
            host: The id of the `Host` it is on.
            rows: The kinds of traffic that may come in, by name.
            connection: How the host is reached.
            reachable: Whether the host could be reached at the last reading. Leave it out: only a reading says no.
            nodes: Addresses of the nodes, each once, public and private.
            access_interface: Name of the WireGuard interface that people and CI come in through.
            break_glass: Networks that stand in for the access interface until they expire. The host itself closes
                them.
            pods: The pods of the host's node; required where a row names them.
            expected_tables: Tables of others that belong there, such as `ip kube-proxy`: they are not reported.
            rollback_seconds: After how long the host undoes a change that leaves us no way in.
            policy: What happens to the rest. Leave it out: only a reading says otherwise.
            unexpected: What stands in the table of ours and was not declared, in nft's words. Leave it out: only a
                reading fills it.
            absent: What every such table has and this one lacks. Leave it out: only a reading fills it.
            foreign_tables: Tables of others, such as `ip nat`: reported and never touched. Leave it out: only a
                reading fills it.
            unpersisted: Why a reboot would bring up something else. Leave it out: only a reading fills it.
            opts: options of the resource.
        """
        args = _FirewallArgs.__new__(_FirewallArgs)
        args.__dict__.update(
            host=host,
            rows=rows,
            connection=connection,
            reachable=reachable,
            nodes=nodes,
            access_interface=access_interface,
            break_glass=break_glass,
            pods=pods,
            expected_tables=expected_tables,
            rollback_seconds=rollback_seconds,
            policy=policy,
            unexpected=unexpected,
            absent=absent,
            foreign_tables=foreign_tables,
            unpersisted=unpersisted,
        )
        props: Any = args
        super().__init__("host:index:Firewall", resource_name, props, opts)


@pulumi.input_type
class _AccessArgs:
    host: pulumi.Input[str]
    connection: pulumi.Input[_ConnectionArgs]
    reachable: pulumi.Input[str]
    address: pulumi.Input[str]
    port: pulumi.Input[int]
    interface: pulumi.Input[str]
    peers: pulumi.Input[Sequence[pulumi.Input[_PeerArgs]]]
    rollback_seconds: pulumi.Input[float] = pulumi.property("rollbackSeconds")
    unpersisted: pulumi.Input[Sequence[pulumi.Input[str]]]


class Access(pulumi.CustomResource):
    """A WireGuard interface that people and CI come in by, `wg-quick@access`.

    The host makes its private key once and keeps it. Peers are changed one by one, so that the sessions of the
    others go on; address and port are changed in place. The host itself undoes a change after `rollbackSeconds`
    unless a fresh connection proves that we still come in; only then it is kept for the next boot. A list of peers
    without the one that we ourselves come in as is refused. Peers that expire are shut out by a timer on the host,
    and at boot. Where the kernel has no WireGuard, wg-quick takes wireguard-go. Deleting it takes the interface and
    its key away.
    """

    host: pulumi.Output[str]
    """The id of the `Host` it is on."""

    connection: pulumi.Output[Connection]
    """How the host is reached."""

    reachable: pulumi.Output[str]
    """Whether the host could be reached at the last reading. Leave it out: only a reading says no."""

    address: pulumi.Output[str]
    """The host's own address in the access network, with the network's prefix: `10.97.0.1/24`."""

    port: pulumi.Output[int]
    """The UDP port it listens on."""

    interface: pulumi.Output[str]
    """What the interface is called, for as long as there is one."""

    peers: pulumi.Output[Sequence[Peer]]
    """Who may come in, by name. The host itself shuts out those that expire."""

    rollback_seconds: pulumi.Output[float] = pulumi.property("rollbackSeconds")
    """After how long the host undoes a change that leaves us no way in."""

    unpersisted: pulumi.Output[Sequence[str]]
    """Why a reboot would bring up something else. Leave it out: only a reading fills it."""

    public_key: pulumi.Output[str] = pulumi.property("publicKey")
    """The host's own WireGuard public key, which peers need; its private one never leaves it."""

    def __init__(
        self,
        resource_name: str,
        *,
        host: pulumi.Input[str],
        address: pulumi.Input[str],
        connection: pulumi.Input[ConnectionArgs] | None = None,
        reachable: pulumi.Input[str] | None = None,
        port: pulumi.Input[int] | None = None,
        interface: pulumi.Input[str] | None = None,
        peers: pulumi.Input[Sequence[pulumi.Input[PeerArgs]]] | None = None,
        rollback_seconds: pulumi.Input[float] | None = None,
        unpersisted: pulumi.Input[Sequence[pulumi.Input[str]]] | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Register it with the engine.

        Args:
            resource_name: its logical name.
            host: The id of the `Host` it is on.
            address: The host's own address in the access network, with the network's prefix: `10.97.0.1/24`.
            connection: How the host is reached.
            reachable: Whether the host could be reached at the last reading. Leave it out: only a reading says no.
            port: The UDP port it listens on.
            interface: What the interface is called, for as long as there is one.
            peers: Who may come in, by name. The host itself shuts out those that expire.
            rollback_seconds: After how long the host undoes a change that leaves us no way in.
            unpersisted: Why a reboot would bring up something else. Leave it out: only a reading fills it.
            opts: options of the resource.
        """
        args = _AccessArgs.__new__(_AccessArgs)
        args.__dict__.update(
            host=host,
            address=address,
            connection=connection,
            reachable=reachable,
            port=port,
            interface=interface,
            peers=peers,
            rollback_seconds=rollback_seconds,
            unpersisted=unpersisted,
            public_key=None,
        )
        props: Any = args
        super().__init__("host:index:Access", resource_name, props, opts)


@pulumi.input_type
class _K3sServerArgs:
    host: pulumi.Input[str]
    connection: pulumi.Input[_ConnectionArgs]
    reachable: pulumi.Input[str]
    version: pulumi.Input[str]
    artefacts: pulumi.Input[Mapping[str, pulumi.Input[_ArtefactArgs]]]
    config: pulumi.Input[Mapping[str, pulumi.Input[Any]]]
    token: pulumi.Input[str]
    files: pulumi.Input[Sequence[pulumi.Input[_K3sFileArgs]]]
    patience_seconds: pulumi.Input[float] = pulumi.property("patienceSeconds")
    active: pulumi.Input[str]
    enabled: pulumi.Input[str]
    unit: pulumi.Input[str]
    current: pulumi.Input[str]
    exposed: pulumi.Input[Sequence[pulumi.Input[str]]]
    readable: pulumi.Input[Sequence[pulumi.Input[str]]]
    drop_ins: pulumi.Input[Sequence[pulumi.Input[str]]] = pulumi.property("dropIns")
    agent_token: pulumi.Input[str] = pulumi.property("agentToken")
    address: pulumi.Input[str]
    context: pulumi.Input[str]
    certificate_current: pulumi.Input[str] = pulumi.property("certificateCurrent")


class K3sServer(pulumi.CustomResource):
    """A K3s server: a binary that was checked, its configuration, its unit, and the proof that its node is ready.

    The binary is copied over SFTP, checked on the host and renamed into its place. K3s is restarted where something
    changed that it reads, and then it is proven: its unit, `/readyz`, its node with the version, what the datastore
    holds of a Secret, its sockets. A change that is not proven is undone, and the error ends with the journal's
    last lines. A K3s that runs there and fits is taken over as it runs. Another `token` is given to the running
    cluster first. Deleting it removes K3s and its data from the host.
    """

    host: pulumi.Output[str]
    """The id of the `Host` it is on."""

    connection: pulumi.Output[Connection]
    """How the host is reached."""

    reachable: pulumi.Output[str]
    """Whether the host could be reached at the last reading. Leave it out: only a reading says no."""

    version: pulumi.Output[str]
    """K3s' version, such as `v1.36.2+k3s1`: what the node must report when all is done."""

    artefacts: pulumi.Output[Mapping[str, Artefact]]
    """The binary of that version, for each architecture that the host may have."""

    config: pulumi.Output[Mapping[str, Any]]
    """Its configuration file by K3s' own keys, without tokens; they are checked against K3s' source."""

    token: pulumi.Output[str | None]
    """Fingerprint of what was given: What servers join with; it also encrypts the bootstrap data, so keep it with the
    snapshots.
    """

    files: pulumi.Output[Sequence[K3sFile]]
    """Files that K3s reads: audit policy, admission configuration, registries."""

    patience_seconds: pulumi.Output[float] = pulumi.property("patienceSeconds")
    """How long it may take until the node is ready and proven."""

    active: pulumi.Output[str]
    """Whether its unit runs. Leave it out: only a reading says no."""

    enabled: pulumi.Output[str]
    """Whether its unit starts with the machine. Leave it out: only a reading says no."""

    unit: pulumi.Output[str]
    """Its unit file. Leave it out: only a reading says `changed`, `missing` or `masked`."""

    current: pulumi.Output[str]
    """Whether what runs was started from what is declared, and was proven. Leave it out: only a reading says no."""

    exposed: pulumi.Output[Sequence[str]]
    """Sockets that are open to others and must be on loopback alone. Leave it out: only a reading fills it."""

    readable: pulumi.Output[Sequence[str]]
    """Files with secrets that others than root can read. Leave it out: only a reading fills it."""

    drop_ins: pulumi.Output[Sequence[str]] = pulumi.property("dropIns")
    """Files beside the configuration that K3s reads too and nobody declared. Leave it out: only a reading fills it."""

    agent_token: pulumi.Output[str | None] = pulumi.property("agentToken")
    """Fingerprint of what was given: What agents join with; another one than the servers'."""

    address: pulumi.Output[str]
    """Host name or address that the kubeconfig says; it must stand in the certificate (`tls-san`, node addresses)."""

    context: pulumi.Output[str]
    """What cluster, user and context are called in the kubeconfig."""

    certificate_current: pulumi.Output[str] = pulumi.property("certificateCurrent")
    """Whether the kubeconfig's certificate has 90 days left; a restart renews it. Only a reading says no."""

    fingerprint: pulumi.Output[str]
    """Digest of the binary, configuration, files and unit that were proven last; empty where nothing was."""

    kubelet_version: pulumi.Output[str] = pulumi.property("kubeletVersion")
    """The version that the node reports."""

    node_name: pulumi.Output[str] = pulumi.property("nodeName")
    """The node's name in the cluster."""

    kubeconfig: pulumi.Output[str]
    """The administrator's kubeconfig, with the server's address and the names given."""

    kubeconfig_expires: pulumi.Output[str] = pulumi.property("kubeconfigExpires")
    """When its certificate ends."""

    join_token: pulumi.Output[str] = pulumi.property("joinToken")
    """What agents join with, in the secure form."""

    ca_hash: pulumi.Output[str] = pulumi.property("caHash")
    """SHA-256 of the cluster's CA, which agents pin."""

    unknown_properties: pulumi.Output[Sequence[str]] = pulumi.property("unknownProperties")
    """Inputs that nothing is known of since an import; they never differ."""

    def __init__(
        self,
        resource_name: str,
        *,
        host: pulumi.Input[str],
        version: pulumi.Input[str],
        artefacts: pulumi.Input[Mapping[str, pulumi.Input[ArtefactArgs]]],
        config: pulumi.Input[Mapping[str, pulumi.Input[Any]]],
        token: pulumi.Input[str],
        agent_token: pulumi.Input[str],
        address: pulumi.Input[str],
        context: pulumi.Input[str],
        connection: pulumi.Input[ConnectionArgs] | None = None,
        reachable: pulumi.Input[str] | None = None,
        files: pulumi.Input[Sequence[pulumi.Input[K3sFileArgs]]] | None = None,
        patience_seconds: pulumi.Input[float] | None = None,
        active: pulumi.Input[str] | None = None,
        enabled: pulumi.Input[str] | None = None,
        unit: pulumi.Input[str] | None = None,
        current: pulumi.Input[str] | None = None,
        exposed: pulumi.Input[Sequence[pulumi.Input[str]]] | None = None,
        readable: pulumi.Input[Sequence[pulumi.Input[str]]] | None = None,
        drop_ins: pulumi.Input[Sequence[pulumi.Input[str]]] | None = None,
        certificate_current: pulumi.Input[str] | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Register it with the engine.

        Args:
            resource_name: its logical name.
            host: The id of the `Host` it is on.
            version: K3s' version, such as `v1.36.2+k3s1`: what the node must report when all is done.
            artefacts: The binary of that version, for each architecture that the host may have.
            config: Its configuration file by K3s' own keys, without tokens; they are checked against K3s' source.
            token: What servers join with; it also encrypts the bootstrap data, so keep it with the snapshots.
            agent_token: What agents join with; another one than the servers'.
            address: Host name or address that the kubeconfig says; it must stand in the certificate (`tls-san`,
                node addresses).
            context: What cluster, user and context are called in the kubeconfig.
            connection: How the host is reached.
            reachable: Whether the host could be reached at the last reading. Leave it out: only a reading says no.
            files: Files that K3s reads: audit policy, admission configuration, registries.
            patience_seconds: How long it may take until the node is ready and proven.
            active: Whether its unit runs. Leave it out: only a reading says no.
            enabled: Whether its unit starts with the machine. Leave it out: only a reading says no.
            unit: Its unit file. Leave it out: only a reading says `changed`, `missing` or `masked`.
            current: Whether what runs was started from what is declared, and was proven. Leave it out: only a
                reading says no.
            exposed: Sockets that are open to others and must be on loopback alone. Leave it out: only a reading
                fills it.
            readable: Files with secrets that others than root can read. Leave it out: only a reading fills it.
            drop_ins: Files beside the configuration that K3s reads too and nobody declared. Leave it out: only a
                reading fills it.
            certificate_current: Whether the kubeconfig's certificate has 90 days left; a restart renews it. Only a
                reading says no.
            opts: options of the resource.
        """
        args = _K3sServerArgs.__new__(_K3sServerArgs)
        args.__dict__.update(
            host=host,
            version=version,
            artefacts=artefacts,
            config=config,
            token=None if token is None else pulumi.Output.secret(token),
            agent_token=None if agent_token is None else pulumi.Output.secret(agent_token),
            address=address,
            context=context,
            connection=connection,
            reachable=reachable,
            files=files,
            patience_seconds=patience_seconds,
            active=active,
            enabled=enabled,
            unit=unit,
            current=current,
            exposed=exposed,
            readable=readable,
            drop_ins=drop_ins,
            certificate_current=certificate_current,
            fingerprint=None,
            kubelet_version=None,
            node_name=None,
            kubeconfig=None,
            kubeconfig_expires=None,
            join_token=None,
            ca_hash=None,
            unknown_properties=None,
        )
        sealed = pulumi.ResourceOptions(
            additional_secret_outputs=[
                "kubeconfig",
                "join_token",
            ],
        )
        opts = pulumi.ResourceOptions.merge(opts, sealed)
        props: Any = args
        super().__init__("host:index:K3sServer", resource_name, props, opts)


@pulumi.input_type
class _K3sAgentArgs:
    host: pulumi.Input[str]
    connection: pulumi.Input[_ConnectionArgs]
    reachable: pulumi.Input[str]
    version: pulumi.Input[str]
    artefacts: pulumi.Input[Mapping[str, pulumi.Input[_ArtefactArgs]]]
    config: pulumi.Input[Mapping[str, pulumi.Input[Any]]]
    token: pulumi.Input[str]
    files: pulumi.Input[Sequence[pulumi.Input[_K3sFileArgs]]]
    patience_seconds: pulumi.Input[float] = pulumi.property("patienceSeconds")
    active: pulumi.Input[str]
    enabled: pulumi.Input[str]
    unit: pulumi.Input[str]
    current: pulumi.Input[str]
    exposed: pulumi.Input[Sequence[pulumi.Input[str]]]
    readable: pulumi.Input[Sequence[pulumi.Input[str]]]
    drop_ins: pulumi.Input[Sequence[pulumi.Input[str]]] = pulumi.property("dropIns")


class K3sAgent(pulumi.CustomResource):
    """A K3s agent: a binary that was checked, its configuration, its unit, and the proof that its node is ready.

    It is made, proven and undone as a `K3sServer` is. Agents of one cluster join at the same time and are changed
    one after the other: the next begins when the node of the one before is ready again. Its labels and taints are
    those of its first start; what they are later is the API's. Deleting it removes K3s and its data from the host,
    and asks no API: drain the node and delete it before.
    """

    host: pulumi.Output[str]
    """The id of the `Host` it is on."""

    connection: pulumi.Output[Connection]
    """How the host is reached."""

    reachable: pulumi.Output[str]
    """Whether the host could be reached at the last reading. Leave it out: only a reading says no."""

    version: pulumi.Output[str]
    """K3s' version, such as `v1.36.2+k3s1`: what the node must report when all is done."""

    artefacts: pulumi.Output[Mapping[str, Artefact]]
    """The binary of that version, for each architecture that the host may have."""

    config: pulumi.Output[Mapping[str, Any]]
    """Its configuration file by K3s' own keys, without the token; `server` is required."""

    token: pulumi.Output[str | None]
    """Fingerprint of what was given: What it joins with: the server's `join_token`, which pins the cluster's CA."""

    files: pulumi.Output[Sequence[K3sFile]]
    """Files that K3s reads: audit policy, admission configuration, registries."""

    patience_seconds: pulumi.Output[float] = pulumi.property("patienceSeconds")
    """How long it may take until the node is ready and proven."""

    active: pulumi.Output[str]
    """Whether its unit runs. Leave it out: only a reading says no."""

    enabled: pulumi.Output[str]
    """Whether its unit starts with the machine. Leave it out: only a reading says no."""

    unit: pulumi.Output[str]
    """Its unit file. Leave it out: only a reading says `changed`, `missing` or `masked`."""

    current: pulumi.Output[str]
    """Whether what runs was started from what is declared, and was proven. Leave it out: only a reading says no."""

    exposed: pulumi.Output[Sequence[str]]
    """Sockets that are open to others and must be on loopback alone. Leave it out: only a reading fills it."""

    readable: pulumi.Output[Sequence[str]]
    """Files with secrets that others than root can read. Leave it out: only a reading fills it."""

    drop_ins: pulumi.Output[Sequence[str]] = pulumi.property("dropIns")
    """Files beside the configuration that K3s reads too and nobody declared. Leave it out: only a reading fills it."""

    fingerprint: pulumi.Output[str]
    """Digest of the binary, configuration, files and unit that were proven last; empty where nothing was."""

    kubelet_version: pulumi.Output[str] = pulumi.property("kubeletVersion")
    """The version that the node reports."""

    node_name: pulumi.Output[str] = pulumi.property("nodeName")
    """The node's name in the cluster."""

    unknown_properties: pulumi.Output[Sequence[str]] = pulumi.property("unknownProperties")
    """Inputs that nothing is known of since an import; they never differ."""

    def __init__(
        self,
        resource_name: str,
        *,
        host: pulumi.Input[str],
        version: pulumi.Input[str],
        artefacts: pulumi.Input[Mapping[str, pulumi.Input[ArtefactArgs]]],
        config: pulumi.Input[Mapping[str, pulumi.Input[Any]]],
        token: pulumi.Input[str],
        connection: pulumi.Input[ConnectionArgs] | None = None,
        reachable: pulumi.Input[str] | None = None,
        files: pulumi.Input[Sequence[pulumi.Input[K3sFileArgs]]] | None = None,
        patience_seconds: pulumi.Input[float] | None = None,
        active: pulumi.Input[str] | None = None,
        enabled: pulumi.Input[str] | None = None,
        unit: pulumi.Input[str] | None = None,
        current: pulumi.Input[str] | None = None,
        exposed: pulumi.Input[Sequence[pulumi.Input[str]]] | None = None,
        readable: pulumi.Input[Sequence[pulumi.Input[str]]] | None = None,
        drop_ins: pulumi.Input[Sequence[pulumi.Input[str]]] | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Register it with the engine.

        Args:
            resource_name: its logical name.
            host: The id of the `Host` it is on.
            version: K3s' version, such as `v1.36.2+k3s1`: what the node must report when all is done.
            artefacts: The binary of that version, for each architecture that the host may have.
            config: Its configuration file by K3s' own keys, without the token; `server` is required.
            token: What it joins with: the server's `join_token`, which pins the cluster's CA.
            connection: How the host is reached.
            reachable: Whether the host could be reached at the last reading. Leave it out: only a reading says no.
            files: Files that K3s reads: audit policy, admission configuration, registries.
            patience_seconds: How long it may take until the node is ready and proven.
            active: Whether its unit runs. Leave it out: only a reading says no.
            enabled: Whether its unit starts with the machine. Leave it out: only a reading says no.
            unit: Its unit file. Leave it out: only a reading says `changed`, `missing` or `masked`.
            current: Whether what runs was started from what is declared, and was proven. Leave it out: only a
                reading says no.
            exposed: Sockets that are open to others and must be on loopback alone. Leave it out: only a reading
                fills it.
            readable: Files with secrets that others than root can read. Leave it out: only a reading fills it.
            drop_ins: Files beside the configuration that K3s reads too and nobody declared. Leave it out: only a
                reading fills it.
            opts: options of the resource.
        """
        args = _K3sAgentArgs.__new__(_K3sAgentArgs)
        args.__dict__.update(
            host=host,
            version=version,
            artefacts=artefacts,
            config=config,
            token=None if token is None else pulumi.Output.secret(token),
            connection=connection,
            reachable=reachable,
            files=files,
            patience_seconds=patience_seconds,
            active=active,
            enabled=enabled,
            unit=unit,
            current=current,
            exposed=exposed,
            readable=readable,
            drop_ins=drop_ins,
            fingerprint=None,
            kubelet_version=None,
            node_name=None,
            unknown_properties=None,
        )
        props: Any = args
        super().__init__("host:index:K3sAgent", resource_name, props, opts)


class Provider(pulumi.ProviderResource):
    """Configuration of the host provider, for resources that name it."""

    def __init__(
        self,
        resource_name: str,
        *,
        fingerprint_key: pulumi.Input[str] | None = None,
        ssh_private_key: pulumi.Input[str] | None = None,
        sudo_password: pulumi.Input[str] | None = None,
        proxy_url: pulumi.Input[str] | None = None,
        artefacts: pulumi.Input[str] | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Register it with the engine.

        Args:
            resource_name: its logical name.
            fingerprint_key: Key under which write-only values are fingerprinted, so that a change of one shows
                without storing it.
            ssh_private_key: The private key that hosts admit, without a passphrase. Given by the environment, it is
                never stored.
            sudo_password: The password that sudo asks the user for; none where sudo asks for none.
            proxy_url: An HTTP proxy, as `http://host:port`, that connections to hosts go through by CONNECT; none:
                directly.
            artefacts: The directory where artefacts lie that are delivered to hosts, each named by its SHA-256.
            opts: options of the resource.
        """
        props: dict[str, Any] = {
            "fingerprintKey": None if fingerprint_key is None else pulumi.Output.secret(fingerprint_key),
            "sshPrivateKey": None if ssh_private_key is None else pulumi.Output.secret(ssh_private_key),
            "sudoPassword": None if sudo_password is None else pulumi.Output.secret(sudo_password),
            "proxyUrl": proxy_url,
            "artefacts": artefacts,
        }
        super().__init__("host", resource_name, props, opts)
