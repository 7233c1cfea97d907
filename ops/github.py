"""GitHub's REST API, as far as people are told there: one repository, one token, patient with limits.

Source: docs.github.com/rest, version 2022-11-28; its limits by "Best practices for using the REST API".
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote, urlsplit

import httpx
import tenacity
from typing_extensions import override

from ops.endpoint import require_secure

Json = dict[str, Any]

BODY: Final = 65_536
"""Characters that the body of an issue may have."""

NEEDED: Final = ("GITHUB_TOKEN", "GITHUB_REPOSITORY")
"""Variables that a job of a workflow has."""

_API: Final = "https://api.github.com"
_VERSION: Final = "2022-11-28"
_SECONDS: Final = 20.0
_PATIENCE: Final = 120.0
"""Seconds in which a request is sent again; who is to wait for longer is told so."""
_FORBIDDEN, _TOO_MANY, _SERVERS = 403, 429, 500
_UNSENT: Final = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)
_SAFE: Final = frozenset({"GET", "PATCH", "DELETE"})
"""What may be carried out twice."""
_REMEDIES: Final[Mapping[int, str]] = {
    401: "GITHUB_TOKEN is not, or no longer, a token: in a workflow, pass `github.token`",
    _FORBIDDEN: "give the job what it needs: `permissions` with `issues`, or `pull-requests` and `checks`, `: write`",
    404: "see that GITHUB_REPOSITORY is owner/name, has issues, and that the token may see it",
    410: "issues are disabled in this repository, or that one was deleted",
    422: "this is a fault of ours: report it with this message",
}
_AGAIN: Final = "see githubstatus.com, and run this again: what was told is not told twice"


class GitHubError(RuntimeError):
    """It refuses, or does not answer; the message says what to do and shows no token.

    Args:
        message: the message.
        status: what it answered; 0 where it did not.
        unknown: whether what was asked for may have happened all the same.
    """

    def __init__(self, message: str, status: int = 0, *, unknown: bool = False) -> None:
        super().__init__(message)
        self.status, self.unknown = status, unknown


class _PassingError(Exception):
    """Worth another attempt.

    Args:
        error: what is raised where there is none.
        wait: seconds that the API asks for; None for as long as one likes.
    """

    def __init__(self, error: GitHubError, wait: float | None = None) -> None:
        super().__init__(str(error))
        self.error, self.wait = error, wait


@dataclass(frozen=True, slots=True)
class Issue:
    """An issue, as far as it is read."""

    number: int
    """Its number."""
    title: str
    """Its title."""
    body: str
    """Its body."""
    open: bool
    """Whether it is open."""
    labels: frozenset[str]
    """Names of its labels."""
    url: str
    """Where people read it."""
    trusted: bool
    """Whether somebody wrote it who may write to the repository, or a program of it."""


@dataclass(frozen=True, slots=True)
class Comment:
    """A comment, as far as it is read."""

    id: int
    """Its id; they are given in order."""
    body: str
    """What it says."""
    created: str
    """When it was made, as the API writes it."""
    trusted: bool
    """Whether somebody wrote it who may write to the repository, or a program of it."""


@dataclass(frozen=True, slots=True)
class Check:
    """A check run, as far as it is read."""

    id: int
    """Its id."""
    url: str
    """Where people read it."""


@dataclass(frozen=True, slots=True)
class Approval:
    """What somebody said of a run that waited for it."""

    login: str
    """Who."""
    approved: bool
    """Whether it may go on."""
    environments: frozenset[str]
    """Names of the environments that this was about."""


class GitHub:
    """One repository.

    Args:
        url: where the API is.
        repository: owner and name.
        token: sent as a bearer token, and nowhere else.
        sleep: waits.
    """

    def __init__(self, url: str, repository: str, token: str, sleep: Callable[[float], None] = time.sleep) -> None:
        self.repository, self._sleep = repository, sleep
        self._host = urlsplit(url).netloc
        headers = {
            "Accept": "application/vnd.github+json",
            "Authorization": f"Bearer {token}",
            "User-Agent": "sophia",
            "X-GitHub-Api-Version": _VERSION,
        }
        self._http = httpx.Client(base_url=f"{url.rstrip('/')}/repos/{repository}", headers=headers, timeout=_SECONDS)

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def issues(self, **query: str) -> Iterator[Issue]:
        """Yield issues, page by page, without the pull requests that the API lists among them."""
        for page in self._pages("/issues", query):
            yield from (_issue(one) for one in page if "pull_request" not in one)

    def create(self, title: str, body: str, labels: Sequence[str]) -> Issue:
        """Make an issue.

        Raises:
            GitHubError: it may be there all the same where ``unknown`` is set.
        """
        return _issue(self._sent("POST", "/issues", {"title": title, "body": body, "labels": [*labels]}).json())

    def issue(self, number: int) -> Issue:
        """Return an issue."""
        return _issue(self._sent("GET", f"/issues/{number}").json())

    def change(self, number: int, **what: Any) -> Issue:
        """Change an issue."""
        return _issue(self._sent("PATCH", f"/issues/{number}", what).json())

    def unlabel(self, number: int, label: str) -> None:
        """Take a label from an issue; one that it has not is taken already."""
        self._deleted(f"/issues/{number}/labels/{quote(label, safe='')}")

    def comment(self, number: int, body: str) -> Comment:
        """Comment on an issue."""
        return _comment(self._sent("POST", f"/issues/{number}/comments", {"body": body}).json())

    def comments(self, number: int) -> Iterator[Comment]:
        """Yield the comments of an issue, the oldest first."""
        for page in self._pages(f"/issues/{number}/comments", {}):
            yield from map(_comment, page)

    def uncomment(self, comment: int) -> None:
        """Remove a comment; one that is gone is removed."""
        self._deleted(f"/issues/comments/{comment}")

    def _deleted(self, path: str) -> None:
        try:
            self._sent("DELETE", path)
        except GitHubError as error:
            if error.status != 404:  # noqa: PLR2004 - what is not there
                raise

    def change_comment(self, comment: int, body: str) -> Comment:
        """Change what a comment says."""
        return _comment(self._sent("PATCH", f"/issues/comments/{comment}", {"body": body}).json())

    def create_check(self, commit: str, name: str, **what: Any) -> Check:
        """Make a check run on a commit."""
        return _check(self._sent("POST", "/check-runs", {"name": name, "head_sha": commit, **what}).json())

    def change_check(self, check: int, **what: Any) -> Check:
        """Change a check run; annotations are added to those that it has."""
        return _check(self._sent("PATCH", f"/check-runs/{check}", what).json())

    def approvals(self, run: str) -> Sequence[Approval]:
        """Return what people said of a run of a workflow that waited for them.

        Args:
            run: the id of the run.
        """
        return [_approval(one) for one in self._sent("GET", f"/actions/runs/{quote(run, safe='')}/approvals").json()]

    def _pages(self, path: str, query: Mapping[str, str]) -> Iterator[list[Json]]:
        answer = self._sent("GET", path, query={**query, "per_page": "100"})
        while True:
            yield answer.json()
            following = answer.links.get("next", {}).get("url", "")
            if not following:
                return
            # Whoever answers must not lead the token elsewhere.
            if urlsplit(following).netloc != self._host:
                msg = f"GitHub: the next page of {path} is at another host; see that GITHUB_API_URL is right"
                raise GitHubError(msg)
            answer = self._sent("GET", following)

    def _sent(
        self, method: str, path: str, body: Json | None = None, query: Mapping[str, str] | None = None
    ) -> httpx.Response:
        begun = time.monotonic()

        def over(state: tenacity.RetryCallState) -> bool:
            waited = max(time.monotonic() - begun, state.idle_for)
            return waited + state.upcoming_sleep > _PATIENCE

        retrying = tenacity.Retrying(
            retry=tenacity.retry_if_exception_type(_PassingError),
            wait=_Pause(),
            stop=over,
            sleep=self._sleep,
            reraise=True,
        )
        try:
            return retrying(self._once, method, path, body, query)
        except _PassingError as error:
            raise error.error from None

    def _once(self, method: str, path: str, body: Json | None, query: Mapping[str, str] | None) -> httpx.Response:
        asked = f"{method} {urlsplit(path).path.rpartition(self.repository)[2] or path}"
        try:
            answer = self._http.request(method, path, json=body, params=query)
        except httpx.HTTPError as error:
            sent = not isinstance(error, _UNSENT)
            said = GitHubError(f"GitHub: no answer to {asked} ({type(error).__name__}); {_AGAIN}", unknown=sent)
            raise (_PassingError(said) if method in _SAFE or not sent else said) from None
        if answer.is_success:
            return answer
        raise _refused(asked, method, answer)


def address(environment: Mapping[str, str]) -> str:
    """Return where the API is: of GitHub, or of the server that runs a workflow.

    Args:
        environment: the environment.

    Raises:
        InputError: it would be spoken to in the clear.
    """
    return require_secure(environment.get("GITHUB_API_URL") or _API, "GITHUB_API_URL")


def page(environment: Mapping[str, str], kind: str, name: str) -> str:
    """Return where people read of something of the repository that a workflow runs for; empty outside of one.

    Args:
        environment: the variables of a job.
        kind: what it is, as a part of the address.
        name: the variable that says which, without `GITHUB_`.
    """
    server, repository, which = (environment.get(f"GITHUB_{one}", "") for one in ("SERVER_URL", "REPOSITORY", name))
    return f"{server}/{repository}/{kind}/{which}" if server and repository and which else ""


@contextmanager
def opened(environment: Mapping[str, str]) -> Iterator[GitHub]:
    """Give the repository that a workflow runs for.

    Args:
        environment: the environment, with what is needed.

    Raises:
        InputError: as `address` does.
    """
    token, repository = (environment[name] for name in NEEDED)
    hub = GitHub(address(environment), repository, token)
    try:
        yield hub
    finally:
        hub.close()


class _Pause(tenacity.wait.wait_base):
    """What the API asks for, and otherwise a growing time with some chance."""

    _otherwise = tenacity.wait_exponential_jitter(multiplier=0.5, max=20.0)

    @override
    def __call__(self, retry_state: tenacity.RetryCallState) -> float:
        error = retry_state.outcome.exception() if retry_state.outcome else None
        asked = error.wait if isinstance(error, _PassingError) else None
        return asked if asked is not None else float(self._otherwise(retry_state))


def _refused(asked: str, method: str, answer: httpx.Response) -> Exception:
    status = answer.status_code
    wait = _asked_to_wait(answer) if status in {_FORBIDDEN, _TOO_MANY} else None
    if wait is not None or status == _TOO_MANY:
        told = f" for {wait:.0f} s" if wait else ""
        msg = f"GitHub: {asked}: too many requests, and it asks to wait{told}; run this again after that"
        return _PassingError(GitHubError(msg, status), wait)
    remedy = _REMEDIES.get(status, _AGAIN)
    error = GitHubError(f"GitHub: {asked}: {status}: {_message(answer)}; {remedy}", status, unknown=status >= _SERVERS)
    return _PassingError(error) if status >= _SERVERS and method in _SAFE else error


def _asked_to_wait(answer: httpx.Response) -> float | None:
    """Return how long the API asks to wait; None where a refusal is about no limit."""
    after = answer.headers.get("retry-after", "")
    if after.replace(".", "", 1).isdecimal():
        return float(after)
    reset = answer.headers.get("x-ratelimit-reset", "")
    if answer.headers.get("x-ratelimit-remaining") == "0" and reset.isdecimal():
        return max(0.0, float(reset) - time.time()) + 1.0
    return None


def _message(answer: httpx.Response) -> str:
    try:
        document = answer.json()
        wrong = [str(one.get("message") or one.get("code")) for one in document.get("errors") or ()]
        return ": ".join([str(document["message"]), *wrong])
    except (ValueError, KeyError, TypeError, AttributeError):
        return "no message"


def _trusted(document: Json) -> bool:
    """Return whether somebody wrote it who may write to the repository: anyone else may imitate what we look for."""
    return document.get("author_association") in {"OWNER", "MEMBER", "COLLABORATOR"} or (
        (document.get("user") or {}).get("type") == "Bot"
    )


def _approval(document: Json) -> Approval:
    names = frozenset(str(one["name"]) for one in document["environments"])
    return Approval(str(document["user"]["login"]), document["state"] == "approved", names)


def _issue(document: Json) -> Issue:
    return Issue(
        number=int(document["number"]),
        title=str(document["title"]),
        body=str(document.get("body") or ""),
        open=document["state"] == "open",
        labels=frozenset(str(one["name"]) for one in document.get("labels") or ()),
        url=str(document["html_url"]),
        trusted=_trusted(document),
    )


def _check(document: Json) -> Check:
    return Check(int(document["id"]), str(document.get("html_url") or ""))


def _comment(document: Json) -> Comment:
    return Comment(
        int(document["id"]), str(document.get("body") or ""), str(document["created_at"]), _trusted(document)
    )
