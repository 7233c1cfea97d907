"""Exemptions: who answers for a finding, which entries have expired and which ones nothing needs."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Final

from catalog.ignores import ALL
from catalog.policy import Exemption, Level, Severity
from policies.context import Context
from policies.finding import Finding, Verdict
from policies.rule import Rule

FILE: Final = "catalog/policy.yaml"

_EXCUSED = (Verdict.VIOLATION, Verdict.UNKNOWN)


class Exempting:
    """The exemptions of a stack, by rule.

    Args:
        context: the stack, the entries and the day.
    """

    def __init__(self, context: Context) -> None:
        self._today = context.today
        self._entries: dict[str, list[Exemption]] = {}
        for entry in context.policy.exemptions:
            if entry.covers(context.stack):
                self._entries.setdefault(entry.rule, []).append(entry)

    def applied(self, rule: Rule, finding: Finding) -> Finding:
        """Return a finding as exemptions leave it.

        Args:
            rule: its rule.
            finding: the finding.
        """
        if not rule.exemptible or finding.verdict not in _EXCUSED:
            return finding
        about = [one for one in self._entries.get(rule.id, ()) if one.names(finding.name, finding.urn)]
        for entry in about:
            if not entry.expired(self._today):
                return replace(finding, verdict=Verdict.EXEMPT, level=Level.SKIP, exemption=entry)
        if about:
            ended = max(entry.expires for entry in about)
            return replace(finding, message=f"{finding.message}; its exemption ended on {ended}")
        return finding


def stale(context: Context, findings: Iterable[Finding], names: Mapping[str, str]) -> Iterator[Finding]:
    """Yield the entries that have expired, and those that nothing needs.

    Args:
        context: the stack, the entries and the day.
        findings: all that was found in the stack.
        names: logical names of its resources by URN.
    """
    used = {id(one.exemption) for one in findings if one.exemption is not None}
    for index, entry in enumerate(context.policy.exemptions):
        if not entry.covers(context.stack):
            continue
        where = f"{FILE}: exemptions[{index}]"
        if entry.expired(context.today):
            message = f"{where}: the exemption ended on {entry.expires}; repair what it excused, or argue for it anew"
            yield _about(context, entry, Verdict.EXPIRED_EXEMPTION, where, message)
        elif id(entry) not in used and _concerns(entry, names):
            message = f"{where}: nothing needs the exemption; remove it"
            yield _about(context, entry, Verdict.UNUSED_EXEMPTION, where, message)


def _concerns(entry: Exemption, names: Mapping[str, str]) -> bool:
    """Return whether a stack can say that an entry is unused: one of all stacks need not concern each."""
    return entry.stack != ALL or any(entry.names(name, urn) for urn, name in names.items())


def _about(context: Context, entry: Exemption, verdict: Verdict, where: str, message: str) -> Finding:
    return Finding(
        rule=entry.rule,
        verdict=verdict,
        level=context.levels.stale,
        severity=Severity.MEDIUM,
        urn="",
        path=where,
        message=message,
        exemption=entry,
    )
