"""Machines, the instance types they are launched as, and the dated price books that price them."""

from collections.abc import Mapping
from datetime import date
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field

from catalog.model import Cents, DnsLabel, Ipv4, Model

InstanceTypeName = Annotated[str, Field(pattern=r"^(gpu|cpu)_[0-9]+x_[a-z0-9_]+$")]
"""The name Lambda Cloud gives an instance type, such as ``gpu_1x_a10``."""


RegionName = Annotated[str, Field(pattern=r"^[a-z]+-[a-z]+-[0-9]$")]
"""The name of a region of Lambda Cloud, such as ``us-south-1``."""


class Architecture(StrEnum):
    """A processor architecture, as Kubernetes and OCI spell it."""

    AMD64 = "amd64"
    ARM64 = "arm64"


class Role(StrEnum):
    """What a node is for; the value of its label ``sophia.ai/role`` (platform specification 1.3)."""

    CORE = "core"
    MCP = "mcp"
    DATA = "data"
    PRODUCTION = "production"
    DEV = "dev"


HostKey = Annotated[str, Field(pattern=r"^ssh-ed25519 [A-Za-z0-9+/]{68}$", examples=["ssh-ed25519 AAAA..."])]
"""A public host key in OpenSSH's form, without its comment."""


class Lifecycle(StrEnum):
    """What may happen to a machine."""

    PINNED = "pinned"
    """Adopted, protected, retained; never launched or terminated by us."""
    REPLACEABLE = "replaceable"
    """Imported while its id is configured, launched otherwise."""
    ON_DEMAND = "on-demand"
    """Launched for a release and destroyed after it."""


class Gpu(Model):
    """The one physical GPU of a machine's instance type."""

    model: DnsLabel
    """Value of the label ``sophia.ai/gpu``, such as ``a6000``."""
    count: Annotated[int, Field(ge=1)] = 1
    """Physical GPUs per instance."""
    memory_gib: Annotated[int, Field(ge=1)] | None = None
    """Memory of one GPU in GiB; absent where no source records it."""
    compute_capability: Annotated[str, Field(pattern=r"^[0-9]+\.[0-9]$")] | None = None
    """CUDA compute capability; absent where no source records it."""


class InstanceType(Model):
    """A Lambda Cloud instance type."""

    vcpus: Annotated[int, Field(ge=1)] | None = None
    """Virtual CPUs; absent where no source records it, and then no machine may use the type."""
    memory_gib: Annotated[int, Field(ge=1)] | None = None
    """RAM in GiB; absent where no source records it, and then no machine may use the type."""
    disk_gib: Annotated[int, Field(ge=1)] | None = None
    """Local disk in GiB; absent where no source records it."""
    architecture: Architecture = Architecture.AMD64
    """Processor architecture."""
    gpu: Gpu | None = None
    """The GPU; absent for CPU types."""


class PriceBook(Model):
    """What every instance type cost on one day, by the hour."""

    as_of: date
    """The day the prices were read."""
    source: str
    """Where they were read."""
    hourly_cents: Mapping[InstanceTypeName, Cents]
    """United States cents per hour and instance."""
    file_system_gib_cents: Cents | None = None
    """Cents per month for a GiB that a file system holds; absent where no source records it."""
    seat_cents: Mapping[DnsLabel, Cents] = {}
    """Cents per month and seat, by the service that sells them."""


class Taint(Model):
    """A Kubernetes node taint."""

    key: str
    """Label-like key, such as ``sophia.ai/dedicated``."""
    value: str = ""
    """Value of the taint."""
    effect: Literal["NoSchedule", "PreferNoSchedule", "NoExecute"]
    """What happens to pods that do not tolerate it."""


class GpuSharing(Model):
    """How a node's physical GPU is offered to pods."""

    mode: Literal["exclusive", "time-slicing"]
    """``exclusive`` offers the GPU once; ``time-slicing`` offers it ``shares`` times without memory isolation."""
    shares: Annotated[int, Field(ge=1, le=48)] = 1
    """How many whole ``nvidia.com/gpu`` the node advertises per physical GPU."""


class Machine(Model):
    """One Lambda Cloud instance: the facts of it that no stack may change."""

    instance_type: InstanceTypeName
    """Which type it is or is launched as."""
    fallbacks: tuple[InstanceTypeName, ...] = ()
    """Types it is launched as instead, in this order, where the region has no capacity; never for a pinned machine."""
    region: RegionName
    """Lambda Cloud region."""
    owner: DnsLabel
    """The stack that owns it."""
    lifecycle: Lifecycle
    """What may happen to it."""
    role: Role
    """What its node is for."""
    k3s: Literal["server", "agent"]
    """Its part in the cluster."""
    access_address: Ipv4
    """Its address in the access network, by which people and CI reach it."""
    expected_ip: Ipv4 | None = None
    """The public address an adopted machine must have; absent for launched ones."""
    host_key: HostKey | None = None
    """The SSH host key it must have, which somebody has looked up on it (``/etc/ssh/ssh_host_ed25519_key.pub``);
    absent: the one that it shows first is pinned, and stays."""
    disk_gib: Annotated[int, Field(ge=1)] | None = None
    """Local disk in GiB where this machine differs from its type."""
    gpu_sharing: GpuSharing | None = None
    """How its GPU is shared; absent on CPU machines."""
    taints: tuple[Taint, ...] = ()
    """Taints its node is registered with."""

    @property
    def pinned(self) -> bool:
        """Whether it is adopted, and never launched or terminated by us."""
        return self.lifecycle is Lifecycle.PINNED
