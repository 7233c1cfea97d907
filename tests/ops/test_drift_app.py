"""The verbs of drift: exit codes, reports, who is told, and what a repair refuses."""

import json
from pathlib import Path

import pytest

from ops.drift_record import APPROVED, FILE, kept
from ops.drift_repair import require_ready
from ops.engine import LockedError
from ops.error import InputError
from ops.exit_code import ExitCode
from ops.listings import APART
from ops.results import DriftResult, UpResult
from ops.unmanaged import Listing
from rehearsal import RehearsalError
from rehearsal.github import serve


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home with dev's directory, as after an `up`, and a checkout at a commit."""
    folder = tmp_path / "home/stacks/dev"
    folder.mkdir(parents=True)
    monkeypatch.setenv("SOPHIA_HOME", str(tmp_path / "home"))
    monkeypatch.setattr("ops.drift.head", lambda: "c0ffee")
    monkeypatch.setattr("ops.drift_app.head", lambda: "c0ffee")
    for name in ("GITHUB_TOKEN", "GITHUB_REPOSITORY", "GITHUB_API_URL", "SLACK_WEBHOOK_URL"):
        monkeypatch.delenv(name, raising=False)
    return folder


@pytest.fixture
def as_in(deployment, replayed):
    """Gives dev's deployment, with an engine that repeats a recording."""
    return lambda recording: deployment(replayed(recording))


@pytest.fixture
def look(home, monkeypatch, as_in, sophia):
    """Looks at dev as in a recording, and gives what the verb left with."""

    def run(*words: str, recording: str = "drift.jsonl", verb: tuple[str, ...] = ("drift", "dev")):
        monkeypatch.setattr("ops.deployment.existing", lambda *_, **__: as_in(recording))
        return sophia(*verb, *words)

    assert home.is_dir()
    return run


@pytest.fixture
def github(home, monkeypatch):
    assert home.is_dir()
    with serve() as fake:
        for name, value in fake.environment.items():
            monkeypatch.setenv(name, value)
        yield fake


def test_what_differs_is_told_with_class_and_since_when_and_is_remembered(look, home):
    left = look("--json")
    document = json.loads(left.out)
    assert left.code == ExitCode.DRIFT
    assert (document["status"], document["commit"], document["changes"][0]["age_seconds"]) == ("drifted", "c0ffee", 0)
    assert document["changes"][0]["first_seen"]
    assert kept(home / FILE).fingerprint == document["fingerprint"]
    again = json.loads(look("--json").out)
    assert (again["fingerprint"], again["changes"][0]["first_seen"]) == (
        document["fingerprint"],
        document["changes"][0]["first_seen"],
    )


def test_a_provider_that_is_down_makes_the_answer_partial(look, monkeypatch):
    down = Listing("vercel", trouble="Vercel: status 503", remedy="wait")
    monkeypatch.setattr("ops.drift.listings", lambda *words: (down,) if words[2] is APART else ())
    left = look(recording="unchanged.jsonl")
    assert left.code == ExitCode.PARTIAL
    assert "vercel: Vercel: status 503" in left.out
    assert "No drift" not in left.out


def test_reports_are_written_beside_the_answer(look, tmp_path):
    look("--markdown", str(tmp_path / "a.md"), "--html", str(tmp_path / "a.html"))
    assert "| `mcp-github-service` | `spec.ports[0].port` | `9005` | `9999` |" in (tmp_path / "a.md").read_text("utf-8")
    page = (tmp_path / "a.html").read_text("utf-8")
    assert page.startswith("<!doctype html>")
    assert "<code>9999</code>" in page
    refused = look("--html", f"{tmp_path}/a.md/b.html")
    assert (refused.code, "b.html: it cannot be written" in refused.err) == (ExitCode.BAD_INPUT, True)


def test_all_stacks_are_a_line_each_and_the_worst_code_counts(home, monkeypatch, as_in, sophia):
    (home.parent / "prod").mkdir()
    (home.parent / "staging").mkdir()
    (home.parent / "staging/asleep").touch()

    def existing(stack: str, *_: object, **__: object):
        if stack == "prod":
            message = "the rehearsal of prod is not up"
            raise RehearsalError(message)
        return as_in("drift.jsonl")

    monkeypatch.setattr("ops.deployment.existing", existing)
    left = sophia("drift", "--all", "--json")
    found = {one["stack"]: one["status"] for one in map(json.loads, left.out.splitlines())}
    assert found == {"dev": "drifted", "prod": "error", "staging": "asleep"}
    assert left.code == ExitCode.FAILED
    shown = sophia("drift", "--all")
    assert "staging is asleep" in shown.out
    assert "the rehearsal of prod is not up" in shown.err


