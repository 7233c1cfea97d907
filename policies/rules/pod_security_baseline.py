"""The Pod Security Standards, level baseline: as the admission controller checks them, in every version."""

from collections.abc import Iterator
from typing import Final

from catalog.policy import Severity
from policies.context import Context, Version
from policies.field import Field, Problem
from policies.pods import PODS, Pod
from policies.rule import cis, nsa, pss, rule, soc2

CAPABILITIES: Final = frozenset(
    (
        *("AUDIT_WRITE", "CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "MKNOD"),
        *("NET_BIND_SERVICE", "SETFCAP", "SETGID", "SETPCAP", "SETUID", "SYS_CHROOT"),
    )
)
PROFILES: Final = frozenset(("RuntimeDefault", "Localhost"))
"""Seccomp and AppArmor profiles that confine."""

_SELINUX_TYPES: Final = frozenset(("", "container_t", "container_init_t", "container_kvm_t"))
_SELINUX_TYPES_BY_VERSION: Final[tuple[tuple[Version, frozenset[str]], ...]] = (
    ((1, 0), _SELINUX_TYPES),
    ((1, 31), _SELINUX_TYPES | {"container_engine_t"}),
)
_SYSCTLS: Final[tuple[tuple[Version, frozenset[str]], ...]] = (
    (
        (1, 0),
        frozenset(
            (
                *("kernel.shm_rmid_forced", "net.ipv4.ip_local_port_range", "net.ipv4.tcp_syncookies"),
                *("net.ipv4.ping_group_range", "net.ipv4.ip_unprivileged_port_start"),
            )
        ),
    ),
    ((1, 27), frozenset(("net.ipv4.ip_local_reserved_ports",))),
    (
        (1, 29),
        frozenset(
            (
                *("net.ipv4.tcp_keepalive_time", "net.ipv4.tcp_fin_timeout"),
                *("net.ipv4.tcp_keepalive_intvl", "net.ipv4.tcp_keepalive_probes"),
            )
        ),
    ),
    ((1, 32), frozenset(("net.ipv4.tcp_rmem", "net.ipv4.tcp_wmem"))),
    ((1, 37), frozenset(("net.ipv4.tcp_slow_start_after_idle", "net.ipv4.tcp_notsent_lowat"))),
)
_SECCOMP_FIELDS_FROM: Final[Version] = (1, 19)
_HOST_PROBES_FROM: Final[Version] = (1, 34)
_APPARMOR = "container.apparmor.security.beta.kubernetes.io/"
_SECCOMP = ("seccomp.security.alpha.kubernetes.io/pod", "container.seccomp.security.alpha.kubernetes.io/")


@rule(
    "PSS-B-hostNamespaces",
    PODS,
    title="Pods share no namespace with their host",
    severity=Severity.HIGH,
    standards=(
        pss("baseline: Host Namespaces"),
        *(cis(number) for number in ("5.2.3", "5.2.4", "5.2.5")),
        *(nsa("C-0038"), nsa("C-0041"), soc2("CC6.1"), soc2("CC6.6")),
    ),
    also=("CKV_K8S_17", "CKV_K8S_18", "CKV_K8S_19", "KSV-0008", "KSV-0009", "KSV-0010"),
    remedy="remove the field",
)
def host_namespaces(pod: Pod, _: Context) -> Iterator[Problem]:
    """In the host's network, process or IPC namespace a pod sees, and may disturb, what the host itself runs."""
    for key in ("hostNetwork", "hostPID", "hostIPC"):
        if pod.spec.flag(key, unknown=False):
            yield pod.spec.problem("must be unset or false", key)


@rule(
    "PSS-B-privileged",
    PODS,
    title="No container is privileged",
    severity=Severity.CRITICAL,
    standards=(pss("baseline: Privileged Containers"), cis("5.2.2"), nsa("C-0057"), soc2("CC6.1"), soc2("CC6.8")),
    also=("CKV_K8S_16", "KSV-0017"),
    remedy="remove the field, and add the one capability that is needed, if any",
    exemptible=False,
)
def privileged(pod: Pod, _: Context) -> Iterator[Problem]:
    """A privileged container is root on its host."""
    for container in pod.containers():
        if container.flag("securityContext", "privileged", unknown=False):
            yield container.problem("must be unset or false", "securityContext", "privileged")


@rule(
    "PSS-B-capabilities",
    PODS,
    title="Containers add no capability beyond the default ones",
    severity=Severity.HIGH,
    standards=(pss("baseline: Capabilities"), cis("5.2.9"), nsa("C-0046"), soc2("CC6.1")),
    also=("CKV_K8S_25", "KSV-0022"),
    remedy="do not add the capability",
)
def capabilities(pod: Pod, _: Context) -> Iterator[Problem]:
    """Capabilities such as SYS_ADMIN or NET_RAW are parts of root's power over the host and its network."""
    for container in pod.containers():
        for added in container.items("securityContext", "capabilities", "add"):
            if added.text(unknown="CHOWN") not in CAPABILITIES:
                yield added.problem("must be one of the default capabilities")


@rule(
    "PSS-B-hostPath",
    PODS,
    title="No volume is a path of the host",
    severity=Severity.HIGH,
    standards=(pss("baseline: HostPath Volumes"), cis("5.2.12"), nsa("C-0045"), soc2("CC6.1")),
    also=("KSV-0023",),
    remedy="use a claim, an emptyDir or a projected volume",
)
def host_path(pod: Pod, _: Context) -> Iterator[Problem]:
    """What is mounted from the host can be read there, and often changed, by whoever takes the pod over."""
    for volume in pod.spec.items("volumes"):
        if volume.has("hostPath", unknown=False):
            yield volume.problem("must be unset", "hostPath")


@rule(
    "PSS-B-hostPorts",
    PODS,
    title="Containers take no port of their host",
    severity=Severity.HIGH,
    standards=(pss("baseline: Host Ports"), cis("5.2.13"), nsa("C-0044"), soc2("CC6.6")),
    also=("CKV_K8S_26", "KSV-0024"),
    remedy="remove the field, and let a Service lead to the container",
)
def host_ports(pod: Pod, _: Context) -> Iterator[Problem]:
    """A port of the host is on a public address, and no network policy is asked who may reach it."""
    for container in pod.containers():
        for port in container.items("ports"):
            if port.number("hostPort", unknown=None):
                yield port.problem("must be unset or 0", "hostPort")


@rule(
    "PSS-B-appArmor",
    PODS,
    title="No container leaves its AppArmor profile",
    severity=Severity.HIGH,
    standards=(pss("baseline: AppArmor"), cis("5.7.3"), nsa("C-0055"), soc2("CC6.8")),
    also=("KSV-0002",),
    remedy="remove it, or choose RuntimeDefault or Localhost",
)
def app_armor(pod: Pod, _: Context) -> Iterator[Problem]:
    """The runtime's default profile keeps a container from writing to the kernel's files and mounting file systems."""
    yield from _profiles(pod, "appArmorProfile")
    for key, value in pod.metadata.entries("annotations"):
        if key.startswith(_APPARMOR):
            profile = value.text(unknown="") or ""
            if profile not in {"", "runtime/default"} and not profile.startswith("localhost/"):
                yield value.problem("must be runtime/default, localhost/* or empty")


@rule(
    "PSS-B-seLinux",
    PODS,
    title="SELinux options keep to the types of containers",
    severity=Severity.HIGH,
    standards=(pss("baseline: SELinux"), cis("5.7.3"), nsa("C-0055"), soc2("CC6.8")),
    also=("KSV-0025",),
    remedy="remove it",
)
def se_linux(pod: Pod, context: Context) -> Iterator[Problem]:
    """Another type, user or role can be one that SELinux does not confine."""
    types = [allowed for since, allowed in _SELINUX_TYPES_BY_VERSION if context.pod_security >= since][-1]
    for at in pod.contexts():
        options = at.at("seLinuxOptions")
        if options.text("type", unknown="") not in {None, *types}:
            yield options.problem("must be unset, empty or a type of containers", "type")
        for key in ("user", "role"):
            if options.text(key, unknown=""):
                yield options.problem("must be unset or empty", key)


@rule(
    "PSS-B-procMount",
    PODS,
    title="The kernel's files stay masked",
    severity=Severity.CRITICAL,
    standards=(pss("baseline: /proc Mount Type"), cis("5.7.3"), nsa("C-0055"), soc2("CC6.8")),
    also=("KSV-0027",),
    remedy="remove it, or set hostUsers to false",
)
def proc_mount(pod: Pod, context: Context) -> Iterator[Problem]:
    """Below /proc a container reaches settings and secrets of the whole host, but for the masks of the runtime."""
    for found in unmasked(pod):
        if not pod.has_user_namespace(context.pod_security):
            yield found


def unmasked(pod: Pod) -> Iterator[Problem]:
    """Yield where a container takes the masks away."""
    for container in pod.containers():
        if container.text("securityContext", "procMount", unknown=None) not in {None, "Default"}:
            yield container.problem("must be unset or Default", "securityContext", "procMount")


@rule(
    "PSS-B-seccomp",
    PODS,
    title="No pod leaves its seccomp profile",
    severity=Severity.HIGH,
    standards=(pss("baseline: Seccomp"), cis("5.7.2"), nsa("C-0055"), soc2("CC6.8")),
    also=("KSV-0104",),
    remedy="choose RuntimeDefault or Localhost",
)
def seccomp(pod: Pod, context: Context) -> Iterator[Problem]:
    """Unconfined, a container may make every call that the kernel has, those of its latest faults among them."""
    if context.pod_security >= _SECCOMP_FIELDS_FROM:
        yield from _profiles(pod, "seccompProfile")
        return
    of_pod, of_container = _SECCOMP
    keys = {of_pod, *(of_container + (one.text("name", unknown="") or "") for one in pod.containers())}
    for key, value in pod.metadata.entries("annotations"):
        profile = value.text(unknown="runtime/default") if key in keys else None
        if profile is None or profile in {"runtime/default", "docker/default"} or profile.startswith("localhost/"):
            continue
        yield value.problem("must be runtime/default, docker/default or localhost/*")


def _profiles(pod: Pod, key: str) -> Iterator[Problem]:
    """Yield profiles that are stated and confine nothing; one without a type is stated."""
    for at in pod.contexts():
        if at.has(key, unknown=False) and at.text(key, "type", unknown="Localhost") not in PROFILES:
            yield at.problem("must be RuntimeDefault or Localhost", key, "type")


@rule(
    "PSS-B-sysctls",
    PODS,
    title="Pods set only sysctls that stay within them",
    severity=Severity.HIGH,
    standards=(pss("baseline: Sysctls"), cis("5.7.3"), nsa("C-0055"), soc2("CC6.8")),
    also=("KSV-0026",),
    remedy="remove it, or set it on the host in catalog/hosts.yaml",
)
def sysctls(pod: Pod, context: Context) -> Iterator[Problem]:
    """Other sysctls change the kernel for all containers of the host."""
    safe = frozenset[str]().union(*(names for since, names in _SYSCTLS if context.pod_security >= since))
    for one in pod.spec.items("securityContext", "sysctls"):
        if one.text("name", unknown="kernel.shm_rmid_forced") not in safe:
            yield one.problem("must be a sysctl that stays within the pod", "name")


@rule(
    "PSS-B-windowsHostProcess",
    PODS,
    title="No container is a process of a Windows host",
    severity=Severity.CRITICAL,
    standards=(pss("baseline: HostProcess"), cis("5.2.11"), soc2("CC6.1")),
    also=("KSV-0103",),
    remedy="remove the field",
    exemptible=False,
)
def windows_host_process(pod: Pod, _: Context) -> Iterator[Problem]:
    """Such a container has the host's own rights."""
    for at in pod.contexts():
        if at.flag("windowsOptions", "hostProcess", unknown=False):
            yield at.problem("must be unset or false", "windowsOptions", "hostProcess")


@rule(
    "PSS-B-hostProbes",
    PODS,
    title="Probes and hooks ask the pod itself",
    severity=Severity.MEDIUM,
    standards=(pss("baseline: Host Probes / Lifecycle Hooks"), soc2("CC6.6")),
    remedy="remove the host",
)
def host_probes(pod: Pod, context: Context) -> Iterator[Problem]:
    """With a host of its own a probe makes the kubelet ask whatever the kubelet can reach."""
    if context.pod_security < _HOST_PROBES_FROM:
        return
    for container in pod.containers():
        for handler in _handlers(container):
            for act in ("httpGet", "tcpSocket"):
                if handler.text(act, "host", unknown=""):
                    yield handler.problem("must be unset or empty", act, "host")


def _handlers(container: Field) -> Iterator[Field]:
    for probe in ("livenessProbe", "readinessProbe", "startupProbe"):
        yield container.at(probe)
    for hook in ("postStart", "preStop"):
        yield container.at("lifecycle", hook)
