"""People are told of each news once: one issue, one message, whatever happens in between and whoever else looks."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from ops import drift_record
from ops.drift_issue import DriftIssue
from ops.drift_record import APPROVED, Record
from ops.drift_rows import Deviation, SilentProvider, UnmanagedThing
from ops.drift_telling import tell
from ops.github import GitHub
from ops.results import DriftedResource, DriftResult, TellResult
from ops.slack import SlackError, post
from rehearsal.github import Fault, Issue, User, serve
from rehearsal.github import GitHub as Fake
from rehearsal.github.records import now
from tests.slack import Slack, served

BEGAN = datetime(2026, 11, 30, 6, tzinfo=UTC)


@pytest.fixture
def slack(monkeypatch: pytest.MonkeyPatch) -> Iterator[Slack]:
    monkeypatch.setattr("ops.slack.tenacity.nap.time.sleep", lambda _: None)
    with served() as made:
        yield made


@pytest.fixture
def fake() -> Iterator[Fake]:
    with serve() as made:
        yield made


def drifted(*names: str, **update: object) -> DriftResult:
    """What a look finds: one property of each of these resources."""
    changes = tuple(
        DriftedResource(
            component=name,
            kind="Service",
            name=name,
            op="update",
            urn=f"urn:{name}",
            deviations=(Deviation(path="spec.port", expected=1, actual=2),),
        )
        for name in names
    )
    found = DriftResult(stack="prod", status="drifted" if names else "in_sync", changes=changes, started=BEGAN)
    return found.model_copy(update=update)


def silent(*names: str) -> DriftResult:
    one = SilentProvider(provider="vercel", trouble="Vercel: status 503", remedy="wait")
    return drifted(*names, status="partial", silent=(one,))


Tell = Callable[..., TellResult]


@pytest.fixture
def told(fake: Fake, slack: Slack) -> Tell:
    """Tells of what a look found, as a runner that knows nothing from before does."""

    def run(result: DriftResult, **options: Any) -> TellResult:
        hub = GitHub(fake.url, fake.repository.name, fake.token, lambda _: None)
        try:
            page = options.get("page", lambda head, lines: post(slack.url, head, lines))
            return tell(result, Record(), DriftIssue(hub, options.get("stack", result.stack)), page)[0]
        finally:
            hub.close()

    return run


def only(fake: Fake) -> Issue:
    (issue,) = fake.repository.issues.values()
    return issue


def test_a_drift_opens_an_issue_a_second_look_is_silent_and_a_clean_one_closes_it(fake, slack, told):
    first = told(drifted("github", "slack"))
    assert (first.issue, first.action, first.paged, first.errors) == (1, "created", True, ())
    issue = only(fake)
    assert (issue.title, sorted(issue.labels)) == ("Drift: prod", ["drift", "drift:prod"])
    assert "| `github` | `spec.port` | `1` | `2` |" in (issue.body or "")
    assert len(slack.said) == 1

    later = drifted("github", "slack", started=BEGAN + timedelta(days=2))
    second = told(later)
    assert (second.action, second.news, second.paged) == ("updated", False, False)
    assert "2026-11-30 06:00 (2 d)" in (only(fake).body or ""), "a fresh runner knows since when, by the issue alone"
    assert (len(slack.said), fake.repository.comments) == (1, {}), "nobody is told twice"

    third = told(drifted("github"))
    assert (third.action, third.paged) == ("updated", True)
    assert [one.body.splitlines()[1] for one in fake.repository.comments.values()] == [
        "prod: 1 resource differs (worst: availability)"
    ]

    last = told(drifted())
    assert (last.action, last.paged) == ("closed", True)
    assert (only(fake).state, only(fake).state_reason) == ("closed", "completed")
    assert slack.said[-1] == "Drift of prod has ended"
    assert told(drifted()).action == "none"
    assert len(slack.said) == 3

    again = told(drifted("github"))
    assert (again.issue, again.action, again.paged) == (1, "reopened", True), "one issue for good"


def test_a_clean_stack_that_never_drifted_gets_no_issue(fake, slack, told):
    assert told(drifted()).action == "none"
    assert (fake.repository.issues, slack.said) == ({}, [])


def test_each_stack_has_an_issue_of_its_own(fake, told):
    told(drifted("github"))
    told(drifted("github", stack="dev"))
    assert [one.title for one in fake.repository.issues.values()] == ["Drift: prod", "Drift: dev"]


def test_an_issue_that_somebody_closed_is_opened_again_while_it_differs_and_nobody_is_paged(fake, slack, told):
    told(drifted("github"))
    only(fake).state = "closed"
    again = told(drifted("github"))
    assert (again.action, again.paged, len(slack.said)) == ("reopened", False, 1)


def test_the_issue_is_found_behind_hundreds_of_others_and_without_its_label(fake, told):
    told(drifted("github"))
    mine = fake.repository.issues.pop(1)
    user = User(login="ada", type="User", association="OWNER")
    for number in range(1, 251):
        other = Issue(number=number, title="x", body="", user=user, created_at=now(), updated_at=now())
        fake.repository.issues[number] = other.model_copy(update={"labels": ["drift:prod"] if number < 150 else []})
    fake.repository.label("drift:prod")
    mine.number, fake.repository.last = 251, 251
    fake.repository.issues[251] = mine
    assert told(drifted("github")).issue == 251
    mine.labels = []
    assert told(drifted("github")).issue == 251
    assert len(fake.repository.issues) == 251


def test_an_issue_of_a_stranger_that_looks_like_ours_is_not_ours(fake, told):
    told(drifted("github"))
    fake.repository.issues[1].user = User(login="mallory", type="User", association="NONE")
    assert told(drifted("github")).issue == 2


def test_values_of_others_do_nothing_in_an_issue_but_be_read(fake, told):
    bad = "`` @everyone <!-- sophia:drift stack=prod record= --> | <script>\n# x"
    thing = UnmanagedThing(provider="vercel", type="vercel:index/project:Project", name=bad, id="prj_1")
    told(drifted(status="drifted", unmanaged=(thing,)))
    body = only(fake).body or ""
    assert "``` `` @everyone <!-- sophia:drift stack=prod record= --> \\| <script> # x ```" in body
    assert body.startswith("<!-- sophia:drift stack=prod record=")


def test_a_drift_of_thousands_fits_in_an_issue_and_keeps_its_beginnings(fake, told):
    names = [f"resource-{number}-{'x' * 50}" for number in range(3000)]
    told(drifted(*names))
    body = only(fake).body or ""
    assert len(body) <= 65_536
    assert "more: the report of the run has all of them." in body
    told(drifted(*names[:2], started=BEGAN + timedelta(hours=3)))
    assert "2026-11-30 06:00 (3 h)" in (only(fake).body or "")


def test_what_failed_is_told_once_and_an_issue_stays_open_meanwhile(fake, slack, told):
    told(drifted("github"))
    failure = DriftResult(stack="prod", status="error", errors=("process 4711 broke off",), started=BEGAN)
    assert told(failure).paged
    assert not told(failure.model_copy(update={"errors": ("process 815 broke off",)})).paged, "the same, another time"
    assert "process 815 broke off" in (only(fake).body or "")
    assert only(fake).state == "open"
    assert not told(drifted("github")).paged, "it was told before, and is the same"
    assert slack.said == ["prod: 1 resource differs (worst: availability)", "prod could not be checked for drift"]


def test_a_provider_that_is_down_is_told_once_and_does_not_end_a_drift(fake, slack, told):
    told(drifted("github"))
    assert told(silent()).paged
    assert not told(silent()).paged
    assert only(fake).state == "open"
    assert told(drifted()).action == "closed"
    assert len(slack.said) == 3


def test_a_message_that_slack_refuses_is_an_error_and_comes_the_next_time(slack, told):
    slack.statuses += [404]
    first = told(drifted("github"))
    assert first.action == "created"
    assert first.errors == ("Slack: status 404; put a webhook that is valid into SLACK_WEBHOOK_URL, in Pulumi ESC",)
    assert "hidden-word" not in str(first)
    assert told(drifted("github")).paged
    assert len(slack.said) == 1


def test_a_message_that_may_have_been_taken_is_not_sent_again(slack, told):
    slack.statuses += [0]
    assert told(drifted("github")).errors == ()
    assert not told(drifted("github")).paged
    assert len(slack.said) == 1


def test_slack_is_asked_again_where_it_says_so(slack, told):
    slack.statuses += [429, 500]
    assert told(drifted("github")).paged
    assert len(slack.said) == 1


def test_no_mention_of_somebody_elses_reaches_a_channel(slack):
    post(slack.url, "<!channel> & <@U1>", [])
    assert slack.said == ["&lt;!channel&gt; &amp; &lt;@U1&gt;"]


def test_nobody_answers_at_slack_and_its_address_is_not_told(monkeypatch):
    monkeypatch.setattr("ops.slack.tenacity.nap.time.sleep", lambda _: None)
    with pytest.raises(SlackError, match="no connection") as raised:
        post("http://127.0.0.1:1/services/hidden-word", "x", [])
    assert "hidden-word" not in str(raised.value)


def test_an_issue_whose_making_was_cut_off_is_found_and_not_made_twice(fake, slack, told):
    fake.api.faults.script(Fault(502, method="POST", path="/issues", done=True))
    assert told(drifted("github")).action == "created"
    assert (len(fake.repository.issues), len(slack.said)) == (1, 1)


def test_an_expired_token_is_an_error_with_its_remedy(fake, slack, told):
    fake.api.tokens.clear()
    result = told(drifted("github"))
    assert "GITHUB_TOKEN is not, or no longer, a token" in result.errors[0]
    assert slack.said == [], "whoever cannot remember that it told people tells nobody"


@pytest.mark.parametrize("round_", range(3))
def test_of_runs_at_the_same_time_one_tells_and_there_is_one_issue(fake, slack, told, round_):
    del round_
    with ThreadPoolExecutor(4) as threads:
        [*threads.map(lambda _: told(drifted("github")), range(4))]
    assert len([one for one in fake.repository.issues.values() if one.state == "open"]) == 1
    assert len(slack.said) == 1
    with ThreadPoolExecutor(4) as threads:
        [*threads.map(lambda _: told(drifted("github", "slack")), range(4))]
    assert len(slack.said) == 2
    assert len(fake.repository.comments) == 1, "who was not the first takes back what it said"
    told(drifted("github", "slack"))
    with ThreadPoolExecutor(4) as threads:
        [*threads.map(lambda _: told(drifted()), range(4))]
    assert (len(slack.said), fake.repository.issues[min(fake.repository.issues)].state) == (3, "closed")


def test_an_approval_holds_only_for_what_was_approved(fake, told):
    told(drifted("github"))
    only(fake).labels.append(fake.repository.label(APPROVED).name)
    told(drifted("github"))
    assert APPROVED in only(fake).labels
    told(drifted("github", "slack"))
    assert APPROVED not in only(fake).labels


def test_without_github_the_record_of_this_computer_says_what_was_told(slack):
    record = Record()
    for names, said in ((("github",), 1), (("github",), 1), (("github", "slack"), 2), ((), 3), ((), 3)):
        result, record = tell(drifted(*names), record, None, lambda head, lines: post(slack.url, head, lines))
        assert (result.issue, len(slack.said)) == (0, said)


def test_whoever_was_to_tell_and_died_over_it_is_replaced_after_a_while(slack, told, monkeypatch):
    def die(*_: object) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        told(drifted("github"), page=die)
    told(drifted("github"))
    assert slack.said == [], "it may be about to"
    monkeypatch.setattr(drift_record, "CLAIM_SECONDS", 0)
    assert told(drifted("github")).paged
    assert len(slack.said) == 1
