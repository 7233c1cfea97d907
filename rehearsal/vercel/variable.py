"""Environment variables of projects."""

from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import Field, model_validator
from typing_extensions import override

from providers.kit import REPLACE, Created, Live, Model, Operation, Resource, UndisclosedError
from rehearsal.vercel.client import Client, Json
from rehearsal.vercel.models import Inputs, mirrored


class VariableInputs(Inputs):
    """A variable."""

    refused: ClassVar[tuple[str, ...]] = (
        *("custom_environment_ids", "git_branch", "team_id", "value_wo", "value_wo_version", "visibility"),
    )

    comment: str | None = None
    custom_environment_ids: Any = None
    git_branch: Any = None
    key: Annotated[str, REPLACE, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")]
    """Its name."""
    project_id: Annotated[str, REPLACE]
    """The project."""
    sensitive: Annotated[bool, REPLACE]
    """Whether nobody is ever shown it again."""
    targets: tuple[Literal["production", "preview", "development"], ...] | None = None
    """Which deployments get it."""
    team_id: Any = None
    value: str | None = None
    """What it says."""
    value_wo: Any = None
    value_wo_version: Any = None
    visibility: Any = None

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        if self.sensitive and "development" in (self.targets or ()):
            # Vercel, "Sensitive environment variables": they cannot be created for development.
            message = "a sensitive variable is not for development; leave that out of targets"
            raise UndisclosedError(message)
        return self


class VariableOutputs(Model):
    """Nothing beyond its inputs."""


class ProjectEnvironmentVariable(Resource[VariableInputs, VariableOutputs, Client]):
    """A variable that deployments of a project are built with and run with."""

    module: ClassVar[str] = "index/projectEnvironmentVariable"

    @override
    async def create(self, inputs: VariableInputs, operation: Operation) -> Created[VariableOutputs]:
        made = await self.client.send("POST", f"/v10/projects/{inputs.project_id}/env", _body(inputs))
        return Created(made["created"]["id"], VariableOutputs())

    @override
    async def read(
        self, resource_id: str, known: Live[VariableInputs, VariableOutputs] | None, operation: Operation
    ) -> Live[VariableInputs, VariableOutputs] | None:
        project, _, own = resource_id.rpartition("/")
        project = known.inputs.project_id if known else project
        found = await self.client.find(f"/v10/projects/{project}/env/{own}")
        if found is None:
            return None
        shown = {
            "comment": found.get("comment"),
            "key": found["key"],
            "project_id": project,
            "sensitive": found["type"] == "sensitive",
            "targets": tuple(found["target"]),
            # Of a sensitive one what was recorded is all that anybody knows.
            "value": known.inputs.value if found["type"] == "sensitive" and known else found.get("value"),
        }
        return Live(mirrored(VariableInputs, shown, known.inputs if known else None), VariableOutputs())

    @override
    async def update(
        self,
        resource_id: str,
        old: Live[VariableInputs, VariableOutputs],
        inputs: VariableInputs,
        changed: frozenset[str],
        operation: Operation,
    ) -> VariableOutputs:
        await self.client.send("PATCH", f"/v9/projects/{inputs.project_id}/env/{resource_id}", _body(inputs))
        return VariableOutputs()

    @override
    async def delete(self, resource_id: str, old: Live[VariableInputs, VariableOutputs], operation: Operation) -> None:
        await self.client.remove(f"/v8/projects/{old.inputs.project_id}/env/{resource_id}")


def _body(inputs: VariableInputs) -> Json:
    return {
        "key": inputs.key,
        "value": inputs.value,
        "type": "sensitive" if inputs.sensitive else "encrypted",
        "target": list(inputs.targets or ()),
        **({"comment": inputs.comment} if inputs.comment else {}),
    }
