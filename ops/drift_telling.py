"""Telling people of a drift: each news once, by an issue and by a message, whoever else looks at the same time."""

import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final, Literal

from ops.drift_issue import DriftIssue, Found
from ops.drift_record import CLEAN, Record, aged
from ops.drift_report import headline, words
from ops.github import GitHubError
from ops.results import DriftResult, TellResult
from ops.slack import SlackError

Page = Callable[[str, list[str]], None]
"""Sends a headline and lines to people."""

_LINES: Final = 6


def tell(result: DriftResult, before: Record, issue: DriftIssue | None, page: Page | None) -> tuple[TellResult, Record]:
    """Tell people what they have not been told of yet, and return what became of it and what is known now.

    Args:
        result: what was found.
        before: what is known on this computer.
        issue: the stack's issue; None where GitHub is not told.
        page: sends a message; None where nobody gets one.
    """
    try:
        return _told(result, before, issue, page)
    except GitHubError as error:
        return TellResult(stack=result.stack, errors=(str(error),)), before


def _told(
    result: DriftResult, before: Record, issue: DriftIssue | None, page: Page | None
) -> tuple[TellResult, Record]:
    moment = result.started or datetime.now(UTC)
    found = issue.find() if issue else None
    known = found.record.merged(before) if found else before
    result, record = aged(result, known, moment)
    action: Literal["none", "created", "updated", "reopened", "closed"] = "none"
    claimed = False
    if issue and not found and result.fingerprint:
        found = issue.create(result, record)
        claimed = issue.mine(found)
        action = "created" if claimed else "updated"
        known = found.record.merged(before)
        result, record = aged(result, known, moment)
    news = known.news(result)
    if not found or not issue:
        return _without_an_issue(result, record, news, page)
    comment = 0
    if news and not claimed and not known.being_told(news, time.time()):
        comment = issue.elected(found, result, news)
    elected = claimed or bool(comment)
    if news and not elected:
        # Whoever tells it writes it down, too.
        return TellResult(stack=result.stack, issue=found.issue.number, url=found.issue.url), record
    errors = _paged(result, news, page, found.issue.url) if news and page else ()
    if comment and errors:
        issue.take_back(comment)
    if news:
        record = record.unclaimed() if errors else record.after(result)
    written = issue.write(found, result, record, told=elected, news=bool(news) and not claimed)
    if action == "none":
        action = _action(found, is_open=written.open)
    return TellResult(
        stack=result.stack,
        issue=written.number,
        url=written.url,
        action=action,
        news=bool(news),
        paged=bool(news and page and not errors),
        errors=errors,
    ), record


def _action(found: Found, *, is_open: bool) -> Literal["none", "updated", "reopened", "closed"]:
    if found.issue.open and not is_open:
        return "closed"
    if is_open:
        return "updated" if found.issue.open else "reopened"
    return "none"


def _without_an_issue(result: DriftResult, record: Record, news: str, page: Page | None) -> tuple[TellResult, Record]:
    errors = _paged(result, news, page, "") if news and page else ()
    if news and page and not errors:
        record = record.after(result)
    paged = bool(news and page and not errors)
    return TellResult(stack=result.stack, news=bool(news), paged=paged, errors=errors), record


def _paged(result: DriftResult, news: str, page: Page, url: str) -> tuple[str, ...]:
    line = f"Drift of {result.stack} has ended" if news == CLEAN else headline(result)
    try:
        page(line, [*_lines(result), *([url] if url else [])])
    except SlackError as error:
        # What may have been taken is not sent again: nobody is told twice.
        return () if error.unknown else (str(error),)
    return ()


def _lines(result: DriftResult) -> list[str]:
    found = [f"{one}"[:300] for one in result.errors]
    for change in result.changes:
        paths = ", ".join(one.path or words(one.actual) for one in change.deviations[:3])
        found.append(f"{change.drift_class.value}: {change.name} {paths}")
    found += [
        f"{one.drift_class.value}: {one.type.rpartition(':')[2]} {one.name} is not declared" for one in result.unmanaged
    ]
    found += [f"{one.provider}: {one.trouble}"[:300] for one in result.silent]
    left = len(found) - _LINES
    return [*found[:_LINES], *([f"and {left} more"] if left > 0 else [])]