def test_nobody_is_told_without_what_that_needs(look):
    left = look("--tell", "github,slack")
    assert left.code == ExitCode.BAD_INPUT
    assert "GITHUB_TOKEN, GITHUB_REPOSITORY, SLACK_WEBHOOK_URL: not set" in left.err
    assert look("--tell", "pager").code == ExitCode.BAD_INPUT


def test_a_webhook_that_is_no_https_address_is_refused_and_not_shown(look, monkeypatch):
    monkeypatch.setenv("SLACK_WEBHOOK_URL", "http://hooks.example.com/hidden-word")
    left = look("--tell", "slack")
    assert left.code == ExitCode.BAD_INPUT
    assert "hidden-word" not in left.err + left.out


def test_a_look_tells_people_at_once_and_keeps_its_own_exit_code(look, github):
    assert look("--tell", "github").code == ExitCode.DRIFT
    assert [one.title for one in github.repository.issues.values()] == ["Drift: dev"]
    assert look("--tell", "github", recording="unchanged.jsonl").code == ExitCode.OK
    assert github.repository.issues[1].state == "closed"


def test_people_that_cannot_be_told_are_a_failure_whatever_was_found(look, github):
    github.api.tokens.clear()
    left = look("--tell", "github", recording="unchanged.jsonl")
    assert left.code == ExitCode.FAILED
    assert github.token not in left.err + left.out


def test_a_stack_that_cannot_be_looked_at_is_told_too(home, github, monkeypatch, sophia):
    def broken(*_: object, **__: object) -> None:
        message = "the rehearsal of dev is not up; run `./sophia up dev`"
        raise RehearsalError(message)

    monkeypatch.setattr("ops.deployment.existing", broken)
    assert sophia("drift", "dev").code == ExitCode.FAILED
    assert github.repository.issues == {}
    assert sophia("drift", "dev", "--tell", "github").code == ExitCode.FAILED
    assert "the rehearsal of dev is not up" in (github.repository.issues[1].body or "")
    assert home.is_dir()


def test_a_stack_that_somebody_works_on_is_told_to_nobody(home, github, monkeypatch, sophia):
    def locked(*_: object, **__: object) -> None:
        message = "an update of dev is still running as process 1; wait for it, or end it: kill 1"
        raise LockedError(message)

    monkeypatch.setattr("ops.deployment.existing", locked)
    left = sophia("drift", "dev", "--tell", "github")
    assert (left.code, "is still running as process 1" in left.err) == (ExitCode.FAILED, True)
    assert github.repository.issues == {}
    assert not (home / FILE).exists()


@pytest.fixture
def report(look, tmp_path: Path) -> Path:
    """The report of a look."""
    path = tmp_path / "report.json"
    path.write_text(look("--json").out, encoding="utf-8")
    return path


@pytest.mark.usefixtures("github")
def test_a_report_is_told_later_by_somebody_else(report, sophia):
    left = sophia("drift", "tell", "dev", "--report", str(report), "--to", "github", "--json")
    assert left.code == ExitCode.OK
    told = json.loads(left.out)
    assert (told["issue"], told["action"], told["news"], told["paged"]) == (1, "created", True, False)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "no answer of `./sophia drift dev --json`"),
        ('{"stack": "prod"}', "it is about prod"),
        ("[]", "no answer of"),
    ],
)
def test_what_is_no_report_of_the_stack_is_refused(text, said, home, github, sophia):
    (home / "wrong.json").write_text(text, encoding="utf-8")
    left = sophia("drift", "tell", "dev", "--report", str(home / "wrong.json"), "--to", "github")
    assert (left.code, said in left.err) == (ExitCode.BAD_INPUT, True)
    assert github.repository.issues == {}
    assert sophia("drift", "tell", "dev", "--report", str(home / "none"), "--to", "github").code == ExitCode.BAD_INPUT


