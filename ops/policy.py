"""``policy``: what every rule says of a stack, from its render, its state or the engine's preview."""

import os
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import policies
from catalog.policy import Exemption
from ops.deployment import Deployment, existing
from ops.error import InputError, StateError
from ops.policy_rows import ExemptionRow, FindingRow, RuleRow
from ops.rendering import render
from ops.results import PolicyResult, PreviewResult
from ops.states import in_plain
from policies import SourceError
from policies.finding import Finding, Report, Verdict
from policies.resources import Resource
from policies.sources import of_stack_file
from rehearsal.toolchain import Progress
from render import Graph, require_stack

_AMISS = {Verdict.EXPIRED_EXEMPTION: "expired", Verdict.UNUSED_EXEMPTION: "unused"}


class Source(StrEnum):
    """What is judged."""

    RENDER = "render"
    """What the program would declare: offline, without a credential."""
    STATE = "state"
    """What was made: a rehearsal's state, or an exported one."""
    PREVIEW = "preview"
    """What the engine is told in a preview, by the pack."""


@dataclass(frozen=True)
class Judged:
    """What was judged, with what, and what was found."""

    known: policies.Context
    """What the stack was judged with."""
    report: Report
    """What was found."""
    positions: Mapping[str, str]
    """Where resources are declared, by URN."""

    @property
    def refusing(self) -> tuple[FindingRow, ...]:
        """What refuses the stack."""
        return tuple(row(one, self.positions.get(one.urn, "")) for one in self.report.blocking)


def judged(graph: Graph) -> Judged:
    """Return what the rules find in a render and in the stack's file.

    Args:
        graph: the render.

    Raises:
        CatalogError: the catalog breaks a rule, or names none.
        InputError: the stack's file is not YAML.
    """
    try:
        resources = (of_stack_file(require_stack(graph.stack)), *policies.of_graph(graph))
    except SourceError as error:
        raise InputError(str(error)) from None
    return _judged(policies.context(graph.stack, choice=graph.chosen), resources)


def _judged(known: policies.Context, resources: Sequence[Resource]) -> Judged:
    report = policies.judge(known).report(resources)
    return Judged(known, report, {one.urn: one.position for one in resources})


def of_render(stack: str) -> PolicyResult:
    """Return what the rules say of a stack's render.

    Args:
        stack: name of the stack.

    Raises:
        CatalogError, RenderError: the stack cannot be rendered.
    """
    return result(judged(render(stack)), Source.RENDER)


def of_state(stack: str, file: Path | None, progress: Progress) -> PolicyResult:
    """Return what the rules say of a stack's state.

    Args:
        stack: name of the stack.
        file: what ``pulumi stack export`` printed; None for the rehearsal's.
        progress: told what is being done.

    Raises:
        InputError: the file is no state.
        RehearsalError: the rehearsal is not up.
        StateError: its state cannot be read.
    """
    # Values of secrets are judged too, and no message holds one.
    text = in_plain(stack, existing(stack, progress).engine.environment) if file is None else _read(file)
    # Digests of images are demanded of a real stack; a rehearsal's lock has none.
    known = policies.context(stack, image_lock="rehearsal" if file is None else "", final=True)
    try:
        return result(_judged(known, policies.of_export(text)), Source.STATE)
    except SourceError as error:
        raise (InputError if file else StateError)(str(error)) from None


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        why = os.strerror(error.errno or 0) if isinstance(error, OSError) else "it is no text"
        msg = f"{file}: it cannot be read: {why}; give a file that `pulumi stack export --file` wrote"
        raise InputError(msg) from None


def of_preview(plan: PreviewResult, deployment: Deployment) -> PolicyResult:
    """Return what the pack told the engine.

    Args:
        plan: the preview's answer.
        deployment: the stack.
    """
    known = policies.context(deployment.stack, choice=deployment.graph.chosen)
    exemptions = tuple(
        _exemption(one, "elsewhere" if not one.covers(deployment.stack) else "used", 0)
        for one in known.policy.exemptions
    )
    return PolicyResult(
        stack=deployment.stack,
        source=Source.PREVIEW,
        errors=() if plan.policies else plan.errors,
        rules=tuple(_rules(known, plan.policies, {})),
        findings=plan.policies,
        exemptions=exemptions,
    )


def result(found: Judged, source: Source) -> PolicyResult:
    """Return what was found as an answer.

    Args:
        found: what was found.
        source: what was judged.
    """
    report = found.report
    passes = {rule.id: report.passes(rule.id) for rule in report.rules}
    return PolicyResult(
        stack=report.stack,
        source=source,
        rules=tuple(_rules(found.known, report.findings, passes)),
        findings=tuple(row(one, found.positions.get(one.urn, "")) for one in report.findings),
        exemptions=tuple(_exemptions(found)),
    )


def row(finding: Finding, position: str = "") -> FindingRow:
    """Return a finding as a row of an answer.

    Args:
        finding: the finding.
        position: where its resource is declared.
    """
    entry = finding.exemption
    return FindingRow(
        rule=finding.rule,
        verdict=finding.verdict,
        level=finding.level,
        severity=finding.severity,
        urn=finding.urn,
        name=finding.name,
        path=finding.path,
        message=finding.message,
        position=position,
        owner=entry.owner if entry else "",
        reason=entry.reason if entry else "",
        expires=entry.expires if entry else None,
    )


def _rules(
    known: policies.Context, findings: Iterable[Finding | FindingRow], passes: Mapping[str, tuple[str, ...]]
) -> Iterator[RuleRow]:
    """Yield every rule with how often it was found what."""
    counted = Counter((one.rule, str(one.verdict)) for one in findings)
    for rule in policies.RULES:
        yield RuleRow(
            id=rule.id,
            title=rule.title,
            why=rule.why,
            remedy=rule.remedy,
            severity=rule.severity,
            level=known.level(rule.id, rule.severity),
            standards=tuple(str(standard) for standard in rule.standards),
            page=rule.page,
            passes=passes.get(rule.id, ()),
            violations=counted[rule.id, Verdict.VIOLATION],
            unknown=counted[rule.id, Verdict.UNKNOWN] + counted[rule.id, Verdict.FAILED],
            deferred=counted[rule.id, Verdict.DEFERRED],
            exempt=counted[rule.id, Verdict.EXEMPT],
        )


def _exemptions(found: Judged) -> Iterator[ExemptionRow]:
    findings = found.report.findings
    used = Counter(id(one.exemption) for one in findings if one.verdict is Verdict.EXEMPT)
    amiss = {id(one.exemption): _AMISS[one.verdict] for one in findings if one.verdict in _AMISS}
    for entry in found.known.policy.exemptions:
        there = "used" if used[id(entry)] else amiss.get(id(entry), "elsewhere")
        state = there if entry.covers(found.known.stack) else "elsewhere"
        yield _exemption(entry, amiss.get(id(entry), state), used[id(entry)])


def _exemption(entry: Exemption, state: str, used: int) -> ExemptionRow:
    return ExemptionRow(
        rule=entry.rule,
        stack=entry.stack,
        resource=entry.resource,
        owner=entry.owner,
        reason=entry.reason,
        expires=entry.expires,
        state=state,
        used=used,
    )
