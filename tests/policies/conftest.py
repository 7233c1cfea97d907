"""Cases of every rule, and the servicer that the engine would ask."""

from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path

import pytest

from policies import RULES, Context, Finding, Judge, context
from policies.reading import Opaque
from policies.resources import Resource
from policies.servicer import Servicer, resource_of
from policies.testing import Analyzer, Case, cases

FIXTURES = Path(__file__).parent / "fixtures"
BY_ID = {rule.id: rule for rule in RULES}
CASES = [*cases(FIXTURES)]


def of_kind(*kinds: str) -> list[Case]:
    return [case for case in CASES if case.kind in kinds]


@pytest.fixture(scope="session")
def committed() -> Context:
    return context("prod")


@pytest.fixture(scope="session")
def known(committed) -> Callable[[Case], Context]:
    """Gives what a case is judged with."""
    made = cache(lambda stack, version: Case("", "", "", (), frozenset(), stack, version).known(committed))
    return lambda case: made(case.stack, case.version)


@pytest.fixture(scope="session")
def judge(known) -> Callable[[Case], Judge]:
    """Gives the judge of a case."""
    made = cache(lambda stack, version: Judge(RULES, known(Case("", "", "", (), frozenset(), stack, version))))
    return lambda case: made(case.stack, case.version)


@pytest.fixture(scope="session")
def analyzer(known) -> Callable[[Case], Analyzer]:
    """Gives the real servicer, asked about the stack of a case."""

    @cache
    def made(stack: str, version: str) -> Analyzer:
        case = Case("", "", "", (), frozenset(), stack, version)
        return Analyzer(Servicer(RULES, lambda _: known(case), stack), stack=stack)

    return lambda case: made(case.stack, case.version)


@pytest.fixture(scope="session")
def sent(analyzer) -> Callable[[Case], tuple[Resource, ...]]:
    """Gives the resources of a case as the servicer reads them from the engine."""

    def resources(case: Case) -> tuple[Resource, ...]:
        about = [(one.token, one.inputs, {"name": one.name, "options": one.options}) for one in case.given]
        return tuple(resource_of(analyzer(case).request(token, inputs, **more)) for token, inputs, more in about)

    return resources


def asked(judge: Judge, case: Case, resources: Iterable[Resource]) -> list[Finding]:
    """What the case's rule finds."""
    rule = BY_ID[case.rule]
    given = tuple(resources)
    applies = rule.subjects is None or any(rule in judge.applying(one.type) for one in given)
    return [*judge.ask(rule, given)] if applies else []


def places(findings: Iterable[Finding], verdict: str) -> set[str]:
    return {one.path for one in findings if one.verdict == verdict}


def shown(value: object) -> bool:
    return not isinstance(value, Opaque)
