"""What is told of a delivery, from the answers that its verbs kept."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from ops import delivery as told
from ops.answers import FOLDER, keep, kept
from ops.deployment import Target
from ops.error import InputError, StateError
from ops.gate.verdict import Check, ServerVerdict
from ops.results import (
    DeliveryResult,
    PlannedChange,
    PreviewResult,
    Result,
    RollbackResult,
    SleepResult,
    UpResult,
    VerifyResult,
)
from ops.rollback_app import _is_ours
from rehearsal.github import User, serve
from rehearsal.github.records import Approval
from rehearsal.toolchain import progress_for

NOW = datetime(2026, 12, 1, 6, tzinfo=UTC)
COMMIT = "c" * 40
URN = "urn:pulumi:prod::sophia::kubernetes:apps/v1:Deployment::mcp-github"
CHANGE = PlannedChange(component="mcp-github", kind="Deployment", name="mcp-`|github", op="update", paths=(), urn=URN)
UP = UpResult(stack="prod", changes={"update": 1}, seconds={"engine": 20.0, "ready": 1.0})
WRONG = VerifyResult(stack="prod", errors=("github-canary, public: is watched: 503",), seconds=70.0)
GOOD = VerifyResult(
    stack="prod", servers=(ServerVerdict(name="github", checks=(Check(name="health", way="public", ok=True),)),)
)
BACK = RollbackResult(stack="prod", commit="b" * 40, seconds=41.0)


def update(version: int, commit: str = COMMIT, kind: str = "update") -> dict[str, Any]:
    return {
        "version": version,
        "kind": kind,
        "result": "succeeded",
        "startTime": "2026-12-01T05:00:00.000Z",
        "endTime": "2026-12-01T05:01:00.000Z",
        "environment": {"git.head": commit, "git.dirty": "false"},
        "resourceChanges": {"update": 1, "same": 9},
    }


@pytest.fixture
def answers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that verbs keep their answers in."""
    folder = tmp_path / "delivery"
    monkeypatch.setenv(FOLDER, str(folder))
    monkeypatch.setattr(told, "head", lambda: COMMIT)
    monkeypatch.setattr(told, "cli_environment", lambda *_: {})
    monkeypatch.setattr(
        "ops.delivery.states.history", lambda *_: [update(7, kind="destroy"), update(6), update(5, "other")]
    )
    for name in ("GITHUB_RUN_ID", "GITHUB_TOKEN", "GITHUB_ACTOR", "GITHUB_SERVER_URL", "GITHUB_REPOSITORY"):
        monkeypatch.delenv(name, raising=False)
    return folder


def look(answers: Path) -> DeliveryResult:
    return told.delivery("prod", Target.REHEARSAL, answers, progress_for(), NOW)


def test_an_answer_is_kept_by_its_verb_and_comes_back_as_it_was(answers):
    sleeping = SleepResult(stack="dev", changes={"delete": 3})
    keep(sleeping)
    assert json.loads((answers / "machines-sleep.json").read_text())["stack"] == "dev"
    assert kept(answers, SleepResult) == sleeping
    assert kept(answers, UpResult) is None
    keep(sleeping, {})
    (answers / "up.json").write_text("{")
    with pytest.raises(InputError, match=r"up.json: it is no answer of `./sophia up` \(ValidationError\)"):
        kept(answers, UpResult)


@pytest.mark.parametrize(
    ("kept_ones", "verdict", "words"),
    [
        ((), "refused", f"prod: {COMMIT[:12]} was refused, and nothing was changed"),
        ((UP,), "unverified", "nobody has verified it"),
        ((UP, GOOD), "delivered", f"prod runs {COMMIT[:12]}"),
        ((UP, WRONG), "failed", "failed"),
        ((UP, WRONG, BACK), "returned", f"its workloads are those of {'b' * 12} again"),
        ((UP, WRONG, BACK.model_copy(update={"errors": ("no",)})), "failed", "failed"),
        ((UP, GOOD, RollbackResult(stack="prod", commit="")), "delivered", "prod runs"),
    ],
)
def test_the_verdict_is_what_its_verbs_answered(answers, kept_ones, verdict, words):
    for one in (PreviewResult(stack="prod", version=6, changes=(CHANGE,)), *kept_ones):
        keep(one)
    found = look(answers)
    assert (found.verdict, found.update) == (verdict, None), "what was before the plan is not the delivery's"
    assert words in told.headline(found)


