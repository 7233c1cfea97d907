"""The one issue of a stack: found by a hidden mark, made, updated in place, reopened and closed."""

import re
import secrets
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from ops.drift_record import APPROVED, CLAIM_SECONDS, CLEAN, Record
from ops.drift_report import headline, markdown
from ops.github import GitHub, GitHubError, Issue
from ops.pages import COMMENT
from ops.results import DriftResult

LABEL: Final = "drift"
_MARK: Final = re.compile(r"\A<!-- sophia:drift stack=([a-z0-9-]+) record=([A-Za-z0-9_-]*) -->")
_TOLD: Final = re.compile(r"\A<!-- sophia:drift-told ([a-z0-9]+) by ([0-9a-f]+) -->")


@dataclass(frozen=True, slots=True)
class Found:
    """The issue, and what it knows."""

    issue: Issue
    """The issue."""
    record: Record
    """What its mark says."""


class DriftIssue:
    """The issue of one stack.

    Args:
        hub: the repository.
        stack: name of the stack.
    """

    def __init__(self, hub: GitHub, stack: str) -> None:
        self._hub, self._stack = hub, stack
        self._run = secrets.token_hex(8)

    def find(self) -> Found | None:
        """Return the issue, open or closed; None where there is none. Of several the oldest is it.

        Raises:
            GitHubError: it cannot be looked for.
        """
        found = [*self._marked(self._hub.issues(state="all", labels=self._label, direction="asc"))]
        # Somebody may have taken the label from it.
        found = found or [*self._marked(self._hub.issues(state="all", direction="asc"))]
        return min(found, key=lambda one: one.issue.number, default=None)

    def create(self, result: DriftResult, record: Record) -> Found:
        """Make the issue, claiming to tell people of it; where another run made one meanwhile, return that one.

        Raises:
            GitHubError: it cannot be made.
        """
        claimed = record.model_copy(update={"claimed": result.fingerprint, "claimed_at": int(time.time())})
        made: Issue | None = None
        try:
            made = self._hub.create(f"Drift: {self._stack}", self.body(result, claimed), (LABEL, self._label))
        except GitHubError as error:
            if not error.unknown:
                raise
        found = self.find()
        if found is None:
            msg = "GitHub: the issue was made and is not listed; run this again, which finds it"
            raise GitHubError(msg)
        if made and made.number != found.issue.number:
            self._hub.change(made.number, state="closed", state_reason="not_planned")
        return found

    def mine(self, found: Found) -> bool:
        """Return whether this run wrote the body."""
        return f"by {self._run}" in found.issue.body

    def elected(self, found: Found, result: DriftResult, key: str) -> int:
        """Say on the issue what is new, and return the comment's id; 0 where another run said so first.

        Comments are in one order for all who read them, so of runs at the same time one is the first.

        Args:
            found: the issue.
            result: what is told.
            key: what is new: a fingerprint, or that nothing differs any more.
        """
        said = "Nothing differs any more." if key == CLEAN else headline(result)
        own = self._hub.comment(found.issue.number, f"<!-- sophia:drift-told {key} by {self._run} -->\n{said}")
        now = datetime.fromisoformat(own.created)
        group: list[int] = []
        for one in self._hub.comments(found.issue.number):
            told = _TOLD.match(one.body) if one.trusted else None
            if told is None:
                continue
            if told[1] != key:
                group.clear()
            elif (now - datetime.fromisoformat(one.created)).total_seconds() < CLAIM_SECONDS:
                group.append(one.id)
        if min(group, default=own.id) == own.id:
            return own.id
        self._hub.uncomment(own.id)
        return 0

    def take_back(self, comment: int) -> None:
        """Make nobody have said it: whoever was to be told was not."""
        self._hub.uncomment(comment)

    def write(self, found: Found, result: DriftResult, record: Record, *, told: bool, news: bool) -> Issue:
        """Make the issue say what is known now, and be open while anything differs.

        Args:
            found: the issue.
            result: what is known.
            record: the same, for the next run.
            told: whether this run told people; one that did not leaves to others what they have written meanwhile.
            news: whether it is anything new: then no approval of before holds.
        """
        is_open = bool(result.fingerprint)
        if not (is_open or found.issue.open or news):
            return found.issue
        if not told:
            fresh = self._hub.issue(found.issue.number)
            if fresh.body != found.issue.body:
                return fresh
        what: dict[str, object] = {"body": self.body(result, record)}
        if is_open != found.issue.open:
            what |= {"state": "open", "state_reason": "reopened"} if is_open else {"state": "closed"}
        if news and APPROVED in found.issue.labels:
            self._hub.unlabel(found.issue.number, APPROVED)
        return self._hub.change(found.issue.number, **what)

    def body(self, result: DriftResult, record: Record) -> str:
        """Return what the issue says: a mark that nobody sees, and what people read."""
        mark = f"<!-- sophia:drift stack={self._stack} record={record.packed()} -->\n<!-- by {self._run} -->\n"
        hint = (
            f"\nOnce the label `{APPROVED}` is here, `./sophia drift repair {self._stack} --report FILE --approval` "
            "repairs what endangers security and what is gone, too.\n"
            if result.risky and result.status == "drifted"
            else ""
        )
        return f"{mark}{markdown(result, longest=COMMENT - len(mark) - len(hint.encode()))}{hint}"

    @property
    def _label(self) -> str:
        return f"{LABEL}:{self._stack}"

    def _marked(self, issues: Iterator[Issue]) -> Iterator[Found]:
        for issue in issues:
            mark = _MARK.match(issue.body) if issue.trusted else None
            if mark and mark[1] == self._stack:
                yield Found(issue, Record.unpacked(mark[2]))
