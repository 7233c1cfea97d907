"""What must hold for K3s."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from ipaddress import IPv4Network

from catalog.firewall import Firewall
from catalog.hosts import HostBaseline
from catalog.k3s import Gpus, K3s, K3sLock, Part
from catalog.machine import Architecture
from catalog.machine_rules import Where
from catalog.offence import Offence
from catalog.versions import Versions

COMPUTED = frozenset(
    {
        *("node-name", "node-ip", "node-external-ip", "node-label", "node-taint", "server", "tls-san"),
        *("flannel-backend", "flannel-external-ip", "cluster-cidr", "service-cidr"),
        *("etcd-snapshot-schedule-cron", "etcd-snapshot-retention"),
        *("etcd-s3", "etcd-s3-config-secret", "etcd-s3-retention"),
    }
)
"""Keys of config.yaml that follow from other facts."""

SECRET = frozenset(
    {"token", "token-file", "agent-token", "agent-token-file", "etcd-s3-access-key", "etcd-s3-secret-key", "vpn-auth"}
)
"""Keys whose values are secrets, or where they are."""

MESHES = ("wireguard-native", "vxlan", "host-gw")
"""Kinds of mesh that K3s makes."""

_KERNEL_DEFAULTS = {
    "vm.panic_on_oom": "0",
    "vm.overcommit_memory": "1",
    "kernel.panic": "10",
    "kernel.panic_on_oops": "1",
}
"""What a kubelet that protects kernel defaults refuses to start without (K3s, CIS hardening guide)."""

_COMPUTED_ARGUMENTS = {
    Part.API_SERVER: ("audit-", "admission-control-config-file"),
    Part.KUBELET: ("max-pods", "system-reserved", "node-labels"),
}
"""Beginnings of arguments that follow from other facts."""


def of_k3s(k3s: K3s, where: Where) -> Iterator[Offence]:
    """Yield the rules that K3s' own file breaks.

    Args:
        k3s: the file.
        where: gives the path of a field.
    """
    if _minor(k3s.previous) not in {_minor(k3s.version), _minor(k3s.version) - 1} or k3s.previous == k3s.version:
        rule = f"a cluster goes to {k3s.version} from an earlier release, of the same minor version or the one before"
        yield Offence(where("previous"), k3s.previous, rule, "name the release that clusters come from")
    if IPv4Network(k3s.network.pods).overlaps(IPv4Network(k3s.network.services)):
        rule = f"pods and Services have networks of their own, and {k3s.network.services} overlaps it"
        yield Offence(where("network.pods"), k3s.network.pods, rule, "choose another network for one of the two")
    groups = {"all": k3s.flags.all, "server": k3s.flags.server, "gpu": k3s.flags.gpu}
    counts = Counter(flag for group in groups.values() for flag in group)
    for name, group in groups.items():
        for flag in group:
            yield from _flag(flag, where(f"flags.{name}.{flag}"), times=counts[flag])
    for part, arguments in k3s.arguments.items():
        for argument in arguments:
            if argument.startswith(_COMPUTED_ARGUMENTS.get(part, ("\0",))):
                rule = "it is computed from other facts"
                yield Offence(where(f"arguments.{part}.{argument}"), "stated", rule, "remove it")
    yield from _gpus(k3s.gpu, where)
    for table, count in Counter(k3s.tables).items():
        if count > 1 or table == "inet sophia":
            rule = "a table is named once, and inet sophia is the host's own"
            yield Offence(where("tables"), table, rule, "remove it")


def _gpus(gpu: Gpus, where: Where) -> Iterator[Offence]:
    if (gpu.mode == "device-plugin") != (gpu.image is not None):
        stated = gpu.image.reference if gpu.image else "absent"
        rule = "the device plugin has an image, and an operator brings its own"
        yield Offence(where("gpu.image"), stated, rule, "name the image, or remove it, as gpu.mode says")


def _flag(flag: str, path: str, *, times: int) -> Iterator[Offence]:
    if flag in SECRET:
        rule = "tokens and keys come from secrets, and stand in files of their own"
        yield Offence(path, "[not shown]", rule, "remove it; see catalog/secrets.yaml")
    elif flag in COMPUTED:
        yield Offence(path, "stated", "it is computed from other facts", "remove it")
    elif flag.endswith("-arg"):
        yield Offence(path, "stated", "what K3s passes on stands under arguments", "move it there")
    elif times > 1:
        yield Offence(path, "stated", "a flag is set in one place", "remove it here or there")


def of_parts(
    k3s: K3s, where: Where, *, hosts: HostBaseline | None, firewall: Firewall | None, versions: Versions | None
) -> Iterator[Offence]:
    """Yield what K3s breaks together with other files, as far as they could be read.

    Args:
        k3s: the file.
        where: gives the path of a field.
        hosts: what every host looks like.
        firewall: what may reach a machine.
        versions: versions of every tool.
    """
    if hosts is not None and k3s.flags.all.get("protect-kernel-defaults"):
        for key, value in _KERNEL_DEFAULTS.items():
            if hosts.sysctls.get(key) != value:
                rule = f"the kubelet starts only where {key} is {value}"
                remedy = f'write {key}: "{value}" under sysctls in catalog/hosts.yaml'
                yield Offence(where("flags.all.protect-kernel-defaults"), "true", rule, remedy)
    if firewall is not None and firewall.mesh not in MESHES:
        rule = f"{firewall.mesh}, the mesh of catalog/firewall.yaml, is a backend of flannel"
        yield Offence(where("network"), firewall.mesh, rule, f"choose one of: {', '.join(MESHES)}")
    if versions is not None:
        pinned = {
            "version": (k3s.version, versions.k3s, versions.kubernetes),
            "previous": (k3s.previous, versions.k3s_previous, versions.kubernetes_previous),
        }
        plugin = f"v{versions.nvidia_device_plugin}"
        if k3s.gpu.image is not None and k3s.gpu.image.tag != plugin:
            rule = f"it is {plugin}, as catalog/versions.yaml pins it"
            yield Offence(where("gpu.image.tag"), k3s.gpu.image.tag, rule, "move the lines together")
        for field, (release, same, kubernetes) in pinned.items():
            if release != same or kubernetes_of(release) != kubernetes:
                rule = f"it is {same} on Kubernetes {kubernetes}, as catalog/versions.yaml pins them"
                yield Offence(where(field), release, rule, "move the lines together")


def of_lock(lock: K3sLock, where: Where, k3s: K3s, architectures: Mapping[Architecture, str]) -> Iterator[Offence]:
    """Yield the programs that the lock does not name.

    Args:
        lock: the lock.
        where: gives the path of a field.
        k3s: names the releases.
        architectures: those of the machines, each with the name of one of them.
    """
    for version in (k3s.version, k3s.previous):
        for architecture, machine in architectures.items():
            if architecture not in lock.programs.get(version, {}):
                path = where(f"programs.{version}.{architecture}")
                yield Offence(path, "absent", f"{machine} runs it", "add its url, and null until it was looked up")


def of_choice(
    k3s: K3s,
    lock: K3sLock,
    path: Callable[[str], str],
    *,
    version: str,
    given: bool,
    locked: bool,
    architectures: Sequence[Architecture],
) -> Iterator[Offence]:
    """Yield what is wrong with the release that a stack runs, and with its programs.

    Args:
        k3s: the file of K3s.
        lock: the digests that count for the stack.
        path: gives the path of one of the stack's keys.
        version: the release that it chooses; empty for the newest.
        given: whether the digests are the stack's own.
        locked: whether its images are those of the real lock.
        architectures: those that it needs a program for.
    """
    if version and version not in {k3s.version, k3s.previous}:
        remedy = f"choose one of: {k3s.version}, {k3s.previous}"
        yield Offence(path("k3s_version"), version, "a release of catalog/k3s.yaml", remedy)
    elif given and locked:
        rule = "digests of other programs than those that are published are the rehearsal's alone"
        yield Offence(path("k3s_artefacts"), "given", rule, "remove it: catalog/lock/k3s.yaml has the digests")
    else:
        programs = lock.programs.get(version or k3s.version, {})
        for architecture in architectures:
            program = programs.get(architecture)
            if locked and (program is None or program.sha256 is None):
                what = f"catalog/lock/k3s.yaml: programs.{version or k3s.version}.{architecture}"
                remedy = "run `./sophia lock`, which asks the release page, and commit the result"
                yield Offence(what, "no digest", "only programs whose digest is locked are run", remedy)


def kubernetes_of(release: str) -> str:
    """Return the release of Kubernetes that one of K3s is.

    >>> kubernetes_of("v1.36.2+k3s1")
    '1.36.2'
    """
    return release.removeprefix("v").partition("+")[0]


def _minor(version: str) -> int:
    return int(version.split(".")[1])
