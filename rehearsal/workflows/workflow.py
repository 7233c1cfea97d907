"""What a workflow may say here, strictly: a construct that nobody evaluates is refused, with where it stands.

Source: docs.github.com, "Workflow syntax for GitHub Actions", of 2026-11.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

Scalar = str | int | float | bool | None
"""What YAML gives for a value that is no list and no mapping."""

Grant = Literal["read", "write", "none"]
"""What a token may do with one kind of thing."""


class WorkflowError(RuntimeError):
    """A workflow cannot be run here; the message says where, why and what to do."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class Step(_Strict):
    """One step of a job."""

    name: str = ""
    id: str = ""
    if_: Annotated[str | bool | None, Field(alias="if")] = None
    uses: str = ""
    with_: Annotated[Mapping[str, Scalar], Field(alias="with")] = {}
    run: str = ""
    env: Mapping[str, Scalar] = {}
    continue_on_error: Annotated[bool, Field(alias="continue-on-error")] = False

    @model_validator(mode="after")
    def _one_thing(self) -> Self:
        if bool(self.uses) == bool(self.run):
            msg = "a step either runs something or uses an action"
            raise ValueError(msg)
        return self

    @property
    def title(self) -> str:
        """What it is called."""
        return self.name or self.uses or self.run.strip().splitlines()[0]


class Concurrency(_Strict):
    """What does not run at the same time."""

    group: str
    cancel_in_progress: Annotated[str | bool, Field(alias="cancel-in-progress")] = False


class Strategy(_Strict):
    """The same job for several values."""

    matrix: Mapping[str, Sequence[Scalar]]
    fail_fast: Annotated[bool, Field(alias="fail-fast")] = True
    max_parallel: Annotated[int | None, Field(alias="max-parallel", ge=1)] = None


class Job(_Strict):
    """One job: steps that share a machine and a token."""

    name: str = ""
    needs: tuple[str, ...] = ()
    if_: Annotated[str | bool | None, Field(alias="if")] = None
    runs_on: Annotated[str, Field(alias="runs-on")]
    timeout_minutes: Annotated[int, Field(alias="timeout-minutes", ge=1)] = 360
    environment: str = ""
    permissions: Mapping[str, Grant] = {}
    concurrency: Concurrency | None = None
    env: Mapping[str, Scalar] = {}
    outputs: Mapping[str, str] = {}
    strategy: Strategy | None = None
    steps: Annotated[tuple[Step, ...], Field(min_length=1)]

    @field_validator("needs", mode="before")
    @classmethod
    def _several(cls, value: Any) -> Any:
        return (value,) if isinstance(value, str) else value


class Workflow(_Strict):
    """A workflow."""

    name: str
    on: Any
    permissions: Mapping[str, Grant] = {}
    concurrency: Concurrency | None = None
    env: Mapping[str, Scalar] = {}
    jobs: Annotated[Mapping[str, Job], Field(min_length=1)]

    @model_validator(mode="after")
    def _order(self) -> Self:
        before: set[str] = set()
        for name, job in self.jobs.items():
            if later := [one for one in job.needs if one not in before]:
                msg = f"job {name} needs {', '.join(later)}, which has to stand before it"
                raise ValueError(msg)
            before.add(name)
        return self

    @property
    def events(self) -> frozenset[str]:
        """What it runs on."""
        return frozenset({self.on} if isinstance(self.on, str) else self.on)


def read(file: Path) -> Workflow:
    """Return a workflow.

    Args:
        file: its file.

    Raises:
        WorkflowError: it is no workflow, or says something that is not evaluated here; every place is named.
    """
    try:
        return Workflow.model_validate(yaml.safe_load(file.read_text(encoding="utf-8")))
    except (OSError, yaml.YAMLError) as error:
        msg = f"{file}: it cannot be read: {error}"
        raise WorkflowError(msg) from None
    except ValidationError as error:
        places = [f"{'.'.join(map(str, one['loc'])) or 'the whole'}: {one['msg']}" for one in error.errors()]
        msg = f"{file}: what is not evaluated here, or is no workflow: {'; '.join(places)}"
        raise WorkflowError(msg) from None
