"""Issues and projects of a team."""

from dataclasses import dataclass

TITLE = "Linear"


@dataclass(frozen=True)
class Issue:
    """One issue."""

    id: str
    """Its id, such as SOP-1."""
    title: str
    """What it is about."""
    state: str
    """How far it is."""


_ISSUES = (Issue("SOP-1", "Route by weight", "done"), Issue("SOP-2", "Scan the fleet", "started"))


def list_issues(state: str | None = None) -> list[Issue]:
    """List issues, all or those in one state."""
    return [issue for issue in _ISSUES if state in {None, issue.state}]


def get_issue(issue_id: str) -> Issue:
    """Get an issue by its id."""
    for issue in _ISSUES:
        if issue.id == issue_id:
            return issue
    message = f"there is no issue {issue_id}"
    raise ValueError(message)


def create_issue(title: str) -> Issue:
    """Create an issue."""
    return Issue(f"SOP-{len(_ISSUES) + 1}", title, "backlog")


READS = (list_issues, get_issue)
WRITES = (create_issue,)
