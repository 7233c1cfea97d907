"""The client of GitHub against the fake, over real HTTP: pages, patience, and what is told of a refusal."""

import httpx
import pytest

from ops.github import GitHub, GitHubError
from rehearsal.github import Fault, Issue, User, serve
from rehearsal.github.records import now


@pytest.fixture
def fake():
    with serve() as served:
        yield served


@pytest.fixture
def slept() -> list[float]:
    return []


@pytest.fixture
def hub(fake, slept):
    made = GitHub(fake.url, fake.repository.name, fake.token, slept.append)
    yield made
    made.close()


def filled(fake, count: int, **update: object) -> None:
    user = User(login="ada", type="User", association="OWNER")
    for number in range(1, count + 1):
        made = Issue(number=number, title=f"{number}", body="", user=user, created_at=now(), updated_at=now())
        fake.repository.issues[number] = made.model_copy(update=update)
    fake.repository.last = count


def test_every_page_is_read_and_pull_requests_are_left_out(fake, hub):
    filled(fake, 250)
    fake.repository.issues[3].pull_request = True
    found = [one.number for one in hub.issues(state="all", direction="asc")]
    assert found == [number for number in range(1, 251) if number != 3]
    assert len([one for one in fake.api.log if one.startswith("GET")]) == 3


def test_an_asked_for_pause_is_kept_to_the_second(fake, hub, slept):
    fake.api.faults.script(Fault(403, retry_after=7), Fault(429, retry_after=3, method="POST"))
    assert [*hub.issues()] == []
    hub.create("A", "b", ("drift",))
    assert slept == [7.0, 3.0]
    assert len(fake.repository.issues) == 1


def test_a_used_up_hour_that_is_over_soon_is_waited_for(fake, hub, slept):
    fake.api.faults.script(Fault(403, exhausted=20))
    assert [*hub.issues()] == []
    assert 19 < slept[0] < 23


def test_who_is_to_wait_for_longer_than_anybody_waits_is_told_so_at_once(fake, hub, slept):
    fake.api.faults.script(Fault(429, exhausted=3000, times=9))
    with pytest.raises(GitHubError, match=r"too many requests, and it asks to wait for (2999|300\d) s"):
        [*hub.issues()]
    assert slept == []


def test_what_fails_for_a_moment_is_asked_again_where_that_does_no_harm(fake, hub, slept):
    filled(fake, 1)
    fake.api.faults.script(Fault(502), Fault(0), Fault(503, method="PATCH"))
    assert len([*hub.issues()]) == 1
    hub.change(1, state="closed")
    assert len(slept) == 3
    assert fake.repository.issues[1].state == "closed"


def test_what_may_have_been_made_is_never_made_again(fake, hub, slept):
    fake.api.faults.script(Fault(502, method="POST", done=True))
    with pytest.raises(GitHubError) as raised:
        hub.create("A", "b", ())
    assert raised.value.unknown
    assert (len(fake.repository.issues), slept) == (1, [])


REFUSALS = [
    pytest.param(401, "GITHUB_TOKEN is not, or no longer, a token", id="expired"),
    pytest.param(403, "`permissions` with `issues`", id="not allowed"),
    pytest.param(404, "see that GITHUB_REPOSITORY is owner/name", id="no such repository"),
    pytest.param(410, "issues are disabled", id="no issues"),
]


@pytest.mark.parametrize(("status", "remedy"), REFUSALS)
def test_a_refusal_says_what_to_do_and_shows_no_token(fake, hub, slept, status, remedy):
    fake.api.faults.script(Fault(status))
    with pytest.raises(GitHubError, match=remedy) as raised:
        [*hub.issues()]
    assert fake.token not in str(raised.value)
    assert "GET /issues" in str(raised.value)
    assert slept == []


def test_a_server_that_fails_for_good_is_given_up(fake, hub, slept):
    fake.api.faults.script(Fault(500, times=99))
    with pytest.raises(GitHubError, match=r"githubstatus\.com"):
        [*hub.issues()]
    assert sum(slept) < 121, "every pause of its own, and not real ones here"


def test_nobody_answers(slept):
    hub = GitHub("http://127.0.0.1:1", "a/b", "secret-word", slept.append)
    with pytest.raises(GitHubError, match=r"no answer to GET /issues \(ConnectError\)") as raised:
        [*hub.issues()]
    hub.close()
    assert "secret-word" not in str(raised.value)


def test_the_token_is_not_led_elsewhere(fake):
    hub = GitHub(fake.url, fake.repository.name, fake.token)
    link = {"Link": '<https://elsewhere.example/issues?page=2>; rel="next"'}
    hub._http = httpx.Client(  # noqa: SLF001 - whoever answers in GitHub's place
        base_url=fake.url, transport=httpx.MockTransport(lambda _: httpx.Response(200, json=[], headers=link))
    )
    with pytest.raises(GitHubError, match="at another host"):
        [*hub.issues()]
    hub.close()


def test_what_is_gone_already_may_be_removed(fake, hub):
    filled(fake, 1)
    hub.unlabel(1, "drift-approved")
    hub.uncomment(7)


def test_the_words_of_a_refusal_are_passed_on(hub):
    with pytest.raises(GitHubError, match=r"422: Validation Failed: body is too long \(maximum is 65536 characters\)"):
        hub.create("A", "x" * 65_537, ())
