"""The one model that everything which runs on the cluster is written in."""

import math
from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from catalog.machine import Architecture, Role
from catalog.mcp_server import Era, Exposure, McpServer, RateLimit
from catalog.model import Cidr, DnsLabel, EnvName, Model
from catalog.quantity import CpuQuantity, MemoryQuantity, mebibytes, millicores

Port = Annotated[int, Field(ge=1024, le=65535)]
"""A TCP port that a process without privileges may bind."""


HostPattern = Annotated[str, Field(pattern=r"^(\*\.)?([a-z0-9]([-a-z0-9]*[a-z0-9])?\.)+[a-z]{2,}$")]
"""A fully qualified name without the dot at its end, or all names below one as ``*.example.com``."""


class Tier(StrEnum):
    """How much the platform depends on a server (platform specification 2.2)."""

    PRIMARY = "PRIMARY"
    SECONDARY = "SECONDARY"
    TERTIARY = "TERTIARY"


def _version_tag(tag: str) -> str:
    if tag == "latest":
        msg = "a tag that moves hides upgrades; name a version"
        raise ValueError(msg)
    return tag


Tag = Annotated[str, Field(pattern=r"^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$"), AfterValidator(_version_tag)]
"""Tag of an image, which names a version."""

Weight = Literal[0, 10, 50, 100]
"""Of 100 requests so many."""


class Image(Model):
    """A container image; its digest lives in ``catalog/lock/``."""

    repository: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._/-]*$")]
    """Repository without tag; ``{name}`` in the defaults stands for the workload's name."""
    tag: Tag
    """An immutable version tag; never ``latest``, because upgrades could not be seen."""
    platforms: Annotated[tuple[Architecture, ...], Field(min_length=1)]
    """Architectures the image is built for."""

    @property
    def reference(self) -> str:
        """Repository and tag."""
        return f"{self.repository}:{self.tag}"


class Rollout(Model):
    """The next version of a server: it runs beside the present one, and takes over by steps."""

    tag: Tag
    """Tag of its image."""
    settings: Mapping[EnvName, str] = {}
    """Plain environment variables that differ."""
    weight: Weight = 0
    """Of 100 requests so many go to it; `./sophia rollout` goes up by the steps, and back."""


class Amount(Model):
    """An amount of CPU and memory."""

    cpu: CpuQuantity
    """CPU in cores or millicores."""
    memory: MemoryQuantity
    """Memory in binary units."""

    @property
    def millicores(self) -> int:
        """CPU in thousandths of a core."""
        return millicores(self.cpu)

    @property
    def mebibytes(self) -> int:
        """Memory in MiB."""
        return mebibytes(self.memory)


class Resources(Model):
    """What one pod asks for and may use at most."""

    requests: Amount
    """What the scheduler reserves."""
    limits: Amount
    """What the kubelet enforces."""
    gpus: Annotated[int, Field(ge=0, strict=True)] = 0
    """Whole ``nvidia.com/gpu`` shares per pod; request and limit alike."""


class Placement(Model):
    """Which nodes the pods may and should run on."""

    required_roles: tuple[Role, ...] = ()
    """Only nodes with one of these roles; empty admits every role."""
    preferred_roles: tuple[Role, ...] = ()
    """Nodes with one of these roles first; others when those are full."""
    architectures: tuple[Architecture, ...] = ()
    """Only nodes of these architectures; empty admits all."""
    tolerated_taints: tuple[str, ...] = ()
    """Keys of the taints the pods tolerate."""


class Probe(Model):
    """One health check of a container."""

    kind: Literal["http", "tcp", "exec"] = "http"
    """How the check is made."""
    path: Annotated[str, Field(pattern=r"^/")] | None = None
    """Path of an ``http`` check."""
    command: tuple[str, ...] = ()
    """Command of an ``exec`` check."""
    port: DnsLabel = "mcp"
    """Name of the port that ``http`` and ``tcp`` checks use."""
    initial_delay_seconds: Annotated[int, Field(ge=0)] = 0
    """Seconds before the first check."""
    period_seconds: Annotated[int, Field(ge=1)] = 10
    """Seconds between checks."""
    timeout_seconds: Annotated[int, Field(ge=1)] = 5
    """Seconds until a check counts as failed."""
    failure_threshold: Annotated[int, Field(ge=1)] = 3
    """Failures in a row until the container counts as failed."""

    @model_validator(mode="after")
    def _kind_has_its_target(self) -> Self:
        if self.kind == "http" and self.path is None:
            msg = "an http probe needs a path"
            raise ValueError(msg)
        if self.kind == "exec" and not self.command:
            msg = "an exec probe needs a command"
            raise ValueError(msg)
        return self


