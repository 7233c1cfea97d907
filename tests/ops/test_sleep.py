"""Who may sleep, when a schedule wants it, and what is said of a stack that does."""

from datetime import datetime

import pytest
from rich.console import Console

from catalog.collection import Hosting
from ops import sleep as sleeping
from ops.deployment import Target
from ops.error import AsleepError
from ops.results import BackupRow, DriftResult
from ops.view import View, show_drift
from rehearsal.toolchain import progress_for


@pytest.mark.parametrize(("at", "awake"), [("2026-11-23T15:00:00+00:00", True), ("2026-11-22T15:00:00+00:00", False)])
def test_a_schedule_says_whether_a_stack_is_due_to_wake_or_to_sleep(at, awake):
    moment = datetime.fromisoformat(at)
    assert sleeping.due("dev", awake=True, moment=moment) is awake
    assert sleeping.due("dev", awake=False, moment=moment) is not awake


def test_a_stack_without_a_schedule_is_never_due():
    with pytest.raises(AsleepError, match=r"staging has no schedule; leave --if-due out"):
        sleeping.due("staging", awake=False)


def test_a_stack_with_pinned_machines_never_sleeps_and_nothing_is_asked_of_the_engine(monkeypatch, tmp_path):
    monkeypatch.setenv("SOPHIA_HOME", str(tmp_path / "home"))
    with pytest.raises(AsleepError, match=r"sophia-ai-core.*of prod are pinned"):
        sleeping.sleep("prod", Target.REHEARSAL, progress=progress_for(), view=View())
    assert not (tmp_path / "home").exists()


def test_a_sleeping_stack_has_no_drift_and_says_how_to_wake_it(capsys):
    show_drift(DriftResult(stack="dev", asleep=True), Console(width=120))
    assert capsys.readouterr().out.strip() == "dev is asleep: no drift. Wake it: ./sophia machines wake dev"


KEPT = {"type": "weaviate:index:Collection", "custom": True, "protect": True}
PROVIDER = {"type": "pulumi:providers:weaviate", "custom": True}


class Held:
    """The rehearsal of a stack that is up."""

    asleep = False

    def __init__(self) -> None:
        self.state = self.account = self
        self.running = False

    def resources(self) -> list[dict[str, object]]:
        return [{"type": "kubernetes:batch/v1:CronJob", "custom": True}]

    def status(self) -> "Held":
        return self

    def sleep(self, _: Hosting) -> None:
        self.asleep = True


@pytest.fixture
def held(monkeypatch, deployment, replayed):
    """A stack that is up, whose backups fail."""
    rehearsal = Held()
    monkeypatch.setattr("ops.sleep.rehearsal_of", lambda _: rehearsal)
    monkeypatch.setattr("ops.sleep.deployed", lambda *_: rehearsal.resources())
    monkeypatch.setattr("ops.sleep.there", lambda *_: deployment(replayed("unchanged.jsonl")))
    row = BackupRow(service="valkey", seconds=1.0, error="the bucket is not there")
    monkeypatch.setattr("ops.sleep.backups.run", lambda *_: (row,))
    return rehearsal


def test_a_stack_that_cannot_be_backed_up_stays_awake_unless_what_it_holds_may_be_lost(held):
    result = sleeping.sleep("dev", Target.REHEARSAL, progress=progress_for(), view=View())
    (error,) = result.errors
    assert error.startswith("backup of valkey: the bucket is not there; nothing was changed")
    assert "--without-backup" in error
    assert not held.asleep
    assert (
        sleeping.sleep("dev", Target.REHEARSAL, progress=progress_for(), view=View(), without_backup=True).errors == ()
    )
    assert held.asleep


@pytest.mark.parametrize(
    ("stack", "held", "sleeps"),
    [
        ("dev", [], True),
        ("dev", [KEPT, PROVIDER], True),
        ("dev", [KEPT, {**KEPT, "protect": False}], False),
        ("dev", None, False),
        ("prod", [], False),
    ],
)
def test_in_the_cloud_a_stack_sleeps_that_may_and_holds_nothing(monkeypatch, stack, held, sleeps):
    monkeypatch.setattr("ops.sleep.cloud_environment", lambda *_: {})
    monkeypatch.setattr("ops.sleep.states.resources", lambda *_: held)
    assert sleeping.asleep(stack, Target.CLOUD) is sleeps
