"""Deployments of projects."""

from typing import Annotated, Any, ClassVar, Final

from typing_extensions import override

from providers.kit import REPLACE, STABLE, Created, Live, Model, Operation, ProviderError, Resource
from rehearsal.vercel.client import Client, Json
from rehearsal.vercel.models import Inputs

_POLL_SECONDS: Final = 0.2
_DONE: Final = frozenset({"READY", "ERROR", "CANCELED"})


class DeploymentInputs(Inputs):
    """A deployment."""

    refused: ClassVar[tuple[str, ...]] = (
        *("custom_environment_id", "environment", "files", "meta", "path_prefix", "project_settings", "team_id"),
    )

    custom_environment_id: Any = None
    delete_on_destroy: bool | None = None
    environment: Any = None
    files: Any = None
    meta: Any = None
    path_prefix: Any = None
    production: Annotated[bool | None, REPLACE] = None
    """Whether hosts of production lead there."""
    project_id: Annotated[str, REPLACE]
    """The project."""
    project_settings: Any = None
    ref: Annotated[str | None, REPLACE] = None
    """The branch or commit."""
    team_id: Any = None


class DeploymentOutputs(Model):
    """What Vercel says about it."""

    domains: tuple[str, ...]
    """Hosts that it answers at."""
    url: Annotated[str, STABLE]
    """Its own host."""


class Deployment(Resource[DeploymentInputs, DeploymentOutputs, Client]):
    """A project, built and answering."""

    module: ClassVar[str] = "index/deployment"

    @override
    async def create(self, inputs: DeploymentInputs, operation: Operation) -> Created[DeploymentOutputs]:
        project = await self.client.find(f"/v10/projects/{inputs.project_id}")
        link = (project or {}).get("link")
        if project is None or link is None:
            what = f"{operation.name}: a deployment of a ref needs a project that is connected to a repository"
            raise ProviderError(what, "give the project a git_repository")
        body = {
            "name": project["name"],
            "project": inputs.project_id,
            "target": "production" if inputs.production else None,
            "gitSource": {**link, "ref": inputs.ref},
        }
        made = await self.client.send("POST", "/v12/now/deployments", body)
        while made["readyState"] not in _DONE:
            await operation.sleep(_POLL_SECONDS)
            made = await self.client.send("GET", f"/v13/deployments/{made['id']}")
        if made["readyState"] != "READY":
            what = f"{operation.name}: the build of {inputs.ref} ended as {made['readyState']}"
            raise ProviderError(what, "read its log at vercel.com, mend it, and run the command again")
        return Created(made["id"], _outputs(made))

    @override
    async def read(
        self, resource_id: str, known: Live[DeploymentInputs, DeploymentOutputs] | None, operation: Operation
    ) -> Live[DeploymentInputs, DeploymentOutputs] | None:
        found = await self.client.find(f"/v13/deployments/{resource_id}")
        if found is None:
            return None
        if known:
            return Live(known.inputs, _outputs(found))
        inputs = DeploymentInputs(
            project_id=found["projectId"], production=found["target"] == "production", ref=found["gitSource"]["ref"]
        )
        return Live(inputs, _outputs(found))

    @override
    async def update(
        self,
        resource_id: str,
        old: Live[DeploymentInputs, DeploymentOutputs],
        inputs: DeploymentInputs,
        changed: frozenset[str],
        operation: Operation,
    ) -> DeploymentOutputs:
        return old.outputs

    @override
    async def delete(
        self, resource_id: str, old: Live[DeploymentInputs, DeploymentOutputs], operation: Operation
    ) -> None:
        if old.inputs.delete_on_destroy:
            await self.client.remove(f"/v13/deployments/{resource_id}")


def _outputs(found: Json) -> DeploymentOutputs:
    return DeploymentOutputs(domains=tuple(found["alias"]), url=found["url"])
