"""Check runs and their annotations (GitHub's REST API of 2022-11-28)."""

from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from rehearsal.github.records import CheckRun, Json, Repository
from rehearsal.github.refusal import missing

Conclusion = Literal[
    "action_required", "cancelled", "failure", "neutral", "success", "skipped", "stale", "timed_out", "startup_failure"
]


class _Strict(BaseModel):
    """What a request says; what the API does not know is refused, where GitHub passes over it."""

    model_config = ConfigDict(extra="forbid")


class Annotation(_Strict):
    """What is shown beside a line."""

    path: Annotated[str, StringConstraints(min_length=1, pattern=r"^[^/]")]
    start_line: Annotated[int, Field(ge=0)]
    end_line: Annotated[int, Field(ge=0)]
    annotation_level: Literal["notice", "warning", "failure"]
    message: Annotated[str, StringConstraints(min_length=1, max_length=65_536)]
    title: Annotated[str, StringConstraints(max_length=255)] | None = None


class Output(_Strict):
    """What a check run shows."""

    title: str
    summary: Annotated[str, StringConstraints(max_length=65_535)]
    annotations: Annotated[list[Annotation], Field(max_length=50)] = []


class _Ended(_Strict):
    """How a check run stands; one that has ended says how."""

    status: Literal["queued", "in_progress", "completed"] | None = None
    conclusion: Conclusion | None = None
    completed_at: str | None = None
    output: Output | None = None

    @model_validator(mode="after")
    def _concluded(self) -> Self:
        if self.status == "completed" and self.conclusion is None:
            msg = "conclusion is required where status is completed"
            raise ValueError(msg)
        return self


class NewCheck(_Ended):
    """A new check run."""

    name: Annotated[str, StringConstraints(min_length=1)]
    head_sha: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{40}$")]


class ChangedCheck(_Ended):
    """What changes of a check run; what is absent stays."""


def create(repository: Repository, said: NewCheck) -> CheckRun:
    """Make a check run."""
    repository.last_check += 1
    made = CheckRun(id=repository.last_check, name=said.name, head_sha=said.head_sha)
    repository.checks[made.id] = made
    return _said(made, said)


def change(repository: Repository, key: int, said: ChangedCheck) -> CheckRun:
    """Change a check run; annotations are added to those that it has."""
    if key not in repository.checks:
        missing()
    return _said(repository.checks[key], said)


def _said(check: CheckRun, said: _Ended) -> CheckRun:
    check.status = said.status or check.status
    check.conclusion = said.conclusion or check.conclusion
    if said.output:
        output: Json = said.output.model_dump(exclude={"annotations"})
        check.output = output
        check.annotations += [one.model_dump() for one in said.output.annotations]
    return check
