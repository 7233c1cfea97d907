"""The Pod Security Standards, level restricted: what it asks beyond baseline, in every version."""

from collections.abc import Iterator
from typing import Final

from catalog.policy import Severity
from policies.context import Context, Version
from policies.field import Field, Problem
from policies.pods import PODS, Pod
from policies.rule import cis, nsa, pss, rule, soc2
from policies.rules.pod_security_baseline import PROFILES, unmasked

_SOURCES: Final = frozenset(
    (
        *("configMap", "csi", "downwardAPI", "emptyDir", "ephemeral"),
        *("image", "persistentVolumeClaim", "projected", "secret"),
    )
)
_ESCALATION_FROM: Final[Version] = (1, 8)
_SECCOMP_FROM: Final[Version] = (1, 19)
_CAPABILITIES_FROM: Final[Version] = (1, 22)
_USER_FROM: Final[Version] = (1, 23)
_PROC_MOUNT_FROM: Final[Version] = (1, 35)


@rule(
    "PSS-R-volumes",
    PODS,
    title="Volumes are of the kinds that reach nothing outside the cluster",
    severity=Severity.MEDIUM,
    standards=(pss("restricted: Volume Types"), nsa("C-0045"), soc2("CC6.1")),
    also=("KSV-0028",),
    remedy="use a claim, an emptyDir, or a volume of configuration or secrets",
)
def volumes(pod: Pod, _: Context) -> Iterator[Problem]:
    """Other kinds name machines, disks and paths directly, past the cluster's own account of storage."""
    for volume in pod.spec.items("volumes"):
        stated = dict(volume.entries())
        # One that says nothing beside its name becomes an emptyDir.
        others = [key for key in stated.keys() - _SOURCES - {"name"} if stated[key].has(unknown=False)]
        if others and not any(stated[key].has(unknown=True) for key in stated.keys() & _SOURCES):
            yield volume.problem("must be of a kind that restricted pods may have")


@rule(
    "PSS-R-allowPrivilegeEscalation",
    PODS,
    title="No process gains rights that its parent did not have",
    severity=Severity.MEDIUM,
    standards=(pss("restricted: Privilege Escalation"), cis("5.2.6"), nsa("C-0016"), soc2("CC6.1")),
    also=("CKV_K8S_20", "KSV-0001"),
    remedy="set it to false in every container; it is not inherited from the pod",
)
def privilege_escalation(pod: Pod, context: Context) -> Iterator[Problem]:
    """A program with the set-user-ID bit makes root of a user, where this is not false."""
    if context.pod_security < _ESCALATION_FROM:
        return
    for container in pod.containers():
        allowed = container.flag("securityContext", "allowPrivilegeEscalation", unknown=False)
        stated = allowed is False or (allowed is None and pod.partial)
        if not stated and not pod.runs_windows(context.pod_security):
            yield container.problem("must be false", "securityContext", "allowPrivilegeEscalation")


@rule(
    "PSS-R-runAsNonRoot",
    PODS,
    title="Containers do not run as root",
    severity=Severity.HIGH,
    standards=(pss("restricted: Running as Non-root"), cis("5.2.7"), nsa("C-0013"), soc2("CC6.1")),
    also=("CKV_K8S_23", "KSV-0012"),
    remedy="set it to true for the pod, and nowhere to false",
)
def run_as_non_root(pod: Pod, context: Context) -> Iterator[Problem]:
    """Root in a container is root on the host, once it gets out of the container."""
    for found in _as_root(pod):
        if not pod.has_user_namespace(context.pod_security):
            yield found


def _as_root(pod: Pod) -> Iterator[Problem]:
    keys = ("securityContext", "runAsNonRoot")
    of_pod = pod.spec.flag(*keys, unknown=True)
    if of_pod is False:
        yield pod.spec.problem("must not be false", *keys)
    for container in pod.containers():
        own = container.flag(*keys, unknown=True)
        if own is False:
            yield container.problem("must not be false", *keys)
        elif own is None and not of_pod and not pod.partial:
            yield container.problem("must be true, here or for the pod", *keys)


