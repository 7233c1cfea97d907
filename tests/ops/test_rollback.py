"""Which commit workloads go back to, and what keeps them from it."""

import subprocess
from typing import Any

import pytest

from ops import rollback
from ops.deployment import Target
from ops.error import InputError
from ops.rollback import last_good, rolled_back


def update(commit: str, *, kind: str = "update", result: str = "succeeded", dirty: bool = False) -> dict[str, Any]:
    environment = {"git.head": commit, "git.dirty": "true" if dirty else "false"}
    return {"kind": kind, "result": result, "environment": environment}


def test_the_last_good_commit_is_another_one_that_succeeded_as_it_is_committed():
    history = [
        update("now"),
        update("now", result="failed"),
        update("edited", dirty=True),
        update("looked", kind="refresh"),
        update("broken", result="failed"),
        update("good"),
        update("older"),
    ]
    assert last_good(history) == "good"
    assert last_good([update("now", result="failed"), update("good")]) == "good"


UNKNOWN = {"kind": "update", "result": "succeeded"}


@pytest.mark.parametrize("history", [[], [update("now")], [update("now"), update("now")], [update("now"), UNKNOWN]])
def test_without_one_somebody_has_to_name_it(history):
    with pytest.raises(InputError, match="--to COMMIT"):
        last_good(history)


@pytest.fixture
def checkout(tmp_path, monkeypatch):
    """A repository whose first commit has a program that says what it is told, and whose second a broken one."""

    def git(*words: str) -> str:
        person = ("-c", "user.name=A", "-c", "user.email=a@example.com")
        return subprocess.run(["git", *person, *words], cwd=root, check=True, capture_output=True, text=True).stdout

    root = tmp_path / "checkout"
    root.mkdir()
    git("init", "--quiet")
    program = root / "sophia"
    program.write_text('#!/bin/sh\ntest -L .venv && printf \'{"stack": "dev", "errors": ["%s"]}\' "$*"\n')
    program.chmod(0o755)
    (root / "requirements.txt").write_text("a==1\n")
    git("add", "--all")
    git("commit", "--quiet", "--message=good")
    good = git("rev-parse", "HEAD").strip()
    program.write_text("#!/bin/sh\nexit 9\n")
    git("commit", "--quiet", "--all", "--message=broken")
    monkeypatch.setattr(rollback, "ROOT", root)
    monkeypatch.setenv("SOPHIA_HOME", str(tmp_path / "home"))
    return root, good, git


def test_the_program_of_the_commit_itself_brings_its_workloads_back(checkout):
    root, good, git = checkout
    result = rolled_back("dev", Target.REHEARSAL, good)
    assert result.errors == ("up dev --target rehearsal --only workloads --yes --json",)
    assert not git("status", "--porcelain"), f"nothing is left in {root}"
    again = rolled_back("dev", Target.REHEARSAL, good)
    assert again.errors == result.errors, "it may be done again"


@pytest.mark.usefixtures("checkout")
def test_a_program_that_breaks_off_is_told():
    (error,) = rolled_back("dev", Target.REHEARSAL, "HEAD").errors
    assert "ended with code 9" in error


def test_a_commit_that_there_is_not_or_that_needs_other_packages_is_refused(checkout):
    root, good, _ = checkout
    with pytest.raises(InputError, match="--to nowhere: git knows no such commit"):
        rolled_back("dev", Target.REHEARSAL, "nowhere")
    (root / "requirements.txt").write_text("a==2\n")
    with pytest.raises(InputError, match=r"its requirements\.txt is another"):
        rolled_back("dev", Target.REHEARSAL, good)