class Probes(Model):
    """The health checks of a workload's container."""

    liveness: Probe
    """Restarts the container when it fails."""
    readiness: Probe
    """Takes the pod out of its Service when it fails."""
    startup: Probe | None = None
    """Holds the other two back until it succeeds."""


class Replicas(Model):
    """How many pods run."""

    min: Annotated[int, Field(ge=1)]
    """Pods that always run."""
    max: Annotated[int, Field(ge=1)]
    """Pods that run under full load; above ``min`` only with ``autoscaling``."""


class Autoscaling(Model):
    """Targets of the HorizontalPodAutoscaler."""

    cpu_percent: Annotated[int, Field(ge=1, le=100)]
    """Average CPU use, in percent of the request, above which pods are added."""
    memory_percent: Annotated[int, Field(ge=1, le=100)] | None = None
    """Average memory use, in percent of the request, above which pods are added."""
    scale_down_stabilization_seconds: Annotated[int, Field(ge=0, le=3600)] = 300
    """Seconds the lower need must last before pods are removed."""


class Disruption(Model):
    """What a voluntary disruption, such as a drain, must leave running; exactly one of the two."""

    min_available: Annotated[int, Field(ge=1)] | None = None
    """Pods that must stay available."""
    max_unavailable: Annotated[int, Field(ge=1)] | None = None
    """Pods that may be away at once."""

    @model_validator(mode="after")
    def _exactly_one(self) -> Self:
        if (self.min_available is None) == (self.max_unavailable is None):
            msg = "exactly one of min_available and max_unavailable must be given"
            raise ValueError(msg)
        return self


class ServicePort(Model):
    """A port that the workload serves on, in its pods and its Service alike."""

    name: DnsLabel
    """Name that probes and policies refer to."""
    port: Port
    """TCP port number."""
    only_from: tuple[DnsLabel, ...] = ()
    """Workloads whose pods alone may connect to it, instead of those of ``ingress_from``."""


class Egress(Model):
    """A destination that the workload's pods may open connections to; exactly one of hosts, ranges or a workload."""

    reason: Annotated[str, Field(min_length=8)]
    """Why the workload needs it."""
    hosts: tuple[HostPattern, ...] = ()
    """Names in public DNS, reached through the egress proxy; ``*.example.com`` stands for every name below it."""
    cidrs: tuple[Cidr, ...] = ()
    """Address ranges; ``0.0.0.0/0`` means the internet without private ranges."""
    workload: DnsLabel | None = None
    """Name of another workload of the catalog."""
    ports: Annotated[tuple[Annotated[int, Field(ge=1, le=65535)], ...], Field(min_length=1)]
    """TCP ports."""

    @model_validator(mode="after")
    def _exactly_one(self) -> Self:
        if [bool(self.hosts), bool(self.cidrs), self.workload is not None].count(True) != 1:
            msg = "exactly one of hosts, cidrs and workload must be given"
            raise ValueError(msg)
        return self


class SecretUse(Model):
    """A secret that the container reads, from its environment or from a file; exactly one of the two."""

    env: EnvName | None = None
    """Name of the environment variable, as the server's code reads it."""
    file: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._-]*$")] | None = None
    """Name of the file, in the folder of the workload's name below /run/secrets."""
    secret: EnvName
    """Canonical name of the secret in ``catalog/secrets.yaml``."""

    @model_validator(mode="after")
    def _exactly_one(self) -> Self:
        if (self.env is None) == (self.file is None):
            msg = "exactly one of env and file must be given"
            raise ValueError(msg)
        return self


class Volume(Model):
    """A directory that the container may write to."""

    name: DnsLabel
    """Name of the volume."""
    mount_path: Annotated[str, Field(pattern=r"^/")]
    """Where the container sees it."""
    size: MemoryQuantity
    """Upper bound of an empty directory, request of a claim."""
    persistent: bool = False
    """A claim that outlives the pod (StatefulSet only), or an empty directory that does not."""


