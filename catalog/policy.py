"""What policies mean in each stack, and what is exempt from them for a while; the rules themselves are in policies/."""

from collections.abc import Collection, Iterator, Mapping
from datetime import date, timedelta
from enum import StrEnum
from fnmatch import fnmatchcase
from typing import Annotated, Final, Literal

from pydantic import Field

from catalog import references
from catalog.ignores import ALL, LONGEST_DAYS, Words
from catalog.machine_rules import Where
from catalog.model import Model
from catalog.offence import Offence

LATEST: Final = "latest"
"""In place of a version: the newest that the rules know."""

RuleId = Annotated[str, Field(pattern=r"^[A-Z][A-Za-z0-9]*(-[A-Za-z0-9]+)+$", examples=["PSS-B-privileged"])]
"""The id of a rule, as docs/policies.md lists it."""

KindName = Annotated[str, Field(pattern=r"^([a-z0-9.-]+/)?[A-Z][A-Za-z0-9]*$", examples=["argoproj.io/Rollout"])]
"""A kind of Kubernetes object with its group."""

FieldPath = Annotated[str, Field(pattern=r"^[A-Za-z0-9]+(\.[A-Za-z0-9]+)*$", examples=["spec.template"])]
"""Where something is in an object."""


class Level(StrEnum):
    """What a finding does."""

    BLOCK = "block"
    """The stack is refused."""
    WARN = "warn"
    """It is told."""
    SKIP = "skip"
    """The rule is not asked, and reports say so. The word is not ``off``, which YAML reads as false."""


class Severity(StrEnum):
    """How bad it is where a rule does not hold."""

    CRITICAL = "critical"
    """A machine or the cluster is lost with it."""
    HIGH = "high"
    """One more fault, and something is lost."""
    MEDIUM = "medium"
    """A line of defence is missing."""
    LOW = "low"
    """Good practice is not followed."""


class StackLevels(Model):
    """What findings mean in one stack."""

    critical: Level
    """A violation of a critical rule."""
    high: Level
    """A violation of a rule of high severity."""
    medium: Level
    """A violation of a rule of medium severity."""
    low: Level
    """A violation of a rule of low severity."""
    unknown: Literal[Level.BLOCK, Level.WARN]
    """What a rule that blocks could not evaluate."""
    stale: Literal[Level.BLOCK, Level.WARN]
    """An exemption that has expired, or that nothing needs."""
    rules: Mapping[RuleId, Level] = {}
    """Rules whose violations mean something else than their severity does."""

    def of(self, rule: str, severity: str) -> Level:
        """Return what a violation of a rule means."""
        level: Level = self.rules[rule] if rule in self.rules else getattr(self, severity)
        return level


class Exemption(Model):
    """A resource that may break a rule until a day, because somebody says why and answers for it."""

    stack: str
    """The stack where it may; ``all`` for every stack."""
    rule: RuleId
    """The rule."""
    resource: Words
    """The resource's logical name or its URN; ``*``, ``?`` and ``[...]`` match as in file names."""
    reason: Words
    """Why it may."""
    owner: Words
    """Who answers for it."""
    expires: date
    """The first day on which it may not any more, in UTC."""

    def covers(self, stack: str) -> bool:
        """Return whether it is about a stack."""
        return self.stack in {ALL, stack}

    def names(self, name: str, urn: str) -> bool:
        """Return whether it is about a resource.

        Args:
            name: its logical name.
            urn: its identity.
        """
        return fnmatchcase(name, self.resource) or fnmatchcase(urn, self.resource)

    def expired(self, today: date) -> bool:
        """Return whether it excuses nothing any more.

        Args:
            today: the day, in UTC.
        """
        return self.expires <= today


Place = Annotated[str, Field(pattern=r"^[a-z0-9.*?-]+/[a-z0-9.:*?-]+$", examples=["kube-system/traefik"])]
"""A namespace and a name in it; ``*`` and ``?`` match as in file names."""

Source = Annotated[
    str, Field(pattern=r"^[a-z0-9.-]+(:[0-9]+)?(/[a-z0-9._-]+)*$", examples=["quay.io/jetstack", "docker.io/library"])
]
"""A registry, or a part of one: all repositories below it."""


