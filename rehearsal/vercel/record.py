"""Records of zones that Vercel keeps."""

from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field
from typing_extensions import override

from providers.kit import REPLACE, Created, Live, Model, Operation, Resource
from rehearsal.vercel.client import Client, Json
from rehearsal.vercel.models import Inputs, mirrored


class RecordInputs(Inputs):
    """A record."""

    refused: ClassVar[tuple[str, ...]] = ("https", "mx_priority", "srv", "team_id")

    comment: Annotated[str | None, Field(max_length=500)] = None
    domain: Annotated[str, REPLACE]
    """The zone."""
    https: Any = None
    mx_priority: Any = None
    name: str | None = None
    """The name below the zone's; empty for the zone's own."""
    srv: Any = None
    team_id: Any = None
    ttl: Annotated[int, Field(ge=60, le=2147483647)] | None = None
    """How long it may be kept, in seconds."""
    type: Annotated[Literal["A", "AAAA", "ALIAS", "CAA", "CNAME", "NS", "TXT"], REPLACE]
    """What it says."""
    value: str | None = None
    """What it says."""


class RecordOutputs(Model):
    """Nothing beyond its inputs."""


class DnsRecord(Resource[RecordInputs, RecordOutputs, Client]):
    """A record of a zone that is delegated to Vercel."""

    module: ClassVar[str] = "index/dnsRecord"

    @override
    async def create(self, inputs: RecordInputs, operation: Operation) -> Created[RecordOutputs]:
        made = await self.client.send("POST", f"/v4/domains/{inputs.domain}/records", _body(inputs))
        return Created(made["uid"], RecordOutputs())

    @override
    async def read(
        self, resource_id: str, known: Live[RecordInputs, RecordOutputs] | None, operation: Operation
    ) -> Live[RecordInputs, RecordOutputs] | None:
        own = resource_id.rpartition("/")[2]
        found = await self.client.find(f"/domains/records/{own}")
        if found is None:
            return None
        shown = {
            "comment": found.get("comment"),
            "domain": found["domain"],
            "name": found["name"],
            "ttl": found.get("ttl"),
            "type": found["recordType"],
            "value": found["value"],
        }
        return Live(mirrored(RecordInputs, shown, known.inputs if known else None), RecordOutputs())

    @override
    async def update(
        self,
        resource_id: str,
        old: Live[RecordInputs, RecordOutputs],
        inputs: RecordInputs,
        changed: frozenset[str],
        operation: Operation,
    ) -> RecordOutputs:
        await self.client.send("PATCH", f"/v4/domains/records/{resource_id}", _body(inputs))
        return RecordOutputs()

    @override
    async def delete(self, resource_id: str, old: Live[RecordInputs, RecordOutputs], operation: Operation) -> None:
        await self.client.remove(f"/v2/domains/{old.inputs.domain}/records/{resource_id}")


def _body(inputs: RecordInputs) -> Json:
    told = {
        "name": inputs.name or "",
        "type": inputs.type,
        "value": inputs.value,
        "ttl": inputs.ttl,
        "comment": inputs.comment,
    }
    return {name: value for name, value in told.items() if value is not None}
