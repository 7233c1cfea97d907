"""Repositories, issues and pull requests of one organisation."""

from dataclasses import dataclass

TITLE = "GitHub"


@dataclass(frozen=True)
class Repository:
    """One repository."""

    name: str
    """Its name."""
    language: str
    """What most of it is written in."""
    open_issues: int
    """How many issues are open."""


@dataclass(frozen=True)
class Issue:
    """One issue."""

    repository: str
    """The repository's name."""
    number: int
    """Its number."""
    title: str
    """What it is about."""
    state: str
    """Whether it is open or closed."""


_REPOSITORIES = (Repository("sophia-main", "Python", 2), Repository("sophia-docs", "Markdown", 0))
_ISSUES = (
    Issue("sophia-main", 1, "Retry when the API answers 429", "open"),
    Issue("sophia-main", 2, "Show costs by component", "open"),
)


def search_repositories(query: str, limit: int = 10) -> list[Repository]:
    """Find repositories by a part of their name."""
    return [one for one in _REPOSITORIES if query.lower() in one.name][:limit]


def list_issues(repository: str, state: str = "open") -> list[Issue]:
    """List the issues of a repository."""
    return [issue for issue in _ISSUES if (issue.repository, issue.state) == (repository, state)]


def create_issue(repository: str, title: str) -> Issue:
    """Open an issue in a repository."""
    return Issue(repository, 1 + sum(issue.repository == repository for issue in _ISSUES), title, "open")


READS = (search_repositories, list_issues)
WRITES = (create_issue,)
