"""Pods of any kind, by a seed: those that meet the standard, changed in a few places, and those that meet nothing."""

from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from random import Random
from typing import Any

Body = dict[str, Any]

SETS = ("initContainers", "containers", "ephemeralContainers")
PROFILES: Sequence[Body] = (
    {"type": "RuntimeDefault"},
    {"type": "Localhost", "localhostProfile": "a"},
    {"type": "Unconfined"},
)
CAPABILITIES = ("CHOWN", "NET_BIND_SERVICE", "KILL", "SETUID", "NET_RAW", "SYS_TIME", "ALL", "chown", "MKNOD")
SYSCTLS = {
    "kernel.shm_rmid_forced": "0",
    "net.ipv4.ip_local_port_range": "1024 65535",
    "net.ipv4.tcp_syncookies": "1",
    "net.ipv4.ping_group_range": "1 0",
    "net.ipv4.ip_unprivileged_port_start": "0",
    "net.ipv4.ip_local_reserved_ports": "1",
    "net.ipv4.tcp_keepalive_time": "1",
    "net.ipv4.tcp_fin_timeout": "1",
    "net.ipv4.tcp_keepalive_intvl": "1",
    "net.ipv4.tcp_keepalive_probes": "1",
    "net.ipv4.tcp_rmem": "1 2 3",
    "net.ipv4.tcp_wmem": "1 2 3",
    "net.ipv4.tcp_slow_start_after_idle": "0",
    "net.ipv4.tcp_notsent_lowat": "1",
    "kernel.msgmax": "1",
    "net.core.somaxconn": "1",
    "vm.swappiness": "1",
}
SELINUX_TYPES = ("", "container_t", "container_init_t", "container_kvm_t", "container_engine_t", "spc_t")
VOLUMES: Sequence[Body] = (
    {},
    {"emptyDir": {}},
    {"configMap": {"name": "a"}},
    {"secret": {"secretName": "a"}},
    {"persistentVolumeClaim": {"claimName": "a"}},
    {"projected": {"sources": []}},
    {"downwardAPI": {"items": []}},
    {"csi": {"driver": "a.example"}},
    {
        "ephemeral": {
            "volumeClaimTemplate": {
                "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
            }
        }
    },
    {"image": {"reference": "a"}},
    {"hostPath": {"path": "/a"}},
    {"hostPath": {"path": "/", "type": "Directory"}},
    {"nfs": {"server": "a", "path": "/a"}},
    {"iscsi": {"targetPortal": "1.2.3.4:1", "iqn": "iqn.2026-01.example:a", "lun": 0}},
    {"fc": {"targetWWNs": ["a"], "lun": 0}},
    {"rbd": {"monitors": ["a"], "image": "a"}},
    {"cephfs": {"monitors": ["a"]}},
    {"glusterfs": {"endpoints": "a", "path": "a"}},
    {"flexVolume": {"driver": "a/b"}},
    {"awsElasticBlockStore": {"volumeID": "a"}},
    {"azureFile": {"secretName": "a", "shareName": "a"}},
    {"gcePersistentDisk": {"pdName": "a"}},
    {"vsphereVolume": {"volumePath": "a"}},
    {"portworxVolume": {"volumeID": "a"}},
)
HOSTS = ("", "127.0.0.1", "example.com")
ANNOTATION = "container.apparmor.security.beta.kubernetes.io/"
SECCOMP_ANNOTATIONS = ("seccomp.security.alpha.kubernetes.io/pod", "container.seccomp.security.alpha.kubernetes.io/")
SECCOMP_TEXTS = ("runtime/default", "docker/default", "localhost/a", "unconfined")


def pod(seed: int) -> Body:
    """Return a pod.

    Args:
        seed: the same one gives the same pod.
    """
    rng = Random(seed)  # noqa: S311 - it is to be the same each time
    made = _blank(rng) if rng.random() < 0.25 else _restricted(rng)
    for change in rng.choices(CHANGES, k=rng.choice((0, 1, 1, 1, 2, 2, 3, 5))):
        change(rng, made)
    if made["spec"].get("os", {}).get("name") == "windows":
        _of_windows(rng, made)
    return made