class Bounds(Model):
    """The numbers and lists that rules go by."""

    image_sources: Mapping[str, tuple[Source, ...]] = {}
    """Where images may come from, by stack; anywhere in a stack without an entry."""
    replicas: Mapping[str, Annotated[int, Field(ge=1)]] = {}
    """Pods that what runs without end has at least, by stack; one in a stack without an entry."""
    limit_to_request: Annotated[int, Field(ge=1)] = 16
    """How many times what it asks for a container may use at most."""
    smallest_id: Annotated[int, Field(ge=1)] = 10_000
    """The smallest number of a user or a group that is surely none of a host's."""
    pod_security_level: Literal["baseline", "restricted"] = "restricted"
    """The Pod Security Standard that namespaces enforce at least."""
    api_tokens: tuple[Place, ...] = ()
    """ServiceAccounts whose pods may hold a token of the API server."""
    cluster_admins: tuple[str, ...] = ()
    """Names of bindings that may give the role cluster-admin."""
    load_balancers: tuple[Place, ...] = ()
    """Services that may have ports of the machines."""
    helm: tuple[Place, ...] = ()
    """HelmChartConfigs that there may be."""


class Policy(Model):
    """What policies mean, and what is exempt from them."""

    pod_security_version: Annotated[str, Field(pattern=r"^(latest|1\.\d{1,3})$")] = LATEST
    """The version of the Pod Security Standards that pods are held to."""
    pod_templates: Mapping[KindName, FieldPath] = {}
    """Where kinds of custom resources hold the template of their pods."""
    bounds: Bounds = Bounds()
    """The numbers and lists that rules go by."""
    stacks: Mapping[str, StackLevels]
    """What findings mean, by stack; a stack without an entry is judged as strictly as there is."""
    exemptions: tuple[Exemption, ...] = ()
    """What may break a rule for a while."""


def strictest() -> StackLevels:
    """Return levels at which everything blocks."""
    block = Level.BLOCK
    return StackLevels(critical=block, high=block, medium=block, low=block, unknown=block, stale=block)


def offences(policy: Policy, where: Where, *, stacks: Collection[str], today: date) -> Iterator[Offence]:
    """Yield what levels and exemptions break; whether the rules exist that they name, policies/ knows.

    Args:
        policy: the levels and exemptions.
        where: gives the path of a field.
        stacks: names of the stacks.
        today: the day from which ends are counted, in UTC.
    """
    for stack in policy.stacks:
        yield from references.stack(where(f"stacks.{stack}"), stack, sorted(stacks))
    for stack in sorted(set(stacks) - policy.stacks.keys()):
        rule = "every stack of catalog/limits.yaml has its levels"
        yield Offence(where(f"stacks.{stack}"), "absent", rule, "add them; those of prod are the strictest")
    for name in ("image_sources", "replicas"):
        for stack in getattr(policy.bounds, name):
            yield from references.stack(where(f"bounds.{name}.{stack}"), stack, sorted(stacks))
    latest = today + timedelta(days=LONGEST_DAYS)
    seen: dict[tuple[str, str, str], int] = {}
    for index, entry in enumerate(policy.exemptions):
        at = f"exemptions[{index}]"
        yield from references.stack(where(f"{at}.stack"), entry.stack, (ALL, *sorted(stacks)))
        if entry.expires > latest:
            rule = f"an exemption lasts for at most {LONGEST_DAYS} days at a time"
            yield Offence(where(f"{at}.expires"), str(entry.expires), rule, f"choose {latest} or earlier")
        if not entry.resource.strip("*?[]!-. "):
            rule = "an exemption names what is exempt, not everything"
            remedy = "name the resource, or lower the rule's level in `stacks`"
            yield Offence(where(f"{at}.resource"), entry.resource, rule, remedy)
        first = seen.setdefault((entry.stack, entry.rule, entry.resource), index)
        if first != index:
            rule = f"it is said once, and exemptions[{first}] says it already"
            yield Offence(where(at), f"{entry.rule} {entry.resource}", rule, "keep one of the two")
