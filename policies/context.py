"""What rules know beside the resource: the stack, the facts of the catalog, and the day."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cached_property
from typing import Final

import catalog
from catalog.limits import StackLimits
from catalog.machine import Architecture
from catalog.node import ENVIRONMENT, Node, node
from catalog.policy import LATEST, Level, Policy, StackLevels, strictest
from policies.images import reference

Version = tuple[int, int]
"""Major and minor of a version of the Pod Security Standards."""

_BEYOND: Final[Version] = (1, 1 << 16)


@dataclass(frozen=True)
class Context:
    """What a stack is judged with."""

    stack: str
    """Name of the stack."""
    facts: catalog.Catalog
    """The catalog."""
    today: date
    """The day, in UTC, on which exemptions are current or expired."""
    choice: catalog.Stack | None = None
    """What the stack chose from the catalog; None where only its resources are known."""
    image_lock: str = ""
    """Name of the lock that pins its images; empty where that is not known, and then every image must be pinned."""
    final: bool = False
    """Whether what is judged is about to be made: nothing is left for later."""

    @property
    def policy(self) -> Policy:
        """Levels and exemptions."""
        return self.facts.policy

    @cached_property
    def levels(self) -> StackLevels:
        """What findings mean in the stack; one that the catalog does not know is judged as strictly as there is."""
        return self.policy.stacks.get(self.stack) or strictest()

    @cached_property
    def pod_security(self) -> Version:
        """The version of the Pod Security Standards that pods are held to."""
        text = self.policy.pod_security_version
        if text == LATEST:
            return _BEYOND
        major, minor = text.split(".")
        return int(major), int(minor)

    @cached_property
    def nodes(self) -> tuple[Node, ...]:
        """The nodes of the stack: those that it chose, or else those that it owns."""
        if self.choice is not None:
            return self.choice.nodes
        return tuple(one for one in self.all_nodes if one.labels[ENVIRONMENT] == self.stack)

    @cached_property
    def all_nodes(self) -> tuple[Node, ...]:
        """The nodes that the machines of all stacks become."""
        types, reserve = self.facts.instance_types, self.facts.limits.node
        return tuple(
            node(name, one, types[one.instance_type], stack=one.owner, reserve=reserve)
            for name, one in self.facts.machines.items()
        )

    @cached_property
    def platforms(self) -> Mapping[str, frozenset[Architecture]]:
        """What images of the catalog are built for, by their repositories, written out, and tags."""
        images = [one.image for one in self.facts.workloads.values()] + [self.facts.backups.image]
        images += [self.facts.k3s.gpu.image] if self.facts.k3s.gpu.image else []
        found = ((reference(one.reference), one.platforms) for one in images)
        return {f"{image.repository}:{image.tag}": frozenset(platforms) for image, platforms in found}

    @property
    def limits(self) -> StackLimits | None:
        """What the stack may spend and use; None where the catalog has no limits for it."""
        return self.facts.limits.stacks.get(self.stack)

    @property
    def pins_images(self) -> bool:
        """Whether every image needs a digest: a rehearsal's lock, which has none, is not enforced."""
        lock = self.choice.image_lock if self.choice else self.facts.image_locks.get(self.image_lock)
        required = self.limits is None or self.limits.require_image_digests
        return required and (lock is None or lock.enforced)

    def level(self, rule: str, severity: str) -> Level:
        """Return what a violation of a rule means.

        Args:
            rule: the rule's id.
            severity: how bad it is.
        """
        return self.levels.of(rule, severity)


def context(
    stack: str,
    *,
    facts: catalog.Catalog | None = None,
    today: date | None = None,
    choice: catalog.Stack | None = None,
    image_lock: str = "",
    final: bool = False,
) -> Context:
    """Return what a stack is judged with.

    Args:
        stack: name of the stack.
        facts: the catalog; the repository's own by default.
        today: the day in UTC; today by default.
        choice: what the stack chose from the catalog.
        image_lock: name of the lock that pins its images, where the choice is not known.
        final: whether nothing is left for later.

    Raises:
        CatalogError: the catalog breaks a rule.
    """
    return Context(stack, facts or catalog.load(), today or datetime.now(UTC).date(), choice, image_lock, final)
