"""Cases of every rule, and the servicer that the engine would ask."""

from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from policies import RULES, Context, Finding, Judge, context
from policies.reading import Opaque
from policies.resources import Resource
from policies.servicer import Servicer, resource_of
from policies.testing import Analyzer, Case, Given, cases

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
        return tuple(resource_of(analyzer(case).request(one.token, one.inputs, **about(one))) for one in case.given)

    return resources


def about(given: Given) -> dict[str, Any]:
    """What the engine is told of a resource beside its inputs."""
    return {
        "name": given.name,
        "options": given.options,
        "provider": given.provider,
        "parent": given.parent,
    }


def asked(judge: Judge, case: Case, resources: Iterable[Resource]) -> list[Finding]:
    """What the case's rule finds."""
    rule = BY_ID[case.rule]
    given = tuple(one for one in resources if rule.subjects is None or rule in judge.applying(one.type))
    return [*judge.ask(rule, given)] if given else []


def places(findings: Iterable[Finding], verdict: str) -> set[str]:
    return {one.path for one in findings if one.verdict == verdict}


def shown(value: object) -> bool:
    return not isinstance(value, Opaque)
