"""Telling a pull request what a review found: one comment, updated in place, and one check run with annotations."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, Final, Literal

from ops.github import Comment, GitHub, GitHubError
from ops.pages import COMMENT
from ops.results import ReviewResult, ReviewTellResult
from ops.review_report import headline, markdown
from render import ROOT

CHECK: Final = "sophia review"
"""The name of the check run."""
MARK: Final = "<!-- sophia:review -->"
"""By which the comment is found again; nobody sees it."""
UNKNOWN: Final = ReviewResult(
    stack="", errors=("the review could not be made: see the log of the job that makes it, and run that again",)
)
"""What is told where there is no review."""

_BATCH: Final = 50
"""Annotations that one request takes (docs.github.com/rest/checks/runs)."""
_LEVELS: Final = {"block": "failure", "warn": "warning"}
_POSITION: Final = re.compile(r"(?P<file>[^\s:]+):(?P<line>\d+)")
_BEGINNING: Final = re.compile(r"(?P<file>[A-Za-z0-9_./-]+\.(?:ya?ml|json|py|sql)): ")


def tell(result: ReviewResult, hub: GitHub, number: int, commit: str) -> ReviewTellResult:
    """Make a pull request's comment and check run say what was found, and return what became of them.

    Args:
        result: what was found.
        hub: the repository.
        number: the pull request's number.
        commit: its head.
    """
    body = f"{MARK}\n{text(result, COMMENT - len(MARK) - 1)}"
    try:
        comment, action = _commented(hub, number, body)
        check = _checked(hub, commit, result)
    except GitHubError as error:
        return ReviewTellResult(stack="", errors=(str(error),))
    return ReviewTellResult(stack="", comment=comment.id, action=action, check=check)


def text(result: ReviewResult, longest: int) -> str:
    """Return what people read.

    Args:
        result: what was found.
        longest: bytes that it may have.
    """
    return "\n".join(f"**{one}**" for one in result.errors) if result.errors else markdown(result, longest=longest)


def _commented(hub: GitHub, number: int, body: str) -> tuple[Comment, Literal["none", "created", "updated"]]:
    ours = [one for one in hub.comments(number) if one.trusted and one.body.startswith(MARK)]
    if not ours:
        return hub.comment(number, body), "created"
    # Two runs at once may both have found none.
    first, *others = sorted(ours, key=lambda one: one.id)
    for one in others:
        hub.uncomment(one.id)
    if first.body.strip() == body.strip():
        return first, "none"
    return hub.change_comment(first.id, body), "updated"


def _checked(hub: GitHub, commit: str, result: ReviewResult) -> str:
    refused = bool(result.errors or result.code)
    told = [*annotations(result)]
    what: dict[str, Any] = {
        "status": "completed",
        "conclusion": "failure" if refused else "success",
        "completed_at": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
    }
    output = {"title": headline(result) if not result.errors else "no review", "summary": text(result, COMMENT)}
    # A new run for each review: annotations of one that is changed would be added to those it has.
    check = hub.create_check(commit, CHECK, **what, output={**output, "annotations": told[:_BATCH]})
    for begin in range(_BATCH, len(told), _BATCH):
        check = hub.change_check(check.id, output={**output, "annotations": told[begin : begin + _BATCH]})
    return check.url


def annotations(result: ReviewResult) -> Iterator[dict[str, Any]]:
    """Yield what is shown beside lines of files: findings where resources are declared, offences at the top of theirs.

    Args:
        result: what was found.
    """
    for stack in result.stacks:
        for one in stack.findings:
            if place := _POSITION.fullmatch(one.position):
                level, title = _LEVELS.get(one.level, "notice"), f"{one.rule} ({stack.stack})"
                yield _annotation(place["file"], int(place["line"]), level, title, f"{one.name}: {one.message}")
        for why in stack.refusals:
            place = _BEGINNING.match(why)
            if place and (ROOT / place["file"]).is_file():
                yield _annotation(place["file"], 1, "failure", stack.stack, why)


def _annotation(path: str, line: int, level: str, title: str, message: str) -> dict[str, Any]:
    where = {"path": path, "start_line": line, "end_line": line}
    return {**where, "annotation_level": level, "title": title, "message": message}