def _blank(rng: Random) -> Body:
    spec: Body = {"containers": _named(rng, "c", 1)}
    if rng.random() < 0.5:
        spec["initContainers"] = _named(rng, "i", 1)
    if rng.random() < 0.2:
        spec["ephemeralContainers"] = _named(rng, "e", 1)
    return {"metadata": {"annotations": {}}, "spec": spec}


def _named(rng: Random, prefix: str, least: int) -> list[Body]:
    return [{"name": f"{prefix}{n}", "image": "registry.example/a:1"} for n in range(rng.randint(least, 2))]


def _restricted(rng: Random) -> Body:
    made = _blank(rng)
    for name in SETS:
        for one in made["spec"].get(name, ()):
            one["securityContext"] = {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}
    made["spec"]["securityContext"] = {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}}
    return made


def _container(rng: Random, made: Body, *sets: str) -> Body:
    there = [one for name in sets or SETS for one in made["spec"].get(name, ())]
    one: Body = rng.choice(there)
    return one


def _context(rng: Random, made: Body) -> Body:
    """Return the security context of the pod, or of a container."""
    of: Body = made["spec"] if rng.random() < 0.4 else _container(rng, made)
    context: Body = of.setdefault("securityContext", {})
    return context


def _own(rng: Random, made: Body) -> Body:
    context: Body = _container(rng, made).setdefault("securityContext", {})
    return context


def _set(at: Body, key: str, value: object) -> None:
    """Set a value; None removes it."""
    if value is None:
        at.pop(key, None)
    else:
        at[key] = deepcopy(value)


def _namespaces(rng: Random, made: Body) -> None:
    key = rng.choice(("hostNetwork", "hostPID", "hostIPC", "hostUsers", "shareProcessNamespace"))
    _set(made["spec"], key, rng.choice((True, False)))


def _users(_: Random, made: Body) -> None:
    made["spec"]["hostUsers"] = False


def _privileged(rng: Random, made: Body) -> None:
    context = _own(rng, made)
    context["privileged"] = rng.random() < 0.7
    if context["privileged"]:
        context.pop("allowPrivilegeEscalation", None)


def _capabilities(rng: Random, made: Body) -> None:
    own = _own(rng, made).setdefault("capabilities", {})
    if rng.random() < 0.6:
        own["add"] = rng.sample(CAPABILITIES, rng.randint(0, 2))
    else:
        _set(own, "drop", rng.choice((["ALL"], ["all"], ["CHOWN"], ["CHOWN", "ALL"], [], None)))


def _volume(rng: Random, made: Body) -> None:
    volumes = made["spec"].setdefault("volumes", [])
    volumes.append({"name": f"v{len(volumes)}", **deepcopy(rng.choice(VOLUMES))})


def _port(rng: Random, made: Body) -> None:
    one = _container(rng, made, "initContainers", "containers")
    ports = one.setdefault("ports", [])
    number = rng.randint(1, 60000)
    ports.append({"containerPort": number, "protocol": rng.choice(("TCP", "UDP"))})
    if made["spec"].get("hostNetwork"):
        ports[-1]["hostPort"] = number
    elif rng.random() < 0.6:
        ports[-1]["hostPort"] = rng.choice((0, number))


def _app_armor(rng: Random, made: Body) -> None:
    if rng.random() < 0.6:
        _context(rng, made)["appArmorProfile"] = deepcopy(rng.choice(PROFILES))
    else:
        one = _container(rng, made, "initContainers", "containers")
        text = rng.choice(("runtime/default", "localhost/a", "unconfined"))
        made["metadata"]["annotations"][f"{ANNOTATION}{one['name']}"] = text


def _se_linux(rng: Random, made: Body) -> None:
    options = _context(rng, made).setdefault("seLinuxOptions", {})
    key = rng.choice(("type", "type", "type", "user", "role", "level"))
    options[key] = rng.choice(SELINUX_TYPES) if key == "type" else rng.choice(("", "a"))


def _proc_mount(rng: Random, made: Body) -> None:
    kind = rng.choice(("Default", "Unmasked", "Unmasked"))
    _own(rng, made)["procMount"] = kind
    if kind == "Unmasked":
        made["spec"]["hostUsers"] = False


def _seccomp(rng: Random, made: Body) -> None:
    _set(_context(rng, made), "seccompProfile", rng.choice((*PROFILES, None)))


