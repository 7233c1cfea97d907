"""Routing rules of projects."""

from typing import Annotated, Any, ClassVar, Literal

from typing_extensions import override

from providers.kit import REPLACE, Created, Live, Model, Operation, ProviderError, Resource
from rehearsal.vercel.client import Client, Json
from rehearsal.vercel.models import Inputs


class Transform(Model):
    """What becomes of a request or an answer."""

    op: Literal["append", "set", "delete"]
    type: Literal["request.headers", "request.query", "response.headers"]
    args: str | None = None
    """A JSON document."""
    envs: Any = None
    target: str | None = None
    """A JSON document."""


class Rule(Model):
    """Which requests, and what becomes of them."""

    src: str
    case_sensitive: bool | None = None
    dest: str | None = None
    has: Any = None
    headers: dict[str, str] | None = None
    missings: Any = None
    respect_origin_cache_control: bool | None = None
    status: int | None = None
    transforms: tuple[Transform, ...] | None = None


class Position(Model):
    """Where a rule stands among the others."""

    placement: Literal["start", "end", "before", "after"]
    reference_route_id: str | None = None


class RouteInputs(Inputs):
    """A routing rule."""

    refused: ClassVar[tuple[str, ...]] = ("src_syntax", "team_id")

    description: str | None = None
    enabled: bool | None = None
    name: str | None = None
    position: Annotated[Position | None, REPLACE] = None
    """Where it is put when it is made; the API does not say it again."""
    project_id: Annotated[str, REPLACE]
    """The project."""
    route: Rule
    """The rule."""
    src_syntax: Any = None
    team_id: Any = None


class RouteOutputs(Model):
    """What Vercel says about it."""

    route_type: str
    """What it does."""


class ProjectRoute(Resource[RouteInputs, RouteOutputs, Client]):
    """A routing rule of a project, in force for all its deployments."""

    module: ClassVar[str] = "index/projectRoute"

    @override
    async def create(self, inputs: RouteInputs, operation: Operation) -> Created[RouteOutputs]:
        body = {"route": _body(inputs), **_position(inputs)}
        made = await self.client.send("POST", f"/v1/projects/{inputs.project_id}/routes", body)
        return Created(made["route"]["id"], RouteOutputs(route_type=made["route"]["routeType"]))

    @override
    async def read(
        self, resource_id: str, known: Live[RouteInputs, RouteOutputs] | None, operation: Operation
    ) -> Live[RouteInputs, RouteOutputs] | None:
        project, _, own = resource_id.rpartition("/")
        project = known.inputs.project_id if known else project
        found = await self.client.find(f"/v1/projects/{project}/routes")
        one = next((route for route in (found or {}).get("routes", ()) if route["id"] == own), None)
        if one is None:
            return None
        inputs = RouteInputs(
            project_id=project,
            position=known.inputs.position if known else None,
            name=one.get("name"),
            description=one.get("description"),
            enabled=one.get("enabled"),
            route=Rule.model_validate(one["route"]),
        )
        return Live(inputs, RouteOutputs(route_type=one["routeType"]))

    @override
    async def update(
        self,
        resource_id: str,
        old: Live[RouteInputs, RouteOutputs],
        inputs: RouteInputs,
        changed: frozenset[str],
        operation: Operation,
    ) -> RouteOutputs:
        path = f"/v1/projects/{inputs.project_id}/routes/{resource_id}"
        made = await self.client.send("PATCH", path, {"route": _body(inputs)})
        return RouteOutputs(route_type=made["route"]["routeType"])

    @override
    async def delete(self, resource_id: str, old: Live[RouteInputs, RouteOutputs], operation: Operation) -> None:
        try:
            await self.client.remove(f"/v1/projects/{old.inputs.project_id}/routes/{resource_id}")
        except ProviderError:
            # With the project its rules are gone.
            if await self.client.find(f"/v10/projects/{old.inputs.project_id}") is not None:
                raise


def _body(inputs: RouteInputs) -> Json:
    rule = inputs.route.model_dump(by_alias=True, exclude_none=True)
    return {
        "name": inputs.name,
        "description": inputs.description,
        "enabled": inputs.enabled is not False,
        "route": rule,
    }


def _position(inputs: RouteInputs) -> Json:
    if inputs.position is None:
        return {}
    told = {"placement": inputs.position.placement, "referenceId": inputs.position.reference_route_id}
    return {"position": {name: value for name, value in told.items() if value is not None}}