def test_an_update_that_gave_no_answer_has_failed_and_is_not_taken_for_one_that_was_refused(answers):
    keep(PreviewResult(stack="prod", version=5))
    found = look(answers)
    assert (found.verdict, found.update and found.update.number) == ("failed", 6)


def test_the_summary_has_what_who_when_plan_verdicts_and_times(answers, monkeypatch):
    for one in (PreviewResult(stack="prod", version=5, changes=(CHANGE,)), UP, WRONG, BACK):
        keep(one)
    monkeypatch.setenv("GITHUB_ACTOR", "eve")
    text = told.markdown(look(answers))
    for part in (
        "| by | `eve` |",
        "| update | 6, succeeded, from 2026-12-01 05:00:00 UTC, 60 s |",
        "- verify: `github-canary, public: is watched: 503`",
        "| up | done | 21 |",
        "| verify | failed | 70 |",
        "| rollback | done | 41 |",
        r"- update `Deployment` ``mcp-`\|github``",
    ):
        assert part in text
    plan = told.of_plan(PreviewResult(stack="prod", commit=COMMIT, version=5, changes=(CHANGE,) * 5_000))
    assert len(plan.encode()) < 65_536
    assert "more: the report of the run has all of them" in plan


def test_who_approved_is_asked_of_github_and_what_cannot_be_told_says_why(answers, monkeypatch):
    keep(UP)
    with serve() as hub:
        said = [
            Approval(environment="staging", user=User(login="bob")),
            Approval(environment="prod", user=User(login="ada")),
            Approval(environment="prod", user=User(login="eve"), state="rejected"),
        ]
        hub.repository.approvals["17"] = said
        for name, value in {
            **hub.environment,
            "GITHUB_RUN_ID": "17",
            "GITHUB_SERVER_URL": "https://github.com",
        }.items():
            monkeypatch.setenv(name, value)
        found = look(answers)
        assert (found.approved_by, found.untold) == (("ada",), {})
        assert found.run == f"https://github.com/{hub.repository.name}/actions/runs/17"
        monkeypatch.setenv("GITHUB_TOKEN", hub.grant({"contents": "read"}))

        def unread(*_: object) -> None:
            msg = "log in again"
            raise StateError(msg)

        monkeypatch.setattr("ops.delivery.states.history", unread)
        found = look(answers)
    assert found.untold["update"] == "log in again"
    assert "Resource not accessible by integration" in found.untold["approvals"]
    assert "log in again" in told.markdown(found)


def test_an_answer_of_another_stack_is_refused(answers):
    other: Result = UpResult(stack="staging")
    keep(other)
    with pytest.raises(InputError, match="the answer of `up` is of staging, and prod is told of"):
        look(answers)


def test_without_a_folder_the_verb_says_what_names_one(sophia, monkeypatch):
    monkeypatch.delenv(FOLDER, raising=False)
    left = sophia("delivery", "prod")
    assert left.code == 2
    assert f"set {FOLDER}" in left.err


@pytest.mark.parametrize(
    ("newest", "ours"),
    [(update(6), True), (update(5), False), (update(6, "somebody else's"), False), (None, False)],
)
def test_what_this_commit_did_not_do_after_the_plan_is_not_undone(monkeypatch, newest, ours):
    monkeypatch.setattr("ops.rollback_app.head", lambda: COMMIT)
    assert _is_ours([newest] if newest else [], 5) is ours
