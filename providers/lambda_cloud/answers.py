"""What the API answers, as far as the provider reads it; a field it does not know is passed over.

Source: Lambda Cloud API, OpenAPI 1.10.0. The two jupyter fields of an instance are secrets and are not read at all.
"""

from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

# Instances that are gone or going: they never come back, whatever a request by id still answers.
GONE = frozenset({"terminated", "terminating", "preempted"})

# Optional lists are absent or null when there is nothing in them.
Absent = BeforeValidator(lambda value: () if value is None else value)


class Answer(BaseModel):
    """An object of the API, read tolerantly."""

    model_config = ConfigDict(frozen=True, extra="ignore", use_attribute_docstrings=True)


class Named(Answer):
    """A thing with a name: a region, or the type of an instance."""

    name: str


class Identified(Answer):
    """A reference by id."""

    id: str


class InstanceType(Named):
    """A type of instance."""

    price_cents_per_hour: int


class Offer(Answer):
    """A type and where it can be launched now."""

    instance_type: InstanceType
    regions_with_capacity_available: Annotated[tuple[Named, ...], Absent] = ()


class Tag(Answer):
    """A key and its value on an instance."""

    key: str
    value: str


class Mount(Answer):
    """Where a file system is mounted on an instance."""

    mount_point: str
    file_system_id: str


class Instance(Answer):
    """A machine."""

    id: str
    status: str
    """booting, active, unhealthy, terminating, terminated, preempted, or a word that later versions of the API add."""
    region: Named
    instance_type: InstanceType
    name: str | None = None
    ip: str | None = None
    private_ip: str | None = None
    hostname: str | None = None
    ssh_key_names: Annotated[tuple[str, ...], Absent] = ()
    file_system_names: Annotated[tuple[str, ...], Absent] = ()
    file_system_mounts: Annotated[tuple[Mount, ...], Absent] = ()
    tags: Annotated[tuple[Tag, ...], Absent] = ()
    firewall_rulesets: Annotated[tuple[Identified, ...], Absent] = ()

    @property
    def gone(self) -> bool:
        """Whether the machine is terminated, or on its way there."""
        return self.status in GONE


class SshKey(Answer):
    """A public key of the account; a private half that the API made is never read."""

    id: str
    name: str
    public_key: str


class FileSystem(Answer):
    """A shared file system of one region."""

    id: str
    name: str
    region: Named
    mount_point: str
    is_in_use: bool = False
    bytes_used: int | None = None


class FirewallRule(Answer):
    """One inbound rule; what no rule allows is refused."""

    protocol: str
    source_network: str
    port_range: tuple[int, int] | None = None
    description: str = ""


class FirewallRuleset(Answer):
    """Rules of one region that instances refer to."""

    id: str
    name: str
    region: Named
    rules: Annotated[tuple[FirewallRule, ...], Absent] = ()
    instance_ids: Annotated[tuple[str, ...], Absent] = ()


class GlobalFirewallRuleset(Answer):
    """The one ruleset that holds for all instances of the account."""

    id: str
    name: str = ""
    rules: Annotated[tuple[FirewallRule, ...], Absent] = ()


class Launched(Answer):
    """The answer to a launch."""

    instance_ids: Annotated[tuple[str, ...], Field(min_length=1)]


class Terminated(Answer):
    """The answer to a termination."""

    terminated_instances: Annotated[tuple[Instance, ...], Absent] = ()
