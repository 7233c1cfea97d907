"""Resources of containers: what they ask for, what they may use, and the GPUs among them."""

from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Final

from catalog.policy import Severity
from policies.context import Context
from policies.field import Field, Problem
from policies.pods import PODS, Pod
from policies.quantities import amount
from policies.rule import Rule, nsa, rule, soc2

_SETS = ("initContainers", "containers")
_SHARED: Final = ("cpu", "memory", "ephemeral-storage")
_GPU: Final = "nvidia.com/"


def _stated(part: str, resource: str) -> Callable[[Pod, Context], Iterator[Problem]]:
    """Return what yields the containers that do not state one thing."""

    def check(pod: Pod, _: Context) -> Iterator[Problem]:
        if pod.partial or amount(pod.spec.at("resources", part, resource), unknown=None):
            return
        for container in pod.containers(*_SETS):
            own = container.at("resources")
            found = amount(own.at(part, resource), unknown=Decimal(1))
            if found is None and part == "requests":
                # It is what they may use, where they say that alone.
                found = amount(own.at("limits", resource), unknown=Decimal(1))
            if not found:
                yield own.problem("must be set", part, resource)

    return check


def _rule(number: int, part: str, resource: str, about: tuple[str, str, Severity], also: tuple[str, ...]) -> Rule:
    title, why, severity = about
    check = _stated(part, resource)
    check.__doc__ = why
    return rule(
        f"K8S-RES-{number}",
        PODS,
        title=title,
        severity=severity,
        standards=(nsa("C-0270" if resource == "cpu" else "C-0271"), soc2("A1.1")),
        also=also,
        remedy="say so in the container's resources",
    )(check)


CPU_REQUEST: Final = _rule(
    1,
    "requests",
    "cpu",
    (
        "Containers say how much CPU they need",
        "A pod that asks for nothing is placed where there is nothing left, and starves first.",
        Severity.MEDIUM,
    ),
    ("CKV_K8S_10", "KSV-0015"),
)
CPU_LIMIT: Final = _rule(
    2,
    "limits",
    "cpu",
    (
        "Containers say how much CPU they may use",
        "One that spins takes all cores that the others have not asked for.",
        Severity.LOW,
    ),
    ("CKV_K8S_11", "KSV-0011"),
)
MEMORY_REQUEST: Final = _rule(
    3,
    "requests",
    "memory",
    (
        "Containers say how much memory they need",
        "A pod that asks for nothing is placed where there is nothing left, and is evicted first.",
        Severity.MEDIUM,
    ),
    ("CKV_K8S_12", "KSV-0016"),
)
MEMORY_LIMIT: Final = _rule(
    4,
    "limits",
    "memory",
    (
        "Containers say how much memory they may use",
        "One that leaks makes the kernel end others on its node.",
        Severity.MEDIUM,
    ),
    ("CKV_K8S_13", "KSV-0018"),
)


@rule(
    "K8S-RES-5",
    PODS,
    title="What containers ask for and may use fit together, and their disk has an end",
    severity=Severity.MEDIUM,
    standards=(soc2("A1.1"),),
    also=("enforce-resources-as-ratio", "container-ephemeral-storage-request-and-limit"),
    remedy="bring the two together, give an emptyDir a sizeLimit, and make the root file system read-only",
)
def proportion(pod: Pod, context: Context) -> Iterator[Problem]:
    """Where pods may use far more than they ask for, a node that is full by its books fails under load."""
    for container in pod.containers(*_SETS):
        yield from _apart(container.at("resources"), context.policy.bounds.limit_to_request)
        keys = ("resources", "limits", "ephemeral-storage")
        limited = pod.partial or amount(container.at(*keys), unknown=Decimal(1))
        if not limited and not container.flag("securityContext", "readOnlyRootFilesystem", unknown=True):
            yield container.problem("must be set where the root file system can be written", *keys)
    for volume in pod.spec.items("volumes"):
        if volume.has("emptyDir", unknown=False) and not volume.has("emptyDir", "sizeLimit", unknown=True):
            yield volume.problem("must be set", "emptyDir", "sizeLimit")


def _apart(resources: Field, ratio: int) -> Iterator[Problem]:
    for resource, limit in resources.entries("limits"):
        most = amount(limit, unknown=None)
        least = amount(resources.at("requests", resource), unknown=most)
        if most is None or least is None:
            continue
        if least > most:
            yield resources.problem("must not be more than the limit", "requests", resource)
        elif resource in _SHARED and most > least * ratio:
            yield limit.problem(f"must be at most {ratio} times the request (bounds.limit_to_request)")


@rule(
    "K8S-RES-6",
    PODS,
    title="GPUs are asked for as nodes have them",
    severity=Severity.HIGH,
    standards=(soc2("A1.1"),),
    also=("check-nvidia-gpu",),
    remedy="set limits and requests to the same whole number, of at most what a node has, and runtimeClassName",
)
def gpu(pod: Pod, context: Context) -> Iterator[Problem]:
    """A pod that asks for a part of a GPU, or more than a node has, is never placed; without the runtime it sees none.

    The runtime is named by the pod, unless K3s makes it the default of machines with a GPU.
    """
    asks = False
    most = max((node.capacity.gpus for node in context.nodes), default=None)
    for container in pod.containers(*_SETS):
        resources = container.at("resources")
        for resource, limit in resources.entries("limits"):
            if not resource.startswith(_GPU):
                continue
            wanted = amount(limit, unknown=None)
            asks = asks or bool(wanted)
            if wanted is not None and wanted != wanted.to_integral_value():
                yield limit.problem("must be a whole number")
            elif wanted is not None and most is not None and resource == f"{_GPU}gpu" and wanted > most:
                yield limit.problem(f"must be at most {most}, which the largest node of the stack has")
            asked = amount(resources.at("requests", resource), unknown=wanted)
            if asked is not None and asked != wanted:
                yield resources.problem("must equal the limit", "requests", resource)
        for resource, asked_for in resources.entries("requests"):
            if resource.startswith(_GPU) and not resources.has("limits", resource, unknown=True):
                yield asked_for.problem("must be a limit as well")
    by_default = context.facts.k3s.flags.gpu.get("default-runtime") == "nvidia"
    if asks and not by_default and not pod.partial and not pod.spec.has("runtimeClassName", unknown=True):
        yield pod.spec.problem("must name the runtime that brings GPUs", "runtimeClassName")
