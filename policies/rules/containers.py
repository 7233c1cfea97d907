"""What containers may write, as whom they run, and what of the host they must never see."""

import posixpath
from collections.abc import Iterator
from typing import Final

from catalog.policy import Severity
from policies.context import Context
from policies.field import Problem
from policies.pods import PODS, Pod
from policies.rule import cis, nsa, rule, soc2

_WHOLE: Final = ("/", "/var", "/var/lib", "/var/lib/kubelet", "/opt", "/usr", "/mnt", "/lib", "/bin", "/sbin")
"""Directories of the host that hold what others must not see, beside what may be mounted."""

_SENSITIVE: Final = (
    *("/etc", "/proc", "/sys", "/dev", "/boot", "/root", "/home", "/run", "/var/run", "/var/log"),
    *("/var/lib/rancher", "/var/lib/containerd", "/var/lib/docker", "/var/lib/crio", "/var/lib/containers"),
    *("/var/lib/etcd", "/var/lib/kubelet/pki", "/var/lib/kubelet/pods"),
)
"""Directories of the host of which nothing may be mounted: sockets of runtimes are in them, keys and the kernel."""


@rule(
    "K8S-FS-1",
    PODS,
    title="Root file systems are read-only",
    severity=Severity.MEDIUM,
    standards=(nsa("C-0017"), soc2("CC6.8")),
    also=("CKV_K8S_22", "KSV-0014"),
    remedy="set it to true, and mount an emptyDir where the program writes",
)
def read_only(pod: Pod, _: Context) -> Iterator[Problem]:
    """Who gets into a container writes programs of their own into it, or changes its own."""
    keys = ("securityContext", "readOnlyRootFilesystem")
    for container in pod.containers():
        found = container.flag(*keys, unknown=True)
        if not found and not (found is None and pod.partial):
            yield container.problem("must be true", *keys)


@rule(
    "K8S-UID-1",
    PODS,
    title="Users and groups are none that a host has",
    severity=Severity.LOW,
    standards=(nsa("C-0013"), soc2("CC6.1")),
    also=("CKV_K8S_40", "KSV-0020", "KSV-0021", "KSV-0116"),
    remedy="choose numbers from bounds.smallest_id of catalog/policy.yaml on, and no group 0",
)
def numbers(pod: Pod, context: Context) -> Iterator[Problem]:
    """Who breaks out of a container is on the host the user whose number they had: better one that owns nothing."""
    least = context.policy.bounds.smallest_id
    for at in pod.contexts():
        for key in ("runAsUser", "runAsGroup"):
            number = at.number(key, unknown=None)
            if number is not None and number < least:
                yield at.problem(f"must be {least} or more (bounds.smallest_id)", key)
    of_pod = pod.spec.at("securityContext")
    if of_pod.number("fsGroup", unknown=None) == 0:
        yield of_pod.problem("must not be 0", "fsGroup")
    for group in of_pod.items("supplementalGroups"):
        if group.number(unknown=None) == 0:
            yield group.problem("must not be 0")


@rule(
    "K8S-SOCK-1",
    PODS,
    title="No socket of a container runtime and nothing that rules the host is mounted",
    severity=Severity.CRITICAL,
    standards=(cis("5.2.12"), nsa("C-0074"), nsa("C-0048"), soc2("CC6.1")),
    also=("CKV_K8S_27", "KSV-0006"),
    remedy="mount the one directory that is needed, and none of those",
)
def host_mounts(pod: Pod, _: Context) -> Iterator[Problem]:
    """Through a runtime's socket, /etc, /proc or the data of K3s a container is root on the host, also read-only.

    It holds for what is exempt from the rule on paths of the host as well.
    """
    for volume in pod.spec.items("volumes"):
        path = volume.text("hostPath", "path", unknown=None)
        if path is None:
            continue
        plain = posixpath.normpath(f"/{path.strip()}")
        plain = f"/{plain.lstrip('/')}"
        if plain in _WHOLE or plain.endswith(".sock") or any(_inside(plain, one) for one in _SENSITIVE):
            yield volume.problem("must be no part of the host that rules it", "hostPath", "path")


def _inside(path: str, directory: str) -> bool:
    return path == directory or path.startswith(f"{directory}/")