class Identity(Model):
    """Who the container runs as."""

    user: Annotated[int, Field(ge=1)] = 1000
    """Numeric user; never root."""
    group: Annotated[int, Field(ge=1)] = 1000
    """Numeric group, also the group of its volumes."""
    service_account_token: bool = False
    """Whether the pod may talk to the Kubernetes API."""


class Telemetry(Model):
    """Where the workload shows its metrics."""

    metrics_port: DnsLabel
    """Name of the port that serves them."""
    metrics_path: Annotated[str, Field(pattern=r"^/")] = "/metrics"
    """Path that serves them."""


class Workload(Model):
    """One thing that runs on the cluster, and everything the platform must know to run it well."""

    name: DnsLabel
    """Its name, which is that of its file."""
    title: str
    """Name for people."""
    description: Annotated[str, Field(max_length=100)]
    """One sentence for people and registries."""
    kind: Literal["Deployment", "StatefulSet"] = "Deployment"
    """Which controller runs the pods."""
    tier: Tier
    """How much the platform depends on it."""
    owner: Annotated[str, Field(pattern=r"^[a-z]+_team$")]
    """Team that answers for it."""
    cost_center: str
    """Who pays for it."""
    data_class: Literal["public", "internal", "confidential"]
    """The most sensitive data it handles."""
    image: Image
    """What it runs."""
    command: tuple[str, ...] = ()
    """What its container runs, program and arguments; absent means what its image runs."""
    ports: Annotated[tuple[ServicePort, ...], Field(min_length=1)]
    """Ports it serves on."""
    resources: Resources
    """What one pod asks for and may use."""
    placement: Placement = Placement()
    """Which nodes its pods may and should run on."""
    probes: Probes
    """How its health is checked."""
    replicas: Replicas
    """How many pods run."""
    autoscaling: Autoscaling | None = None
    """Targets of its autoscaler; absent means ``replicas.min`` pods always."""
    disruption: Disruption
    """What a drain must leave running."""
    settings: Mapping[EnvName, str] = {}
    """Plain environment variables."""
    secrets: tuple[SecretUse, ...] = ()
    """Secrets that it reads, each by the name that its code has for it."""
    ingress_from: tuple[DnsLabel, ...] = ()
    """Workloads whose pods may connect to it."""
    egress: tuple[Egress, ...] = ()
    """Destinations it may connect to, beyond cluster DNS."""
    volumes: tuple[Volume, ...] = ()
    """Directories it may write to; the rest of its file system is read-only."""
    identity: Identity = Identity()
    """Who its container runs as."""
    backup: Egress | None = None
    """Where the pods that back it up keep that, which it does not reach itself; absent for what nobody backs up."""
    tls: bool = False
    """Whether it has a certificate of the data services' own authority, in the folder of its name below /run/tls."""
    telemetry: Telemetry | None = None
    """Where it shows its metrics."""
    mcp: McpServer | None = None
    """What it is as an MCP server; absent for what is none."""
    expose: Exposure | None = None
    """Where clients outside of the cluster reach it; absent for what they cannot reach."""
    rate_limit: RateLimit | None = None
    """How much of what is exposed the gateway lets through to it."""
    rollout: Rollout | None = None
    """Its next version; absent where there is none."""
    termination_grace_seconds: Annotated[int, Field(ge=1)] = 30
    """Seconds between the stop signal and the kill; at least the longest request."""

    @property
    def hands_out_state(self) -> bool:
        """Whether clients carry state from one request to the next that it seals (MCP 2026-07-28)."""
        return self.mcp is not None and self.mcp.era != Era.LEGACY

    @property
    def backup_name(self) -> str:
        """What selects the pods that back it up."""
        return f"{self.name}-backup"

    @property
    def kept_gib(self) -> int:
        """Disk in GiB that the volumes of one pod take, which outlive it."""
        return math.ceil(sum(mebibytes(volume.size) for volume in self.volumes if volume.persistent) / 1024)

    @property
    def version(self) -> str:
        """What it calls its version: what its identity says, or else the tag of its image."""
        return (self.mcp and self.mcp.identity.version) or self.image.tag

    @property
    def object_name(self) -> str:
        """Name of its objects in the cluster."""
        return f"mcp-{self.name}" if self.mcp else self.name