@rule(
    "PSS-R-runAsUser",
    PODS,
    title="No user is root by number",
    severity=Severity.HIGH,
    standards=(pss("restricted: Running as Non-root user"), cis("5.2.7"), nsa("C-0013"), soc2("CC6.1")),
    also=("KSV-0105",),
    remedy="choose another number, or none",
)
def run_as_user(pod: Pod, context: Context) -> Iterator[Problem]:
    """The number 0 is root, whatever the image calls it."""
    if context.pod_security < _USER_FROM:
        return
    for at in pod.contexts():
        if at.number("runAsUser", unknown=None) == 0 and not pod.has_user_namespace(context.pod_security):
            yield at.problem("must not be 0", "runAsUser")


@rule(
    "PSS-R-seccomp",
    PODS,
    title="Every container has a seccomp profile",
    severity=Severity.MEDIUM,
    standards=(pss("restricted: Seccomp"), cis("5.7.2"), nsa("C-0055"), soc2("CC6.8")),
    also=("CKV_K8S_31", "KSV-0030"),
    remedy="set it to RuntimeDefault for the pod",
)
def seccomp(pod: Pod, context: Context) -> Iterator[Problem]:
    """Without a profile a container may make every call that the kernel has."""
    if context.pod_security < _SECCOMP_FROM:
        return
    for found in _unconfined(pod):
        if not pod.runs_windows(context.pod_security):
            yield found


def _unconfined(pod: Pod) -> Iterator[Problem]:
    at = pod.spec.at("securityContext")
    confined = at.has("seccompProfile", unknown=True)
    if confined and at.text("seccompProfile", "type", unknown="Localhost") not in PROFILES:
        confined = False
        yield at.problem("must be RuntimeDefault or Localhost", "seccompProfile", "type")
    for container in pod.containers():
        own = container.at("securityContext")
        if own.has("seccompProfile", unknown=True):
            if own.text("seccompProfile", "type", unknown="Localhost") not in PROFILES:
                yield own.problem("must be RuntimeDefault or Localhost", "seccompProfile", "type")
        elif not confined and not pod.partial:
            yield own.problem("must be RuntimeDefault or Localhost, here or for the pod", "seccompProfile", "type")


@rule(
    "PSS-R-capabilities",
    PODS,
    title="Containers drop all capabilities",
    severity=Severity.MEDIUM,
    standards=(pss("restricted: Capabilities"), cis("5.2.8"), cis("5.2.10"), nsa("C-0055"), soc2("CC6.1")),
    also=("CKV_K8S_28", "CKV_K8S_37", "KSV-0106"),
    remedy="drop ALL, and add NET_BIND_SERVICE at most",
)
def capabilities(pod: Pod, context: Context) -> Iterator[Problem]:
    """What a container may do beside its work is what an intruder may do in it."""
    if context.pod_security < _CAPABILITIES_FROM:
        return
    for found in _undropped(pod):
        if not pod.runs_windows(context.pod_security):
            yield found


def _undropped(pod: Pod) -> Iterator[Problem]:
    for container in pod.containers():
        own = container.at("securityContext", "capabilities")
        if not _drops_all(own) and not (pod.partial and own.at("drop").value is None):
            yield own.problem("must contain ALL", "drop")
        for added in own.items("add"):
            if added.text(unknown="NET_BIND_SERVICE") != "NET_BIND_SERVICE":
                yield added.problem("must be NET_BIND_SERVICE")


def _drops_all(own: Field) -> bool:
    """Return whether ALL is among what is dropped; what cannot be read is noted where it is not found beside it."""
    drop = own.at("drop")
    items = drop.items()
    if not isinstance(drop.value, list):
        return drop.value is not None
    return any(one.value == "ALL" for one in items) or "ALL" in [one.text(unknown="ALL") for one in items]


@rule(
    "PSS-R-procMount",
    PODS,
    title="The kernel's files stay masked, in user namespaces too",
    severity=Severity.HIGH,
    standards=(pss("restricted: /proc Mount Type"), cis("5.7.3"), nsa("C-0055"), soc2("CC6.8")),
    remedy="remove it",
)
def proc_mount(pod: Pod, context: Context) -> Iterator[Problem]:
    """Below /proc are faults of the kernel that a user namespace does not close."""
    if context.pod_security >= _PROC_MOUNT_FROM:
        yield from unmasked(pod)
