"""What judging finds: which rule, which resource, what it is and what it does."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from catalog.policy import Exemption, Level, Severity
from policies.rule import Rule


class Verdict(StrEnum):
    """What a finding is."""

    VIOLATION = "violation"
    """The rule does not hold."""
    UNKNOWN = "unknown"
    """The rule could not be evaluated, in part or as a whole."""
    DEFERRED = "deferred"
    """Only the deployment will know the value; the engine asks about it again before anything is done with it."""
    FAILED = "failed"
    """The rule itself broke; this always blocks."""
    EXEMPT = "exempt"
    """The rule does not hold or could not be evaluated, and somebody answers for that."""
    EXPIRED_EXEMPTION = "expired exemption"
    """An entry of the catalog that excuses nothing any more."""
    UNUSED_EXEMPTION = "unused exemption"
    """An entry of the catalog that nothing needs."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that people are told."""

    rule: str
    """The rule's id."""
    verdict: Verdict
    """What it is."""
    level: Level
    """What it does; ``skip`` of what is exempt or deferred."""
    severity: Severity
    """How bad the rule says it is."""
    urn: str
    """The resource; empty where it is about none."""
    path: str
    """The property; empty for the resource as a whole."""
    message: str
    """What is wrong, with the rule's remedy; no value of the resource is in it."""
    exemption: Exemption | None = None
    """Who answers for it, why and until when."""

    @property
    def name(self) -> str:
        """The resource's logical name."""
        return self.urn.rpartition("::")[2]


@dataclass(frozen=True)
class Report:
    """What judging a stack found."""

    stack: str
    """Name of the stack."""
    findings: tuple[Finding, ...]
    """All findings, exempt ones among them; by rule, resource and path."""
    judged: Mapping[str, tuple[str, ...]]
    """The resources that each rule says something of, by its id; one about the stack as a whole says it of none."""
    skipped: tuple[str, ...] = ()
    """Rules that the stack's levels skip."""
    rules: tuple[Rule, ...] = field(default=(), repr=False)
    """All rules, as they were asked."""

    @property
    def blocking(self) -> tuple[Finding, ...]:
        """What refuses the stack."""
        return tuple(one for one in self.findings if one.level is Level.BLOCK)

    @property
    def warnings(self) -> tuple[Finding, ...]:
        """What is told, and refuses nothing."""
        return tuple(one for one in self.findings if one.level is Level.WARN)

    @property
    def deferred(self) -> tuple[Finding, ...]:
        """What the engine asks about again, once the values are known."""
        return tuple(one for one in self.findings if one.verdict is Verdict.DEFERRED)

    @property
    def exempt(self) -> tuple[Finding, ...]:
        """What somebody answers for."""
        return tuple(one for one in self.findings if one.verdict is Verdict.EXEMPT)

    def passes(self, rule: str) -> tuple[str, ...]:
        """Return the resources for which a rule holds.

        Args:
            rule: its id.
        """
        failing = {one.urn for one in self.findings if one.rule == rule}
        return tuple(urn for urn in self.judged.get(rule, ()) if urn not in failing)