def test_a_look_that_never_began_is_told_once_and_a_later_one_closes_the_issue(github, sophia, look):
    for _ in "12":
        assert sophia("drift", "tell", "dev", "--failed", "no login", "--to", "github").code == ExitCode.OK
    (issue,) = github.repository.issues.values()
    assert (issue.title, issue.state) == ("Drift: dev", "open")
    assert "no login" in issue.body
    look("--tell", "github", recording="unchanged.jsonl")
    assert issue.state == "closed"


def test_a_look_waits_at_most_as_long_as_it_is_told(monkeypatch, look):
    waited: list[float] = []
    monkeypatch.setattr("ops.drift_app.time.sleep", waited.append)
    look(recording="unchanged.jsonl")
    assert waited == []
    look("--jitter", "30", recording="unchanged.jsonl")
    assert 0 <= waited[0] <= 30


@pytest.fixture
def mended(monkeypatch) -> list[str]:
    """Stands in for ``up``, and counts."""
    done: list[str] = []

    def up(stack: str, *_: object, **__: object) -> UpResult:
        done.append(stack)
        return UpResult(stack=stack, changes={"update": 2})

    monkeypatch.setattr("ops.drift_app.up_verb", up)
    return done


@pytest.fixture
def repair(report, mended, monkeypatch, as_in, sophia):
    """Repairs what the report says; after the `up` all is as declared."""

    def run(*words: str, now: str = "drift.jsonl"):
        def existing(*_: object, **__: object):
            return as_in("unchanged.jsonl" if mended else now)

        monkeypatch.setattr("ops.deployment.existing", existing)
        return sophia("drift", "repair", "dev", "--report", str(report), *words)

    return run


def test_what_is_gone_waits_for_an_approval(repair, mended):
    left = repair()
    assert left.code == ExitCode.BAD_INPUT
    assert "what endangers security or is gone (mcp-github-deployment)" in left.err
    assert mended == []


def test_an_approved_repair_runs_up_and_looks_again(repair, mended):
    left = repair("--approved", "--json")
    document = json.loads(left.out)
    assert (left.code, mended) == (ExitCode.OK, ["dev"])
    assert (document["before"]["status"], document["after"]["status"]) == ("drifted", "in_sync")
    assert document["changes"] == {"update": 2}


def test_another_commit_is_refused_before_anything_is_looked_at(repair, mended, monkeypatch):
    monkeypatch.setattr("ops.drift_app.head", lambda: "decade")
    left = repair("--approved")
    assert left.code == ExitCode.BAD_INPUT
    assert "made at c0ffee and this is decade" in left.err
    assert mended == []


def test_something_else_that_differs_by_now_is_refused(repair, mended):
    left = repair("--approved", now="host-down.jsonl")
    assert left.code == ExitCode.BAD_INPUT
    assert "is something else by now" in left.err
    assert mended == []


def test_what_was_repaired_by_somebody_meanwhile_is_left_alone(repair, mended):
    left = repair("--approved", now="unchanged.jsonl")
    assert (left.code, mended) == (ExitCode.BAD_INPUT, [])
    assert "dev is in sync now" in left.err


def test_the_label_on_the_issue_approves_of_just_that(repair, report, mended, github, sophia):
    assert repair("--approval").code == ExitCode.BAD_INPUT, "there is no issue"
    sophia("drift", "tell", "dev", "--report", str(report), "--to", "github")
    assert repair("--approval").code == ExitCode.BAD_INPUT, "nobody has approved"
    github.repository.issues[1].labels.append(github.repository.label(APPROVED).name)
    assert (repair("--approval").code, mended) == (ExitCode.OK, ["dev"])


def test_an_edited_checkout_repairs_no_cloud():
    report = DriftResult(stack="prod", status="drifted", fingerprint="f", commit="a-dirty")
    require_ready(report, "a-dirty", approved=False, edited=True)
    with pytest.raises(InputError, match="files of this checkout are edited"):
        require_ready(report, "a-dirty", approved=False, edited=False)


@pytest.mark.parametrize("status", ["in_sync", "partial", "error", "asleep"])
def test_only_what_has_drifted_is_repaired(status):
    report = DriftResult(stack="prod", status=status, fingerprint="f", commit="a")
    with pytest.raises(InputError, match="only what has drifted is repaired"):
        require_ready(report, "a", approved=True, edited=True)
