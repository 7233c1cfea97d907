"""What a repository has."""

from datetime import UTC, datetime
from typing import Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

Json = dict[str, Any]
"""An object of JSON."""

BODY: Final = 65_536
"""Characters that the body of an issue or a comment may have."""
TITLE: Final = 256
"""Characters that a title may have."""
UNLABELLED: Final = "ededed"
"""The colour of a label that nobody made before it was used."""


class User(BaseModel):
    """Who did something."""

    login: str
    """The name."""
    type: str = "Bot"
    """``Bot`` or ``User``."""
    association: str = "NONE"
    """How the repository knows them; of a bot, not at all."""

    def shown(self) -> Json:
        """Return it as the API does."""
        return {"login": self.login, "type": self.type}


class Label(BaseModel):
    """A label of the repository."""

    name: str
    color: str = UNLABELLED
    description: str | None = None


class Comment(BaseModel):
    """A comment on an issue."""

    id: int
    issue: int
    body: str
    user: User
    created_at: datetime

    def shown(self) -> Json:
        """Return it as the API does."""
        return {
            "id": self.id,
            "body": self.body,
            "user": self.user.shown(),
            "author_association": self.user.association,
            "created_at": moment(self.created_at),
        }


class CheckRun(BaseModel):
    """A check run on a commit."""

    id: int
    name: str
    head_sha: str
    status: str = "queued"
    conclusion: str | None = None
    output: Json = Field(default_factory=dict)
    annotations: list[Json] = Field(default_factory=list)

    def shown(self, url: str) -> Json:
        """Return it as the API does."""
        output = {**self.output, "annotations_count": len(self.annotations)}
        document = self.model_dump(include={"id", "name", "head_sha", "status", "conclusion"})
        return {**document, "output": output, "html_url": f"{url}/runs/{self.id}"}


class Issue(BaseModel):
    """An issue, or a pull request, which the API lists among them."""

    number: int
    title: str
    body: str | None
    user: User
    created_at: datetime
    updated_at: datetime
    state: str = "open"
    state_reason: str | None = None
    labels: list[str] = Field(default_factory=list)
    pull_request: bool = False


class Approval(BaseModel):
    """What somebody said of a run that waited for it."""

    environment: str
    user: User
    state: Literal["approved", "rejected"] = "approved"

    def shown(self) -> Json:
        """Return it as the API does."""
        names = [{"id": 1, "name": self.environment}]
        return {"state": self.state, "comment": "", "environments": names, "user": self.user.shown()}


class Repository(BaseModel):
    """A repository."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    name: str
    """Owner and name."""
    issues: dict[int, Issue] = Field(default_factory=dict)
    """By number."""
    comments: dict[int, Comment] = Field(default_factory=dict)
    """By id."""
    labels: dict[str, Label] = Field(default_factory=dict)
    """By name in lower case: GitHub tells no case apart."""
    checks: dict[int, CheckRun] = Field(default_factory=dict)
    """By id."""
    approvals: dict[str, list[Approval]] = Field(default_factory=dict)
    """What people said of runs, by a run's id."""
    last: int = 0
    """The number that was given last."""
    last_check: int = 5000
    """The id that was given last."""
    last_comment: int = 1000
    """The id that was given last."""

    def shown(self, issue: Issue, url: str) -> Json:
        """Return an issue as the API does."""
        document = {
            "number": issue.number,
            "title": issue.title,
            "body": issue.body,
            "state": issue.state,
            "state_reason": issue.state_reason,
            "user": issue.user.shown(),
            "author_association": issue.user.association,
            "labels": [self.labels[name.lower()].model_dump() for name in issue.labels],
            "comments": sum(one.issue == issue.number for one in self.comments.values()),
            "html_url": f"{url}/{self.name}/issues/{issue.number}",
            "created_at": moment(issue.created_at),
            "updated_at": moment(issue.updated_at),
        }
        return document | ({"pull_request": {"url": f"{url}/pulls/{issue.number}"}} if issue.pull_request else {})

    def label(self, name: str) -> Label:
        """Return a label; one that is used before it was made is made."""
        return self.labels.setdefault(name.lower(), Label(name=name))


def now() -> datetime:
    """Return this moment."""
    return datetime.now(UTC)


def moment(at: datetime) -> str:
    """Return a moment as the API does."""
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")
