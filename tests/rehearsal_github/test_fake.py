"""The fake of GitHub refuses, pages and numbers as GitHub does."""

import httpx
import pytest

from rehearsal.github import Fault, GitHub, Issue, User, serve
from rehearsal.github.records import now


@pytest.fixture
def github():
    with serve() as fake:
        yield fake


@pytest.fixture
def client(github: GitHub):
    headers = {"Authorization": f"Bearer {github.token}", "User-Agent": "test"}
    with httpx.Client(base_url=f"{github.url}/repos/{github.repository.name}", headers=headers) as made:
        yield made


def test_an_issue_is_made_changed_closed_and_opened_again(client):
    made = client.post("/issues", json={"title": "A", "body": "b", "labels": ["drift", "Drift"]})
    assert made.status_code == 201
    assert (made.json()["number"], made.json()["state"]) == (1, "open")
    assert [one["name"] for one in made.json()["labels"]] == ["drift"], "case is not told apart"
    closed = client.patch("/issues/1", json={"state": "closed"}).json()
    assert (closed["state"], closed["state_reason"], closed["body"]) == ("closed", "completed", "b")
    assert client.patch("/issues/1", json={"state": "open"}).json()["state_reason"] == "reopened"


def test_lists_are_paged_by_a_hundred_at_most_and_pull_requests_stand_among_issues(github, client):
    user = User(login="ada", type="User", association="OWNER")
    for number in range(1, 206):
        issue = Issue(number=number, title=f"{number}", body=None, user=user, created_at=now(), updated_at=now())
        issue.pull_request = number == 205
        github.repository.issues[number] = issue
    first = client.get("/issues", params={"per_page": "500", "state": "all"})
    assert len(first.json()) == 100
    assert "pull_request" in first.json()[0], "the newest first"
    assert set(first.links) == {"next", "last"}
    second = client.get(first.links["next"]["url"])
    assert set(second.links) == {"first", "prev", "next", "last"}
    last = client.get(second.links["next"]["url"])
    assert [one["number"] for one in last.json()] == [5, 4, 3, 2, 1]
    assert client.get("/issues", params={"labels": "drift"}).json() == []
    assert client.get("/issues", params={"direction": "asc", "per_page": "1"}).json()[0]["number"] == 1


REFUSED = [
    pytest.param("POST", "/issues", {"title": " "}, 422, id="no title"),
    pytest.param("POST", "/issues", {"title": "a", "body": "x" * 65_537}, 422, id="too long a body"),
    pytest.param("POST", "/issues", {"title": "a" * 257}, 422, id="too long a title"),
    pytest.param("POST", "/issues", {"title": "a", "colour": "red"}, 422, id="an unknown field"),
    pytest.param("PATCH", "/issues/7", {"state": "closed"}, 404, id="no such issue"),
    pytest.param("DELETE", "/issues/comments/7", None, 404, id="no such comment"),
    pytest.param("GET", "/issues/x", None, 404, id="no number"),
    pytest.param("GET", "/actions/runs", None, 404, id="no such route"),
]


@pytest.mark.parametrize(("method", "path", "body", "status"), REFUSED)
def test_what_github_refuses_is_refused(client, method, path, body, status):
    assert client.request(method, path, json=body).status_code == status


def test_a_body_of_the_longest_length_is_taken(client):
    assert client.post("/issues", json={"title": "a", "body": "x" * 65_536}).status_code == 201


def test_whoever_is_not_known_is_not_let_in(github):
    url = f"{github.url}/repos/{github.repository.name}/issues"
    assert httpx.get(url).json()["message"] == "Requires authentication"
    wrong = httpx.get(url, headers={"Authorization": "Bearer other"})
    assert (wrong.status_code, wrong.json()["message"]) == (401, "Bad credentials")
    right = {"Authorization": f"token {github.token}"}
    assert httpx.get(url, headers=right).status_code == 200
    assert httpx.get(url.replace("sophia-main", "other"), headers=right).status_code == 404
    assert httpx.get(url, headers={**right, "User-Agent": ""}).status_code == 403


def test_comments_are_in_the_order_in_which_they_were_made(client):
    client.post("/issues", json={"title": "A"})
    ids = [client.post("/issues/1/comments", json={"body": text}).json()["id"] for text in "abc"]
    assert ids == sorted(ids)
    client.patch(f"/issues/comments/{ids[1]}", json={"body": "z"})
    client.delete(f"/issues/comments/{ids[0]}")
    assert [one["body"] for one in client.get("/issues/1/comments").json()] == ["z", "c"]
    assert client.get("/issues/1").json()["comments"] == 2


def test_labels_come_and_go(client):
    client.post("/issues", json={"title": "A"})
    assert client.post("/labels", json={"name": "bug", "color": "ff0000"}).status_code == 201
    assert client.post("/labels", json={"name": "Bug"}).json()["errors"][0]["code"] == "already_exists"
    assert [one["name"] for one in client.post("/issues/1/labels", json={"labels": ["bug", "new"]}).json()] == [
        "bug",
        "new",
    ]
    assert [one["name"] for one in client.delete("/issues/1/labels/bug").json()] == ["new"]
    assert client.delete("/issues/1/labels/bug").status_code == 404
    assert {one["name"] for one in client.get("/labels").json()} == {"bug", "new"}


def test_every_answer_tells_of_the_limit_and_faults_come_as_scripted(github, client):
    github.api.faults.script(
        Fault(403, retry_after=7, method="GET"),
        Fault(429, exhausted=60),
        Fault(502, method="POST", done=True),
        Fault(0),
    )
    limited = client.get("/issues")
    assert (limited.status_code, limited.headers["retry-after"]) == (403, "7")
    used_up = client.get("/issues")
    assert (used_up.status_code, used_up.headers["x-ratelimit-remaining"]) == (429, "0")
    assert client.post("/issues", json={"title": "A"}).status_code == 502
    with pytest.raises(httpx.HTTPError):
        client.get("/issues")
    found = client.get("/issues")
    assert [one["title"] for one in found.json()] == ["A"], "it had taken effect all the same"
    assert int(found.headers["x-ratelimit-remaining"]) > 4000


@pytest.mark.parametrize(
    ("permissions", "issues", "comment", "check"),
    [
        ({}, 403, 403, 403),
        ({"contents": "write"}, 403, 403, 403),
        ({"issues": "read"}, 200, 403, 403),
        ({"pull-requests": "write"}, 200, 201, 403),
        ({"checks": "write"}, 403, 403, 201),
    ],
)
def test_a_token_of_a_job_may_do_what_the_job_says(github, permissions, issues, comment, check):
    user = User(login="ada", type="User", association="OWNER")
    github.repository.issues[1] = Issue(number=1, title="a", body=None, user=user, created_at=now(), updated_at=now())
    headers = {"Authorization": f"Bearer {github.grant(permissions)}", "User-Agent": "test"}
    with httpx.Client(base_url=f"{github.url}/repos/{github.repository.name}", headers=headers) as client:
        run = {"name": "one", "head_sha": "a" * 40}
        assert client.get("/issues").status_code == issues
        assert client.post("/issues/1/comments", json={"body": "b"}).status_code == comment
        assert client.post("/check-runs", json=run).status_code == check