def _seccomp_annotation(rng: Random, made: Body) -> None:
    of_pod, of_container = SECCOMP_ANNOTATIONS
    one = _container(rng, made, "initContainers", "containers")
    key = rng.choice((of_pod, f"{of_container}{one['name']}", f"{of_container}nobody"))
    made["metadata"]["annotations"][key] = rng.choice(SECCOMP_TEXTS)


def _sysctl(rng: Random, made: Body) -> None:
    name = rng.choice([*SYSCTLS])
    sysctls = made["spec"].setdefault("securityContext", {}).setdefault("sysctls", [])
    if name not in {one["name"] for one in sysctls}:
        sysctls.append({"name": name, "value": SYSCTLS[name]})


def _host_process(rng: Random, made: Body) -> None:
    made["spec"]["os"] = {"name": "windows"}
    _context(rng, made)["windowsOptions"] = {"hostProcess": rng.choice((True, False))}


def _probe(rng: Random, made: Body) -> None:
    one = _container(rng, made, "containers")
    act = rng.choice(("httpGet", "tcpSocket"))
    handler: Body = {act: {"port": 80}}
    _set(handler[act], "host", rng.choice((*HOSTS, None)))
    where = rng.choice(("livenessProbe", "readinessProbe", "startupProbe", "postStart", "preStop"))
    (one.setdefault("lifecycle", {}) if where in {"postStart", "preStop"} else one)[where] = handler


def _sidecar_probe(rng: Random, made: Body) -> None:
    sidecars = made["spec"].setdefault("initContainers", _named(rng, "i", 1))
    one = rng.choice(sidecars)
    one["restartPolicy"] = "Always"
    one["livenessProbe"] = {"httpGet": {"port": 80, "host": rng.choice(HOSTS)}}


def _escalation(rng: Random, made: Body) -> None:
    _set(_own(rng, made), "allowPrivilegeEscalation", rng.choice((True, False, None)))


def _non_root(rng: Random, made: Body) -> None:
    _set(_context(rng, made), "runAsNonRoot", rng.choice((True, False, None)))


def _user(rng: Random, made: Body) -> None:
    _set(_context(rng, made), "runAsUser", rng.choice((0, 1000, None)))


def _system(rng: Random, made: Body) -> None:
    made["spec"]["os"] = {"name": rng.choice(("windows", "windows", "linux"))}


def _of_windows(rng: Random, made: Body) -> None:
    """Take away what the API server admits in no pod of Windows, but for a few that it shall refuse."""
    if rng.random() < 0.1:
        return
    spec = made["spec"]
    for key in ("hostPID", "hostIPC", "hostUsers", "shareProcessNamespace"):
        spec.pop(key, None)
    linux = (
        *("seLinuxOptions", "seccompProfile", "appArmorProfile", "sysctls", "runAsUser", "capabilities", "procMount"),
        *("privileged", "allowPrivilegeEscalation", "readOnlyRootFilesystem"),
    )
    contexts = [spec.get("securityContext", {})]
    contexts += [one.get("securityContext", {}) for name in SETS for one in spec.get(name, ())]
    for context in contexts:
        for key in linux:
            context.pop(key, None)
    made["metadata"]["annotations"] = {}
    if any(context.get("windowsOptions", {}).get("hostProcess") for context in contexts):
        spec["hostNetwork"] = True
        spec.setdefault("securityContext", {})["windowsOptions"] = {"hostProcess": True, "runAsUserName": "a"}
        for context in contexts[1:]:
            context.pop("windowsOptions", None)


CHANGES: Sequence[Callable[[Random, Body], None]] = (
    *(_namespaces, _users, _privileged, _capabilities, _capabilities, _volume, _volume, _port, _app_armor, _se_linux),
    *(_proc_mount, _seccomp, _seccomp_annotation, _sysctl, _sysctl, _host_process, _probe, _sidecar_probe),
    *(_escalation, _non_root, _user, _system),
)


def defaulted(made: Body) -> Mapping[str, Any]:
    """Return a pod as admission sees it: in the network of its host, ports are the host's own."""
    seen = deepcopy(made)
    for name in SETS:
        for one in seen["spec"].get(name, ()):
            for port in one.get("ports", ()):
                if seen["spec"].get("hostNetwork"):
                    port["hostPort"] = port["containerPort"]
    return seen
