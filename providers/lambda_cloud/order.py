"""What is asked of Lambda when a machine is launched, and whose it is."""

import hashlib
from dataclasses import dataclass, field
from typing import Annotated, Final

from pydantic import StringConstraints

from providers.kit import Model
from providers.lambda_cloud.answers import Instance

# The substitute for the idempotency key that the API does not have: a launch whose answer was lost is found by it.
OWNER_KEY: Final = "pulumi:owner"
LONGEST_TAG_VALUE: Final = 128
DIGEST_DIGITS: Final = 16


class Candidate(Model):
    """A type of instance in a region."""

    instance_type: Annotated[str, StringConstraints(pattern=r"^[a-z]+_[0-9]+x_[a-z0-9_]+$")]
    """The type's name, such as `gpu_1x_a10`."""
    region: Annotated[str, StringConstraints(pattern=r"^[a-z]+(-[a-z]+)*-[0-9]+$")]
    """The region's name, such as `us-west-1`."""

    @property
    def architecture(self) -> str:
        """The processor's: machines with a Grace processor are arm64, all others x86_64."""
        grace = any(name in self.instance_type for name in ("gh200", "gb200"))
        return "arm64" if grace else "x86_64"

    def __str__(self) -> str:
        """Name it as people do."""
        return f"{self.instance_type} in {self.region}"


class Mount(Model):
    """Where a file system is mounted."""

    mount_point: Annotated[str, StringConstraints(max_length=256, pattern=r"^(/home|/lambda/nfs|/data)[/a-zA-Z0-9-]*$")]
    """A directory under `/home`, `/lambda/nfs` or `/data`."""
    file_system_id: Annotated[str, StringConstraints(min_length=1)]
    """The file system; it must be in the instance's region."""


def owner(project: str, stack: str, urn: str) -> str:
    """Return the value of the ownership tag: `<project>/<stack>/<the first 16 hex digits of the URN's SHA-256>`.

    The digest distinguishes; project and stack are there for people, and are cut where the API's limit demands it.
    """
    digest = hashlib.sha256(urn.encode()).hexdigest()[:DIGEST_DIGITS]
    return f"{f'{project}/{stack}'[: LONGEST_TAG_VALUE - DIGEST_DIGITS - 1]}/{digest}"


def owner_of(instance: Instance) -> str | None:
    """Return the value of an instance's ownership tag, or none."""
    return next((tag.value for tag in instance.tags if tag.key == OWNER_KEY), None)


def tags_of(instance: Instance) -> dict[str, str]:
    """Return an instance's tags without the ownership tag."""
    return {tag.key: tag.value for tag in sorted(instance.tags, key=lambda tag: tag.key) if tag.key != OWNER_KEY}


def running(instance: Instance) -> Candidate:
    """Return the type and region that an instance has; unvalidated, because what is, is."""
    return Candidate.model_construct(instance_type=instance.instance_type.name, region=instance.region.name)


@dataclass(frozen=True, kw_only=True)
class Order:
    """One machine, as it shall be.

    Args:
        owner: the value of its ownership tag.
        candidates: types and regions, the preferred first.
        deadline_seconds: how long capacity is waited for, by the API's clock.
        max_price_cents_per_hour: a dearer candidate is never launched; none: any price.
        expected_ip: the address it must have; a new machine cannot have a chosen one.
    """

    name: str
    owner: str
    candidates: tuple[Candidate, ...]
    ssh_key_name: str
    deadline_seconds: float
    file_system_names: tuple[str, ...] = ()
    file_system_mounts: tuple[Mount, ...] = ()
    hostname: str | None = None
    image: dict[str, str] | None = None
    user_data: str | None = field(default=None, repr=False)
    tags: dict[str, str] = field(default_factory=dict)
    firewall_ruleset_ids: tuple[str, ...] = ()
    max_price_cents_per_hour: int | None = None
    expected_ip: str | None = None

    def request(self, candidate: Candidate) -> dict[str, object]:
        """Return the launch request for a candidate; what is not asked for is left out."""
        tags = {**self.tags, OWNER_KEY: self.owner}
        mounts = [{"mount_point": m.mount_point, "file_system_id": m.file_system_id} for m in self.file_system_mounts]
        asked = {
            "region_name": candidate.region,
            "instance_type_name": candidate.instance_type,
            "ssh_key_names": [self.ssh_key_name],
            "name": self.name,
            "tags": [{"key": key, "value": value} for key, value in sorted(tags.items())],
            "file_system_names": list(self.file_system_names),
            "file_system_mounts": mounts,
            "hostname": self.hostname,
            "image": self.image,
            "user_data": self.user_data,
            "firewall_rulesets": [{"id": ruleset_id} for ruleset_id in self.firewall_ruleset_ids],
        }
        return {key: value for key, value in asked.items() if value}

    def unlike(self, instance: Instance) -> tuple[str, ...]:
        """Return the inputs that are fixed at launch and that an instance has otherwise, as far as the API tells."""
        mounts = {(mount.mount_point, mount.file_system_id) for mount in instance.file_system_mounts}
        rulesets = {ruleset.id for ruleset in instance.firewall_rulesets}
        alike = {
            "candidates": running(instance) in self.candidates,
            "sshKeyName": instance.ssh_key_names == (self.ssh_key_name,),
            "fileSystemNames": set(self.file_system_names) <= set(instance.file_system_names),
            "fileSystemMounts": {(m.mount_point, m.file_system_id) for m in self.file_system_mounts} <= mounts,
            "hostname": self.hostname in {None, instance.hostname},
            "tags": tags_of(instance) == self.tags,
            "firewallRulesetIds": rulesets == set(self.firewall_ruleset_ids),
            "expectedIp": self.expected_ip is None or instance.ip in {None, self.expected_ip},
        }
        return tuple(name for name, same in alike.items() if not same)
