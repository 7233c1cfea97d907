"""The plugin's process, started by the engine: what is left of `providers/host` without any host."""

import sys
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import providers.host.__main__  # noqa: F401 - what is measured starts in this way
from providers.host.provider import PROVIDER
from providers.kit import Created, Live, Model, Operation, Resource, serve
from providers.kit.provider import Kind

_VALUES: Mapping[object, object] = {str: "still", int: 1}


def _still(kind: Kind) -> type[Resource[Any, Any, Any]]:
    """Return its class with what it does on a host taken out."""
    fields = kind.outputs.model.model_fields
    known = kind.outputs.model.model_validate(
        {name: _VALUES[field.annotation] for name, field in fields.items() if field.is_required()}
    )

    async def create(self: object, inputs: Model, operation: Operation) -> Created[Any]:  # noqa: ARG001 - the kit's
        return Created(operation.name, known)

    async def read(self: object, resource_id: str, known: Live[Any, Any], operation: Operation) -> Live[Any, Any]:  # noqa: ARG001 - the kit's
        return known

    return type(kind.name, (kind.resource,), {"create": create, "read": read, "__doc__": kind.resource.__doc__})


if __name__ == "__main__":
    serve(replace(PROVIDER, resources=tuple(_still(kind) for kind in PROVIDER.kinds.values())), sys.argv[1:])
