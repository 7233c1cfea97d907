"""K3s: its version, flags and policies, and the digests of its programs."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field

from catalog.access import InterfaceName, Ipv4Cidr
from catalog.machine import Architecture
from catalog.model import DnsLabel, Model
from catalog.quantity import CpuQuantity, MemoryQuantity
from catalog.versions import K3sVersion, Sha256
from catalog.workload import Image

FlagName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]*$")]
"""A key of K3s' config.yaml, or a flag of a program of Kubernetes, without dashes before it."""

FlagValue = bool | int | str | tuple[str, ...]
"""What a flag is set to."""

PodSecurityLevel = Literal["privileged", "baseline", "restricted"]
"""A Pod Security Standard."""


class Part(StrEnum):
    """A program of Kubernetes that K3s passes arguments on to."""

    API_SERVER = "kube-apiserver"
    CONTROLLER_MANAGER = "kube-controller-manager"
    SCHEDULER = "kube-scheduler"
    PROXY = "kube-proxy"
    KUBELET = "kubelet"
    ETCD = "etcd"

    @property
    def on_agents(self) -> bool:
        """Whether every node runs it; the others are a server's."""
        return self in {Part.KUBELET, Part.PROXY}


class ClusterNetwork(Model):
    """The network of pods."""

    pods: Ipv4Cidr
    """Where the addresses of pods come from."""
    services: Ipv4Cidr
    """Where those of Services come from."""
    bridge: InterfaceName
    """The interface of a node that its pods come from."""
    mtu: Annotated[int, Field(ge=1280, le=9216)]
    """What the network between the machines carries in one packet."""


class Flags(Model):
    """Keys of config.yaml that are the same on all machines of a kind."""

    all: Mapping[FlagName, FlagValue] = {}
    """On every machine."""
    server: Mapping[FlagName, FlagValue] = {}
    """On servers."""
    gpu: Mapping[FlagName, FlagValue] = {}
    """On machines with a GPU."""


class ObjectStorage(Model):
    """Where snapshots go beside the server's disk."""

    secret: DnsLabel
    """The Secret in kube-system that holds bucket and credentials."""
    retention: Annotated[int, Field(ge=1)]
    """How many are kept there."""


class Snapshots(Model):
    """Snapshots of the datastore that K3s takes by itself."""

    schedule: Annotated[str, Field(pattern=r"^\S+( \S+){4}$")]
    """When, as cron says it."""
    retention: Annotated[int, Field(ge=1)]
    """How many are kept on the server."""
    object_storage: ObjectStorage | None = None
    """Where else they go; null: nowhere, and they are lost with the server's disk."""


class PodSecurity(Model):
    """What pods are held to in a namespace whose labels say nothing else."""

    enforce: PodSecurityLevel
    """What is refused otherwise."""
    audit: PodSecurityLevel
    """What the audit log tells otherwise."""
    warn: PodSecurityLevel
    """What clients are warned of otherwise."""
    exempt_namespaces: tuple[DnsLabel, ...] = ()
    """Namespaces that are held to nothing."""


class EventRateLimit(Model):
    """How many events the API server takes."""

    type: Literal["Server", "Namespace", "User", "SourceAndObject"]
    """From whom each: all together, or by namespace, user, or source and object."""
    qps: Annotated[int, Field(ge=1)]
    """A second."""
    burst: Annotated[int, Field(ge=1)]
    """At once."""
    cache_size: Annotated[int, Field(ge=1)] | None = None
    """How many namespaces, users or sources are told apart."""


class AuditRule(Model):
    """Which accesses to the API are recorded, and how much of them."""

    level: Literal["None", "Metadata", "Request", "RequestResponse"]
    """How much."""
    users: tuple[str, ...] = ()
    """By whom; anybody when none is named."""
    groups: tuple[str, ...] = ()
    """By members of which groups; anybody when none is named."""
    verbs: tuple[str, ...] = ()
    """What they do; anything when none is named."""
    resources: Mapping[str, tuple[str, ...]] = {}
    """To what, by API group; all resources of a group when none is named."""
    paths: tuple[str, ...] = ()
    """To which paths that are no resources."""


class Audit(Model):
    """The audit log of the API server."""

    max_age_days: Annotated[int, Field(ge=1)]
    """How long a file is kept."""
    max_backups: Annotated[int, Field(ge=1)]
    """How many files are kept."""
    max_size_mib: Annotated[int, Field(ge=1)]
    """How large a file becomes."""
    rules: Annotated[tuple[AuditRule, ...], Field(min_length=1)]
    """What is recorded; the first rule that fits decides."""


class Gpus(Model):
    """How GPUs become a resource of nodes."""

    mode: Literal["device-plugin", "operator"]
    """NVIDIA's device plugin, which the cluster runs itself, or the operator that brings it."""
    image: Image | None = None
    """The device plugin's image; absent where the operator brings it."""
    namespace: DnsLabel
    """Where it runs, and reads how GPUs are shared."""
    config_map: DnsLabel
    """Name of the ConfigMap that says how GPUs are shared, an entry for each way."""
    label: str
    """The label of a node that names its entry."""


class Bundled(Model):
    """What K3s brings and runs by itself, which no program registers."""

    cpu: CpuQuantity | None = None
    """CPU that a pod asks for; absent where it asks for none."""
    memory: MemoryQuantity | None = None
    """Memory that a pod asks for; absent where it asks for none."""
    every_node: bool = False
    """Whether a pod runs on each node without taints, instead of one in all."""


class K3s(Model):
    """The file ``catalog/k3s.yaml``."""

    version: K3sVersion
    """The release that runs."""
    previous: K3sVersion
    """The release before it, which a cluster may still run."""
    network: ClusterNetwork
    """The network of pods."""
    flags: Flags
    """Keys of config.yaml."""
    arguments: Mapping[Part, Mapping[FlagName, str | tuple[str, ...]]]
    """What is passed on, by program; a list is written with commas."""
    snapshots: Snapshots
    """Snapshots of the datastore."""
    pod_security: PodSecurity
    """What pods are held to by default."""
    event_rate_limits: tuple[EventRateLimit, ...]
    """How many events the API server takes."""
    audit: Audit
    """The audit log."""
    gpu: Gpus
    """How GPUs become a resource of nodes."""
    bundled: Mapping[DnsLabel, Bundled]
    """What it runs by itself in ``kube-system``, by name."""
    tables: tuple[Annotated[str, Field(pattern=r"^(ip|ip6|inet|arp|bridge|netdev) \S+$")], ...]
    """Tables of nftables that it makes on a host."""


class Program(Model):
    """The program of K3s for one architecture."""

    url: Annotated[str, Field(pattern=r"^https://\S+$")]
    """Where it is published."""
    sha256: Sha256 | None
    """Its digest; null until it was looked up, never invented."""


class K3sLock(Model):
    """The file ``catalog/lock/k3s.yaml``."""

    programs: Mapping[K3sVersion, Mapping[Architecture, Program]]
    """Programs by release and architecture."""

    def replaced(self, digests: Mapping[str, Mapping[str, str]]) -> "K3sLock":
        """Return the lock with digests of other programs in place of its own.

        Args:
            digests: by release and architecture; one that is not named has none then.
        """
        return K3sLock(
            programs={
                version: {
                    architecture: program.model_copy(update={"sha256": digests.get(version, {}).get(architecture)})
                    for architecture, program in programs.items()
                }
                for version, programs in self.programs.items()
            }
        )
