"""What a review tells outside of a terminal: the comment on a pull request, and the summary of a job."""

from collections.abc import Iterator, Sequence
from functools import cache, partial
from typing import Final

import jinja2

from ops import pages
from ops.exit_code import ExitCode
from ops.results import ReviewResult
from ops.review_rows import OPS, ComponentRow, StackReview

_MEANINGS: Final = {
    ExitCode.BAD_INPUT: "is not valid",
    ExitCode.POLICY: "is refused by policies",
    ExitCode.COST: "costs too much",
    ExitCode.CAPACITY: "does not fit its machines",
}
_SENTENCE: Final = 600
"""Characters of a message that are shown."""


def markdown(result: ReviewResult, *, longest: int = pages.COMMENT) -> str:
    """Return a review in Markdown; of tables only as many rows as fit.

    Args:
        result: the review.
        longest: bytes that it may have; 0 for any.
    """
    counts = [len(group) for one in result.stacks for group in (one.components, one.findings, one.refusals)]
    counts += [sum(map(one.count, OPS)) for one in result.stacks]
    most = max([*counts, len(result.surface), len(result.schemas), len(result.goldens)], default=0)
    return pages.fitting(partial(_rendered, result), most, longest)


def headline(result: ReviewResult) -> str:
    """Return a review in one line.

    >>> headline(ReviewResult(stack="", stacks=(StackReview(stack="dev"),)))
    'dev may be changed'
    """
    refused = [f"{one.stack} {meaning(one)}" for one in result.stacks if one.code]
    return "; ".join(refused) or f"{', '.join(one.stack for one in result.stacks)} may be changed"


def meaning(one: StackReview) -> str:
    """Return why a stack is refused, in words; nothing where it is not."""
    return _MEANINGS.get(ExitCode(one.code), "cannot be told") if one.code else ""


def resources(one: StackReview) -> Sequence[tuple[str, str]]:
    """Return the resources that change, each with what happens to it, what is lost first."""
    return [(op, word) for op in OPS for row in one.components for word in getattr(row, op)]


def counts(row: ComponentRow) -> Sequence[str]:
    """Return how many of a component's resources meet each operation."""
    return [str(len(getattr(row, op)) or "-") for op in OPS]


def remedies(result: ReviewResult) -> Iterator[tuple[str, str]]:
    """Yield what has to be done before the change may be made, by stack."""
    yield from ((one.stack, why) for one in result.stacks for why in one.refusals)


@cache
def _environment() -> jinja2.Environment:
    names = {"headline": headline, "meaning": meaning, "resources": resources, "counts": counts, "ops": OPS}
    return pages.environment({}, {**names, "sentence": _SENTENCE})


def _rendered(result: ReviewResult, rows: int) -> str:
    return pages.rendered(_environment(), "review.md.j2", result=result, remedies=[*remedies(result)], rows=rows)
