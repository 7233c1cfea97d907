"""Hosts that projects answer at."""

from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field
from typing_extensions import override

from providers.kit import REPLACE, Created, Live, Model, Operation, Resource
from rehearsal.vercel.client import Client, Json
from rehearsal.vercel.models import Inputs, mirrored


class DomainInputs(Inputs):
    """A host of a project."""

    refused: ClassVar[tuple[str, ...]] = ("custom_environment_id", "team_id", "wait_for_ready")

    custom_environment_id: Any = None
    domain: Annotated[str, REPLACE, Field(pattern=r"^[a-z0-9*]([a-z0-9.-]*[a-z0-9])?$")]
    """The host."""
    git_branch: str | None = None
    """The branch whose last deployment answers; the production branch's where it is absent."""
    project_id: Annotated[str, REPLACE]
    """The project."""
    redirect: str | None = None
    """The host that visitors are led on to."""
    redirect_status_code: Literal[301, 302, 307, 308] | None = None
    """How."""
    team_id: Any = None
    wait_for_ready: Any = None


class Verification(Model):
    """What proves who owns a host."""

    domain: str
    """Where it is to stand."""
    reason: str
    """Why it is asked for."""
    type: str
    """The type of the record."""
    value: str
    """What it is to say."""


class DomainOutputs(Model):
    """What Vercel says about it."""

    misconfigured: bool
    """Whether the name does not lead to Vercel."""
    verifications: tuple[Verification, ...]
    """What proves who owns it, where that is not known."""
    verified: bool
    """Whether it is known who owns it."""


class ProjectDomain(Resource[DomainInputs, DomainOutputs, Client]):
    """A host that a project answers at."""

    module: ClassVar[str] = "index/projectDomain"

    @override
    async def create(self, inputs: DomainInputs, operation: Operation) -> Created[DomainOutputs]:
        made = await self.client.send("POST", f"/v10/projects/{inputs.project_id}/domains", _body(inputs))
        return Created(inputs.domain, await self._outputs(inputs.project_id, made))

    @override
    async def read(
        self, resource_id: str, known: Live[DomainInputs, DomainOutputs] | None, operation: Operation
    ) -> Live[DomainInputs, DomainOutputs] | None:
        project, _, host = resource_id.rpartition("/")
        project = known.inputs.project_id if known else project
        found = await self.client.find(f"/v9/projects/{project}/domains/{host}")
        if found is None:
            return None
        shown = {
            "domain": found["name"],
            "project_id": found["projectId"],
            "git_branch": found.get("gitBranch"),
            "redirect": found.get("redirect"),
            "redirect_status_code": found.get("redirectStatusCode"),
        }
        # Whoever leads a host elsewhere, or gives it a branch, changes who answers there: asked for or not.
        inputs = known.inputs.model_copy(update=shown) if known else mirrored(DomainInputs, shown, None)
        return Live(inputs, await self._outputs(project, found))

    @override
    async def update(
        self,
        resource_id: str,
        old: Live[DomainInputs, DomainOutputs],
        inputs: DomainInputs,
        changed: frozenset[str],
        operation: Operation,
    ) -> DomainOutputs:
        body = {name: value for name, value in _body(inputs, whole=True).items() if name != "name"}
        path = f"/v9/projects/{inputs.project_id}/domains/{inputs.domain}"
        return await self._outputs(inputs.project_id, await self.client.send("PATCH", path, body))

    @override
    async def delete(self, resource_id: str, old: Live[DomainInputs, DomainOutputs], operation: Operation) -> None:
        await self.client.remove(f"/v9/projects/{old.inputs.project_id}/domains/{old.inputs.domain}")

    async def _outputs(self, project: str, found: Json) -> DomainOutputs:
        # Asked on every read, as the official provider does.
        config = await self.client.find(f"/v6/domains/{found['name']}/config", projectIdOrName=project)
        return DomainOutputs(
            misconfigured=bool((config or {}).get("misconfigured")),
            verifications=tuple(Verification(**one) for one in found.get("verification") or ()),
            verified=found["verified"],
        )


def _body(inputs: DomainInputs, *, whole: bool = False) -> Json:
    body = {
        "name": inputs.domain,
        "gitBranch": inputs.git_branch,
        "redirect": inputs.redirect,
        "redirectStatusCode": inputs.redirect_status_code,
    }
    return body if whole else {name: value for name, value in body.items() if value is not None}
