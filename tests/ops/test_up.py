"""What ``up`` asks of the engine, and that it comes in to the hosts as a peer whatever became of the run."""

from dataclasses import replace

import pytest
from rich.console import Console

from ops.deployment import Target
from ops.error import InputError
from ops.preview import preview
from ops.results import UpResult
from ops.up import up
from ops.view import View
from rehearsal import RehearsalError
from rehearsal.toolchain import progress_for


@pytest.fixture
def run(monkeypatch, deployment, tmp_path):
    """Brings dev up with an engine that stands in, and something that is done to come in."""
    monkeypatch.setenv("SOPHIA_HOME", str(tmp_path / "home"))

    def do(engine, join=lambda: None, reviewed=None) -> UpResult:
        monkeypatch.setattr("ops.up.rehearsed", lambda *_: replace(deployment(engine), join=join))
        view = View(Console(quiet=True))
        return up("dev", Target.REHEARSAL, progress=progress_for(), view=view, agree=lambda _: None, reviewed=reviewed)

    return do


@pytest.mark.parametrize(("recording", "code"), [("unchanged.jsonl", 0), ("host-down-up.jsonl", 1)])
def test_the_hosts_are_joined_after_the_run_whatever_became_of_it(recording, code, run, replayed):
    joined: list[None] = []
    result = run(replayed(recording, code=code), lambda: joined.append(None))
    assert bool(result.errors) is bool(code)
    assert joined == [None]


def test_an_engine_that_broke_off_is_told_beside_that_the_hosts_cannot_be_joined(run, stand_in):
    def unable() -> None:
        msg = "wireguard-go is not on this machine; run `./sophia setup`"
        raise RehearsalError(msg)

    errors = run(stand_in("os.kill(os.getpid(), signal.SIGKILL)"), unable).errors
    assert [error.split(";")[0] for error in errors] == [
        "the engine ended with code 137",
        "wireguard-go is not on this machine",
    ]


def test_the_engine_goes_on_where_something_fails_and_refreshes_with_the_programs_providers(run, stand_in):
    body = """
import json
said = {"severity": "error", "message": " ".join(sys.argv[1:])}
print(json.dumps({"diagnosticEvent": said}))
sys.exit(1)
"""
    (error,) = run(stand_in(body), lambda: None).errors
    assert error.startswith("up --continue-on-error --yes --skip-preview --policy-pack")
    assert " --refresh --run-program " in error


PLANS = """
import json
if "preview" in sys.argv:
    print(open(RECORDED + "/drift.jsonl").read())
else:
    print(json.dumps({"diagnosticEvent": {"severity": "error", "message": " ".join(sys.argv[1:])}}))
    sys.exit(1)
"""
"""A preview that finds something, and an update that says how it was asked."""


@pytest.fixture
def previewed(deployment, stand_in):
    """What a preview of that engine finds."""
    return preview(deployment(stand_in(PLANS)))


def test_what_was_reviewed_is_done_and_what_has_drifted_since_is_left(run, stand_in, previewed):
    assert previewed.changes
    (error,) = run(stand_in(PLANS), reviewed=previewed).errors
    assert error.startswith("up --continue-on-error --yes --skip-preview --policy-pack")
    assert "--refresh" not in error


def test_what_was_not_reviewed_is_not_done(run, stand_in, previewed):
    with pytest.raises(InputError, match="the state has moved: it was of update 7 and is of 0; preview again"):
        run(stand_in(PLANS), reviewed=previewed.model_copy(update={"version": 7}))
    with pytest.raises(InputError, match=f"not reviewed: {previewed.changes[0].op} {previewed.changes[0].kind}"):
        run(stand_in(PLANS), reviewed=previewed.model_copy(update={"changes": previewed.changes[1:]}))
