"""Asking rules about resources: every rule that applies, each on its own, and what broke is a finding too."""

import traceback
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import Any, Final

from catalog.policy import Level
from policies.context import Context
from policies.exemptions import Exempting, stale
from policies.field import LATER, Problem
from policies.finding import Finding, Report, Verdict
from policies.resources import Resource
from policies.rule import Rule

FOLDER: Final = Path(__file__).parent

MOST_TOLD: Final = 25
"""Violations of a rule that are told of one resource, and as many that could not be evaluated; the rest is counted."""


class Judge:
    """Asks the same rules about any number of resources of a stack; several threads may share it.

    Args:
        rules: the rules.
        context: what they know beside a resource.
    """

    def __init__(self, rules: Sequence[Rule], context: Context) -> None:
        self.context = context
        levels = {rule.id: context.level(rule.id, rule.severity) for rule in rules}
        self.skipped = tuple(rule.id for rule in rules if levels[rule.id] is Level.SKIP)
        self._levels = levels
        self._rules = tuple(rule for rule in rules if levels[rule.id] is not Level.SKIP)
        self._exempting = Exempting(context)
        self.applying = lru_cache(maxsize=None)(self._applying)
        """The rules about single resources that apply to a type token."""

    def _applying(self, token: str) -> tuple[Rule, ...]:
        return tuple(rule for rule in self._rules if rule.subjects and rule.subjects.covers(token, self.context))

    def one(self, resource: Resource) -> Iterator[Finding]:
        """Yield what the rules about single resources find.

        Args:
            resource: the resource.
        """
        for rule in self.applying(resource.type):
            yield from self.ask(rule, (resource,))

    def whole(self, resources: Sequence[Resource]) -> Iterator[Finding]:
        """Yield what the rules about a stack as a whole find.

        Args:
            resources: all of its resources.
        """
        for rule in self._rules:
            if rule.subjects is None:
                yield from self.ask(rule, resources)

    def ask(self, rule: Rule, resources: Sequence[Resource]) -> Iterator[Finding]:
        """Yield what one rule finds, and what it could not evaluate.

        Args:
            rule: the rule.
            resources: what it is asked about.
        """
        for resource in resources:
            resource.notes.taken()
        for verdict, problem in _told(_examined(rule, resources, self.context)):
            yield self._finding(rule, verdict, problem)
        for resource in resources:
            notes = resource.notes.taken()
            for path, why in islice(notes.items(), MOST_TOLD):
                problem = Problem(f"could not evaluate {path or 'it'}: {why}", path, resource.urn)
                waits = why == LATER and not self.context.final
                yield self._finding(rule, Verdict.DEFERRED if waits else Verdict.UNKNOWN, problem)
            if len(notes) > MOST_TOLD:
                problem = Problem(
                    f"could not evaluate {len(notes) - MOST_TOLD} more of its properties", "", resource.urn
                )
                yield self._finding(rule, Verdict.UNKNOWN, problem)

    def _asked(self, rule: Rule, resource: Resource) -> bool:
        """Return whether a rule says something of a resource, be it that it holds."""
        about = rule.subjects or rule.concerns
        return about is not None and about.covers(resource.type, self.context)

    def _finding(self, rule: Rule, verdict: Verdict, problem: Problem) -> Finding:
        level = self._levels[rule.id]
        if verdict is Verdict.FAILED:
            level = Level.BLOCK
        elif verdict is Verdict.DEFERRED:
            level = Level.SKIP
        elif verdict is Verdict.UNKNOWN and level is Level.BLOCK:
            level = self.context.levels.unknown
        if verdict is Verdict.VIOLATION:
            text = f"{problem.path} {problem.message}" if problem.path else problem.message
        else:
            text = problem.message
        found = Finding(
            rule=rule.id,
            verdict=verdict,
            level=level,
            severity=rule.severity,
            urn=problem.urn,
            path=problem.path,
            message=f"{text}; {rule.remedy} ({rule.page})",
        )
        return self._exempting.applied(rule, found)

    def report(self, resources: Iterable[Resource]) -> Report:
        """Return what all rules find in a stack.

        Args:
            resources: all of its resources.
        """
        everything = tuple(resources)
        found: list[Finding] = [finding for resource in everything for finding in self.one(resource)]
        found += self.whole(everything)
        found += stale(self.context, found, {resource.urn: resource.name for resource in everything})
        judged = {rule.id: tuple(one.urn for one in everything if self._asked(rule, one)) for rule in self._rules}
        ordered = tuple(sorted(found, key=lambda one: (one.rule, one.urn, one.path, one.message)))
        return Report(self.context.stack, ordered, judged, self.skipped, self._rules)


Asked = Iterator[tuple[Verdict, Problem]]


def _told(found: Asked) -> Asked:
    """Yield what is found of each resource, as far as anybody would read it, and that there is more."""
    told: Counter[str] = Counter()
    for verdict, problem in found:
        told[problem.urn] += verdict is Verdict.VIOLATION
        if verdict is not Verdict.VIOLATION or told[problem.urn] <= MOST_TOLD:
            yield verdict, problem
    for urn, count in told.items():
        if count > MOST_TOLD:
            yield Verdict.VIOLATION, Problem(f"breaks the rule in {count - MOST_TOLD} more places", "", urn)


def _examined(rule: Rule, resources: Sequence[Resource], context: Context) -> Asked:
    """Yield what a rule finds; where it breaks on one subject, the others are examined all the same."""
    if rule.subjects is None:
        yield from _guarded(rule.check, resources, context, "")
        return
    for resource in resources:
        try:
            subjects = tuple(rule.subjects.find(resource, context))
        except Exception as error:  # noqa: BLE001 - whatever breaks in a rule is a finding, never a pass
            yield Verdict.FAILED, _broken(error, resource.urn)
            continue
        for subject in subjects:
            yield from _guarded(rule.check, subject, context, resource.urn)


def _guarded(check: Callable[[Any, Context], Iterable[Problem]], subject: object, context: Context, urn: str) -> Asked:
    try:
        for problem in check(subject, context):
            yield Verdict.VIOLATION, problem
    except Exception as error:  # noqa: BLE001 - as above
        yield Verdict.FAILED, _broken(error, urn)


def _broken(error: Exception, urn: str) -> Problem:
    """Return where a rule broke; what an exception says could be a value, so only its kind is told."""
    frames = [one for one in traceback.extract_tb(error.__traceback__) if Path(one.filename).is_relative_to(FOLDER)]
    where = f" in {Path(frames[-1].filename).relative_to(FOLDER.parent)}:{frames[-1].lineno}" if frames else ""
    return Problem(f"could not evaluate it: the rule itself broke ({type(error).__name__}{where})", "", urn)
