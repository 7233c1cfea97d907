"""Findings of code analysis."""

from dataclasses import dataclass
from typing import Literal

TITLE = "Codacy"


@dataclass(frozen=True)
class Finding:
    """One finding."""

    repository: str
    """The repository's name."""
    path: str
    """The file."""
    line: int
    """The line, counted from 1."""
    category: Literal["security", "complexity", "style"]
    """What it is about."""
    message: str
    """What is wrong."""


_FINDINGS = (
    Finding("sophia-main", "api/server.py", 41, "security", "A subprocess is called with a shell."),
    Finding("sophia-main", "api/routes.py", 12, "complexity", "The function has 14 branches."),
)


def list_findings(repository: str, category: str | None = None) -> list[Finding]:
    """List the findings of a repository, all or those of one category."""
    return [one for one in _FINDINGS if one.repository == repository and category in {None, one.category}]


def grade(repository: str) -> str:
    """Get the grade of a repository, from A to F."""
    return "B" if any(one.repository == repository for one in _FINDINGS) else "A"


READS = (list_findings, grade)
WRITES = ()
