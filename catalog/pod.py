"""Pods as the scheduler sees them: what they ask for, and which nodes they admit."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Literal

from catalog.machine import Architecture, Taint
from catalog.workload import Placement, Workload

ROLE = "sophia.ai/role"
"""Label that says what a node is for."""

ARCHITECTURE = "kubernetes.io/arch"
"""Label that names a node's architecture; the kubelet sets it."""

Operator = Literal["In", "NotIn", "Exists", "DoesNotExist", "Gt", "Lt"]
"""How a label is compared (Kubernetes 1.36, ``NodeSelectorOperator``)."""


@dataclass(frozen=True, slots=True)
class Requirement:
    """What must hold for one label of a node."""

    key: str
    """The label."""
    operator: Operator
    """How it is compared."""
    values: tuple[str, ...] = ()
    """With what."""

    def met(self, labels: Mapping[str, str]) -> bool:
        """Whether a node with these labels meets it.

        >>> Requirement("a", "NotIn", ("x",)).met({}), Requirement("a", "Gt", ("3",)).met({"a": "4"})
        (True, True)
        """
        value = labels.get(self.key)
        match self.operator:
            case "Exists" | "DoesNotExist":
                return (value is not None) is (self.operator == "Exists")
            case "In" | "NotIn":
                return (value in self.values) is (self.operator == "In")
            case "Gt" | "Lt":
                if value is None or not value.lstrip("-").isdigit():
                    return False
                bound = int(self.values[0])
                return int(value) > bound if self.operator == "Gt" else int(value) < bound

    def refusal(self, labels: Mapping[str, str]) -> str:
        """Return why a node with these labels does not meet it."""
        name = {ROLE: "role", ARCHITECTURE: "architecture"}.get(self.key, f"label {self.key}")
        value = labels.get(self.key, "absent")
        if self.operator == "In":
            return f"{name} {value} is not {' or '.join(self.values)}"
        return f"{name} {value} breaks {self.operator} {' '.join(self.values)}".rstrip()


@dataclass(frozen=True, slots=True)
class Toleration:
    """Taints that a pod bears (Kubernetes 1.36, ``Toleration``)."""

    key: str = ""
    """Key of the taint; empty for every one."""
    value: str | None = None
    """Its value; None for any."""
    effect: str = ""
    """Its effect; empty for any."""

    def covers(self, taint: Taint) -> bool:
        """Whether a pod with it bears a taint."""
        return self.key in ("", taint.key) and self.value in (None, taint.value) and self.effect in ("", taint.effect)


Term = tuple[Requirement, ...]
"""Requirements that must all hold."""


@dataclass(frozen=True, slots=True)
class Pod:
    """All that decides where a pod fits; equal ones are interchangeable."""

    millicores: int = 0
    """CPU it asks for, in thousandths of a core."""
    mebibytes: int = 0
    """Memory it asks for, in MiB."""
    gpus: int = 0
    """Whole ``nvidia.com/gpu`` it asks for."""
    disk_gib: int = 0
    """Disk in GiB that its volumes keep on its node."""
    terms: tuple[Term, ...] = ()
    """A node must meet one of these; none admits every node."""
    preferred: tuple[tuple[int, Term], ...] = ()
    """Nodes that meet these are taken first, by the sum of the weights."""
    tolerations: tuple[Toleration, ...] = ()
    """Taints it bears."""

    @classmethod
    def of(cls, workload: Workload) -> "Pod":
        """Return a pod of a workload."""
        requests = workload.resources.requests
        return replace(
            cls.placed(workload.placement, workload.image.platforms),
            millicores=requests.millicores,
            mebibytes=requests.mebibytes,
            gpus=workload.resources.gpus,
            disk_gib=workload.kept_gib,
        )

    @classmethod
    def placed(cls, placement: Placement, platforms: Iterable[Architecture] | None = None) -> "Pod":
        """Return a pod that asks for nothing, placed as it says.

        Args:
            placement: which nodes it may and should run on.
            platforms: architectures that its image is built for; None where that does not count.
        """
        able = Architecture if platforms is None else platforms
        built = [one for one in able if not placement.architectures or one in placement.architectures]
        named = platforms is not None or placement.architectures
        required = [Requirement(ARCHITECTURE, "In", tuple(map(str, built)))] if named else []
        if placement.required_roles:
            required.append(Requirement(ROLE, "In", tuple(map(str, placement.required_roles))))
        wanted = Requirement(ROLE, "In", tuple(map(str, placement.preferred_roles)))
        return cls(
            terms=(tuple(required),) if required else (),
            preferred=((100, (wanted,)),) if placement.preferred_roles else (),
            tolerations=tuple(Toleration(key) for key in placement.tolerated_taints),
        )

    def preference(self, labels: Mapping[str, str]) -> int:
        """Return the sum of the weights that a node with these labels has for it."""
        return sum(weight for weight, term in self.preferred if all(one.met(labels) for one in term))


@dataclass(frozen=True, slots=True)
class Demand:
    """Pods that something wants to run."""

    name: str
    """What wants them."""
    pod: Pod
    """What each of them is."""
    count: int = 1
    """How many at the least."""
    most: int | None = None
    """How many under full load; None for no more than at the least."""
    every_node: bool = False
    """Whether it is one on each node that admits it, whatever the count."""
    namespace: str = ""
    """Namespace of the pods; empty where nobody counts what its quota leaves."""

    @classmethod
    def of(cls, workload: Workload) -> "Demand":
        """Return the pods of a workload, from its floor to its ceiling."""
        return cls(workload.name, Pod.of(workload), workload.replicas.min, workload.replicas.max)

    @property
    def grown(self) -> int:
        """How many pods there are under full load."""
        return self.count if self.most is None else self.most
