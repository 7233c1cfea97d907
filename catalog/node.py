"""Machines as the scheduler sees them: labels, taints, and what pods may use."""

from collections.abc import Iterable, Mapping
from typing import Annotated, Literal

from pydantic import Field

from catalog.limits import NodeReserve
from catalog.machine import Architecture, InstanceType, InstanceTypeName, Machine, Role, Taint
from catalog.model import Model
from catalog.pod import ARCHITECTURE, ROLE

GPU = "sophia.ai/gpu"
"""Label that names a node's GPU; absent on CPU machines."""

ENVIRONMENT = "sophia.ai/environment"
"""Label that names the stack a node belongs to."""


class NodeResources(Model):
    """An amount of everything a node has."""

    millicores: Annotated[int, Field(ge=0)]
    """CPU in thousandths of a core."""
    mebibytes: Annotated[int, Field(ge=0)]
    """Memory in MiB."""
    gpus: Annotated[int, Field(ge=0)]
    """Whole ``nvidia.com/gpu``: physical GPUs times shares."""
    pods: Annotated[int, Field(ge=0)]
    """Pods."""
    disk_gib: int | None
    """Local disk in GiB; absent where no source records it."""


class Node(Model):
    """One machine as a node of its stack's cluster."""

    name: str
    """Name of the machine and of the node alike."""
    instance_type: InstanceTypeName
    """Type the machine is."""
    region: str
    """Region the machine is in."""
    architecture: Architecture
    """Value of ``kubernetes.io/arch``."""
    role: Role
    """What the node is for."""
    k3s: Literal["server", "agent"]
    """Its part in the cluster."""
    labels: Mapping[str, str]
    """Labels we set when it joins (platform specification 1.3)."""
    taints: tuple[Taint, ...]
    """Taints it is registered with."""
    capacity: NodeResources
    """What the machine has."""
    allocatable: NodeResources
    """What pods may use: capacity less the reserve."""

    @property
    def all_labels(self) -> Mapping[str, str]:
        """The same and those that the kubelet sets."""
        host = {"kubernetes.io/hostname": self.name, "kubernetes.io/os": "linux", ARCHITECTURE: str(self.architecture)}
        # A copy of a node may have another role than its labels say.
        return {**self.labels, ROLE: str(self.role), **host}


def untainted(nodes: Iterable[Node]) -> tuple[Node, ...]:
    """Return the nodes that a pod without tolerations may run on."""
    return tuple(node for node in nodes if not any(t.effect != "PreferNoSchedule" for t in node.taints))


def is_sized(instance_type: InstanceType) -> bool:
    """Whether CPU and memory of a type are recorded, so that a machine may use it."""
    return instance_type.vcpus is not None and instance_type.memory_gib is not None


def node(name: str, machine: Machine, instance_type: InstanceType, *, stack: str, reserve: NodeReserve) -> Node:
    """Return the node that a machine becomes.

    Args:
        name: the machine's name.
        machine: the machine.
        instance_type: its type.
        stack: the stack whose cluster it joins.
        reserve: what every node keeps for itself.

    Raises:
        ValueError: CPU or memory of the type are not recorded.
    """
    if instance_type.vcpus is None or instance_type.memory_gib is None:
        msg = f"{machine.instance_type} has no recorded size"
        raise ValueError(msg)
    gpu, sharing = instance_type.gpu, machine.gpu_sharing
    capacity = NodeResources(
        millicores=instance_type.vcpus * 1000,
        mebibytes=instance_type.memory_gib * 1024,
        gpus=gpu.count * sharing.shares if gpu and sharing else 0,
        pods=reserve.max_pods,
        disk_gib=machine.disk_gib or instance_type.disk_gib,
    )
    allocatable = {
        "millicores": max(0, capacity.millicores - reserve.reserved.millicores),
        "mebibytes": max(0, capacity.mebibytes - reserve.reserved.mebibytes),
        "disk_gib": None if capacity.disk_gib is None else max(0, capacity.disk_gib - reserve.disk_gib),
    }
    return Node(
        name=name,
        instance_type=machine.instance_type,
        region=machine.region,
        architecture=instance_type.architecture,
        role=machine.role,
        k3s=machine.k3s,
        labels={ROLE: machine.role.value, ENVIRONMENT: stack} | ({GPU: gpu.model} if gpu else {}),
        taints=machine.taints,
        capacity=capacity,
        allocatable=capacity.model_copy(update=allocatable),
    )
