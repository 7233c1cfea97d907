"""What the account remembers; every record is frozen and replaced as a whole."""

import secrets
from enum import StrEnum
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

TERMINATING_SECONDS = 30.0
"""How long an instance is terminating."""


def new_id() -> str:
    """Return an id as the API draws them: 32 hexadecimal digits."""
    return secrets.token_hex(16)


class Status(StrEnum):
    """The state of an instance (API 1.10.0, ``InstanceStatus``)."""

    BOOTING = "booting"
    ACTIVE = "active"
    UNHEALTHY = "unhealthy"
    TERMINATING = "terminating"
    TERMINATED = "terminated"
    PREEMPTED = "preempted"


class Record(BaseModel):
    """A frozen record."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class Rule(Record):
    """An inbound firewall rule."""

    protocol: Literal["tcp", "udp", "icmp", "all"]
    """The protocol it lets in."""
    port_range: tuple[int, int] | None = None
    """First and last port; absent for icmp."""
    source_network: str
    """IPv4 range it lets in, with its prefix length."""
    description: str = ""
    """What it is for."""


class Ruleset(Record):
    """A region's firewall ruleset."""

    id: str
    """Its id."""
    name: str
    """Its name; not unique."""
    region: str
    """Its region."""
    rules: tuple[Rule, ...]
    """What it lets in."""
    created: float
    """When it was made, in virtual seconds."""


class SshKey(Record):
    """A public key."""

    id: str
    """Its id."""
    name: str
    """Its name, by which launches refer to it."""
    public_key: str
    """The key in OpenSSH's form."""


class FileSystem(Record):
    """A shared file system."""

    id: str
    """Its id."""
    name: str
    """Its name, unique in the account."""
    region: str
    """Its region."""
    created: float
    """When it was made, in virtual seconds."""


class Mount(Record):
    """Where a file system is mounted."""

    mount_point: str
    """The path on the instance."""
    file_system_id: str
    """What is mounted."""


class Tag(Record):
    """A tag of an instance."""

    key: str
    """Its key."""
    value: str
    """Its value."""


class Instance(Record):
    """An instance; what changes with time is computed from the times it keeps, all in virtual seconds."""

    id: str
    """Its id."""
    name: str | None = None
    """Its name; not unique."""
    type: str
    """Name of its type."""
    region: str
    """Its region."""
    ssh_key_names: tuple[str, ...]
    """Names of its SSH keys, as they were when it was launched."""
    mounts: tuple[Mount, ...] = ()
    """Its file systems."""
    hostname: str
    """Its host name."""
    tags: tuple[Tag, ...] = ()
    """Its tags."""
    rulesets: tuple[str, ...] = ()
    """Ids of its firewall rulesets."""
    image: str | None = None
    """Id of its image; never returned by the API."""
    user_data_bytes: int = 0
    """Length of what cloud-init was given; never returned by the API."""
    born: bool = False
    """Whether it existed when the account was born."""
    launched: float
    """When it was launched."""
    active: float
    """When it has booted."""
    ip: str
    """Its public address."""
    ip_known: float | None
    """When the address is told; None for never."""
    private_ip: str
    """Its private address."""
    private_ip_known: float | None
    """When the private address is told; None for never."""
    outcome: Status = Status.ACTIVE
    """What it is when it has booted: active, unhealthy or preempted."""
    terminated: float | None = None
    """When its termination was asked for; None while it was not."""
    jupyter_token: str = Field(default_factory=lambda: secrets.token_hex(16))
    """The token of its JupyterLab server."""

    def status(self, now: float) -> Status:
        """Return its state at a time."""
        if self.terminated is not None:
            over = now >= self.terminated + TERMINATING_SECONDS
            return Status.TERMINATED if over else Status.TERMINATING
        return self.outcome if now >= self.active else Status.BOOTING

    def holds_resources(self, now: float) -> bool:
        """Whether it counts against the quota and keeps its file systems and rulesets in use."""
        return self.status(now) not in {Status.TERMINATED, Status.PREEMPTED}

    def running(self, now: float) -> bool:
        """Whether it is neither gone nor going."""
        return self.holds_resources(now) and self.status(now) is not Status.TERMINATING


class Event(Record):
    """Something that happened, as the audit log tells it."""

    id: str
    """Its id."""
    time: float
    """When it happened, in virtual seconds."""
    resource: str
    """Kind of resource, such as ``instance``."""
    action: str
    """What was done, such as ``launched``."""
    ids: tuple[str, ...]
    """Ids of what it was done to."""
    by_api: bool
    """Whether a request of the API did it."""


class State(BaseModel):
    """Everything an account is, as it is kept in its file."""

    model_config = ConfigDict(extra="forbid")

    version: Literal[1] = 1
    account_id: str = Field(default_factory=new_id)
    now: float = 0.0
    quota: int = 10
    remember_seconds: float = 3600.0
    prices: dict[str, int]
    capacity: dict[str, dict[str, int | None]]
    instances: dict[str, Instance] = Field(default_factory=dict)
    ssh_keys: dict[str, SshKey] = Field(default_factory=dict)
    file_systems: dict[str, FileSystem] = Field(default_factory=dict)
    rulesets: dict[str, Ruleset] = Field(default_factory=dict)
    global_rules: tuple[Rule, ...] = ()
    born_instances: dict[str, Instance] = Field(default_factory=dict)
    born_keys: dict[str, SshKey] = Field(default_factory=dict)
    born_rules: tuple[Rule, ...] = ()
    addresses: int = 0
    events: list[Event] = Field(default_factory=list)
    counts: dict[str, int] = Field(default_factory=dict)
