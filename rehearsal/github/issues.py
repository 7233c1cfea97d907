"""Issues, their labels and their comments (GitHub's REST API of 2022-11-28)."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, StringConstraints

from rehearsal.github.records import BODY, TITLE, Comment, Issue, Json, Label, Repository, User, now
from rehearsal.github.refusal import invalid, missing

State = Literal["open", "closed"]
Reason = Literal["completed", "not_planned", "duplicate", "reopened"]


class _Strict(BaseModel):
    """What a request says; what the API does not know is refused, where GitHub passes over it."""

    model_config = ConfigDict(extra="forbid")


class NewIssue(_Strict):
    """A new issue."""

    title: str
    body: str | None = None
    labels: list[str] = []


class ChangedIssue(_Strict):
    """What changes of an issue; what is absent stays."""

    title: str | None = None
    body: str | None = None
    state: State | None = None
    state_reason: Reason | None = None
    labels: list[str] | None = None


class Said(_Strict):
    """What a comment says."""

    body: Annotated[str, StringConstraints(min_length=1)]


class Labels(_Strict):
    """Labels by name."""

    labels: list[str]


class NewLabel(_Strict):
    """A new label."""

    name: Annotated[str, StringConstraints(min_length=1, max_length=50)]
    color: Annotated[str, StringConstraints(pattern=r"^[0-9a-fA-F]{6}$")] = "ededed"
    description: Annotated[str, StringConstraints(max_length=100)] | None = None


def listed(repository: Repository, query: Mapping[str, str]) -> Sequence[Issue]:
    """Return issues, pull requests among them, the newest first unless it is asked for otherwise."""
    state, labels = query.get("state", "open"), [one for one in query.get("labels", "").split(",") if one]
    if state not in {"open", "closed", "all"}:
        invalid("Issue", "state", "invalid")
    if query.get("sort", "created") != "created":
        invalid("Search", "sort", "invalid")
    found = [one for one in repository.issues.values() if state in {"all", one.state}]
    wanted = {one.lower() for one in labels}
    found = [one for one in found if wanted <= {name.lower() for name in one.labels}]
    return sorted(found, key=lambda one: one.number, reverse=query.get("direction", "desc") == "desc")


def find(repository: Repository, number: int) -> Issue:
    """Return an issue."""
    if number not in repository.issues:
        missing()
    return repository.issues[number]


def create(repository: Repository, said: NewIssue, by: User) -> Issue:
    """Make an issue."""
    _judge("Issue", said.title, said.body)
    repository.last += 1
    issue = Issue(number=repository.last, title=said.title, body=said.body, user=by, created_at=now(), updated_at=now())
    issue.labels = _labels(repository, said.labels)
    repository.issues[issue.number] = issue
    return issue


def change(repository: Repository, number: int, said: ChangedIssue) -> Issue:
    """Change an issue."""
    issue = find(repository, number)
    _judge("Issue", issue.title if said.title is None else said.title, said.body)
    given = said.model_dump(exclude_unset=True)
    for name in ("title", "body"):
        if name in given:
            setattr(issue, name, given[name])
    if said.state and said.state != issue.state:
        issue.state_reason = said.state_reason or ("completed" if said.state == "closed" else "reopened")
        issue.state = said.state
    if said.labels is not None:
        issue.labels = _labels(repository, said.labels)
    issue.updated_at = now()
    return issue


def label(repository: Repository, number: int, names: Sequence[str]) -> list[Json]:
    """Add labels to an issue, and return all that it has."""
    issue = find(repository, number)
    issue.labels = _labels(repository, [*issue.labels, *names])
    return [repository.label(name).model_dump() for name in issue.labels]


def unlabel(repository: Repository, number: int, name: str) -> list[Json]:
    """Take a label from an issue, and return all that it has left."""
    issue = find(repository, number)
    left = [one for one in issue.labels if one.lower() != name.lower()]
    if len(left) == len(issue.labels):
        missing()
    issue.labels = left
    return [repository.label(one).model_dump() for one in left]


def add_label(repository: Repository, said: NewLabel) -> Json:
    """Make a label."""
    if said.name.lower() in repository.labels:
        invalid("Label", "name", "already_exists")
    made = Label(name=said.name, color=said.color, description=said.description)
    repository.labels[said.name.lower()] = made
    return made.model_dump()


def comments(repository: Repository, number: int) -> list[Comment]:
    """Return the comments of an issue, the oldest first."""
    find(repository, number)
    return [one for one in repository.comments.values() if one.issue == number]


def comment(repository: Repository, number: int, said: Said, by: User) -> Comment:
    """Comment on an issue."""
    find(repository, number)
    _judge("IssueComment", "a comment", said.body)
    repository.last_comment += 1
    made = Comment(id=repository.last_comment, issue=number, body=said.body, user=by, created_at=now())
    repository.comments[made.id] = made
    return made


def change_comment(repository: Repository, key: int, said: Said) -> Comment:
    """Change what a comment says."""
    _judge("IssueComment", "a comment", said.body)
    if key not in repository.comments:
        missing()
    repository.comments[key].body = said.body
    return repository.comments[key]


def remove_comment(repository: Repository, key: int) -> None:
    """Remove a comment."""
    if repository.comments.pop(key, None) is None:
        missing()


def _labels(repository: Repository, names: Sequence[str]) -> list[str]:
    return [*dict.fromkeys(repository.label(name).name for name in names)]


def _judge(resource: str, title: str, body: str | None) -> None:
    if not title.strip():
        invalid(resource, "title", "missing_field")
    if len(title) > TITLE:
        invalid(resource, "title", "custom", f"title is too long (maximum is {TITLE} characters)")
    if body is not None and len(body) > BODY:
        invalid(resource, "body", "custom", f"body is too long (maximum is {BODY} characters)")
