"""Another name of a collection."""

from typing import Annotated, ClassVar

from pydantic import Field
from typing_extensions import override

from providers.kit import REPLACE, Created, Live, Model, Operation, ProviderError, Resource
from providers.weaviate.client import Client, part
from providers.weaviate.errors import SERVER_ERROR, UNPROCESSABLE, ApiError


class AliasInputs(Model):
    """What an alias is declared as."""

    name: Annotated[str, REPLACE, Field(pattern=r"^[A-Z][_0-9A-Za-z]{0,254}$")]
    """The other name, beginning with a capital; it shares one space with the collections' own."""
    collection: Annotated[str, Field(min_length=1)]
    """The collection that it leads to, by its own name; another one is switched to at once."""


class AliasOutputs(Model):
    """Nothing is known of an alias beyond its inputs."""


class Alias(Resource[AliasInputs, AliasOutputs, Client]):
    """Another name of a collection, by which objects are read and written like by its own.

    Switching it to another collection is one step: no reader sees a moment without one. A collection that is declared
    with `behindAlias` has its own.
    """

    missing: ClassVar[str] = "list the server's aliases with GET /v1/aliases, and import one of their names"

    @override
    async def create(self, inputs: AliasInputs, operation: Operation) -> Created[AliasOutputs]:
        body = {"alias": inputs.name, "class": inputs.collection}
        try:
            await self.client.call("POST", "/aliases", operation.sleep, body=body, patience_seconds=0)
        except ApiError as error:
            leads_to = await self.client.alias(inputs.name, operation.sleep)
            if leads_to == inputs.collection:
                # An answer that was lost, or somebody who wanted the same.
                return Created(inputs.name, AliasOutputs())
            if leads_to is not None:
                what = f"the server already has an alias named {inputs.name}, which leads to {leads_to}"
                raise ProviderError(what, f'adopt it: give the resource import_="{inputs.name}"') from None
            if error.status in {UNPROCESSABLE, SERVER_ERROR}:
                what = f"{inputs.name} cannot lead to {inputs.collection}: {error.message}"
                raise ProviderError(what, "name a collection that exists, and an alias that is no collection") from None
            raise
        return Created(inputs.name, AliasOutputs())

    @override
    async def read(
        self, resource_id: str, known: Live[AliasInputs, AliasOutputs] | None, operation: Operation
    ) -> Live[AliasInputs, AliasOutputs] | None:
        leads_to = await self.client.alias(resource_id, operation.sleep)
        if leads_to is None:
            return None
        return Live(AliasInputs.model_construct(name=resource_id, collection=leads_to), AliasOutputs())

    @override
    async def update(
        self,
        resource_id: str,
        old: Live[AliasInputs, AliasOutputs],
        inputs: AliasInputs,
        changed: frozenset[str],
        operation: Operation,
    ) -> AliasOutputs:
        path = f"/aliases/{part(resource_id)}"
        await self.client.call("PUT", path, operation.sleep, body={"class": inputs.collection})
        return AliasOutputs()

    @override
    async def delete(self, resource_id: str, old: Live[AliasInputs, AliasOutputs], operation: Operation) -> None:
        await self.client.remove_alias(resource_id, operation.sleep)
