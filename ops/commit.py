"""Which commit this checkout is, and which one an update was of."""

import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from ops.error import InputError
from render import ROOT

DIRTY: Final = "-dirty"
"""What is said of a checkout beside its commit, where files were edited."""

_SHORT: Final = 12


def git(*words: str, folder: Path = ROOT, check: bool = False) -> subprocess.CompletedProcess[str]:
    """Run git, and return what it said.

    Args:
        words: its command and arguments.
        folder: where it runs.
        check: whether a failure raises.
    """
    return subprocess.run(["git", *words], cwd=folder, capture_output=True, text=True, check=check)


def resolved(name: str, option: str = "", *, folder: Path = ROOT) -> str:
    """Return the commit that a name means.

    Args:
        name: any name of a commit.
        option: the option that gave it.
        folder: the repository.

    Raises:
        InputError: git knows no such commit.
    """
    found = git("rev-parse", "--verify", "--quiet", f"{name}^{{commit}}", folder=folder)
    if found.returncode:
        given = f"{option} {name}".strip()
        msg = f"{given}: git knows no such commit; name one that `git log` shows, or fetch it first"
        raise InputError(msg)
    return found.stdout.strip()


def head() -> str:
    """Return the commit of this checkout, marked where files of it were edited; empty outside of a repository."""
    told = [git("rev-parse", "HEAD"), git("status", "--porcelain", "--untracked-files=no")]
    commit, edited = (one.stdout.strip() for one in told)
    return _marked(commit, edited=bool(edited)) if not told[0].returncode else ""


def of_update(told: Mapping[str, Any]) -> str:
    """Return the commit of an update in the same form; empty where nobody knows.

    Args:
        told: what the engine tells of it.
    """
    environment = told.get("environment") or {}
    return _marked(str(environment.get("git.head", "")), edited=environment.get("git.dirty") == "true")


def is_of(told: Mapping[str, Any], commit: str) -> bool:
    """Return whether an update is of a commit, whatever was edited beside it.

    Args:
        told: what the engine tells of it.
        commit: the commit.
    """
    return bool(commit) and of_update(told).removesuffix(DIRTY) == commit.removesuffix(DIRTY)


def short(commit: str) -> str:
    """Return a commit as people read it.

    >>> short("0123456789abcdef-dirty")
    '0123456789ab-dirty'
    """
    return _marked(commit.removesuffix(DIRTY)[:_SHORT], edited=commit.endswith(DIRTY))


def _marked(commit: str, *, edited: bool) -> str:
    return f"{commit}{DIRTY}" if commit and edited else commit
