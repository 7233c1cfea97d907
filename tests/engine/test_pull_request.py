"""The workflow of pull requests, run as it is committed: what reviewers and authors see of a change."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from benchmarks.checkout import ROOT, Checkout, copied
from rehearsal.github import GitHub, Issue, User, serve
from rehearsal.github.records import now
from rehearsal.workflows import WorkflowRun, read
from rehearsal.workflows.expressions import Expressions
from tests.engine.workflows import runner

pytestmark = pytest.mark.engine

NUMBER = 7
REVIEWED = frozenset({"review", "tell"})
"""The jobs that look at a change; its other ones are what runs these tests."""
HELD = "  - stack: all\n    rule: PSS-B-hostPath\n    resource: k3s-*-device-plugin\n"
"""How the first exemption begins, without which a rule refuses every stack."""


@pytest.fixture(scope="module")
def change(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    return copied(tmp_path_factory.mktemp("change"))


@pytest.fixture
def hub() -> Iterator[GitHub]:
    with serve() as served:
        ada = User(login="ada", type="User", association="OWNER")
        served.repository.issues[NUMBER] = Issue(
            number=NUMBER, title="A change", body="", user=ada, created_at=now(), updated_at=now(), pull_request=True
        )
        yield served


@pytest.fixture
def pushed(change: Checkout, hub: GitHub, expressions: Expressions, tmp_path: Path):
    """Runs the workflow for a commit of a pull request, of this repository or of a fork."""
    runs: list[WorkflowRun] = []

    def push(base: str, head: str, *, of: str = "") -> WorkflowRun:
        running = runner(change, hub, expressions, tmp_path / f"run-{len(runs)}", environment={}, only=REVIEWED)
        whose = {"repo": {"full_name": of or hub.repository.name}}
        payload: Mapping[str, Any] = {
            "pull_request": {"number": NUMBER, "head": {"sha": head, **whose}, "base": {"sha": base}}
        }
        runs.append(running.run(read(ROOT / ".github/workflows/pull-request.yml"), "pull_request", payload, head))
        return runs[-1]

    return push


def test_a_violation_is_told_by_one_comment_and_a_check_which_follow_when_it_is_mended(change, hub, pushed):
    base = change.commit("base")
    file = change.root / "catalog/policy.yaml"
    text = file.read_text()
    assert HELD in text
    file.write_text(text.replace(HELD, HELD.replace("k3s-*-device-plugin", "k3s-none")))
    refused = pushed(base, change.commit("violates"))
    assert {name: job.result for name, job in refused.jobs.items()} == {"review": "failure", "tell": "success"}
    (comment,) = hub.repository.comments.values()
    (check,) = hub.repository.checks.values()
    assert "is refused by policies" in comment.body
    assert "PSS-B-hostPath" in comment.body
    assert (check.conclusion, bool(check.annotations)) == ("failure", True)
    assert "is refused by policies" in refused.jobs["review"].summary, "where those look who get no comment"

    file.write_text(text)
    mended = pushed(base, change.commit("mended"))
    assert {name: job.result for name, job in mended.jobs.items()} == {"review": "success", "tell": "success"}
    (same,) = hub.repository.comments.values()
    assert (same.id, "may be changed" in same.body) == (comment.id, True)
    assert [one.conclusion for one in hub.repository.checks.values()] == ["failure", "success"]
    assert all(one.startswith("actions/") for one in mended.not_done), (
        "what was not run is told, and is no step of ours"
    )


def test_a_fork_is_reviewed_without_a_word_to_the_repository(change, hub, pushed):
    base = change.commit("base of a fork")
    found = pushed(base, change.commit("head of a fork"), of="eve/sophia")
    assert {name: job.result for name, job in found.jobs.items()} == {"review": "success", "tell": "skipped"}
    assert "may be changed" in found.jobs["review"].summary
    assert hub.api.log == [], "a fork's token may write nothing, and nothing is asked"
