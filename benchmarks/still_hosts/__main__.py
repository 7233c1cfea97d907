"""The plugin's process, started by the engine: what is left of `providers/host` without any host."""

import gc
import sys

# As in `providers/host`.
gc.disable()

from collections.abc import Mapping  # noqa: E402 - the line above comes first
from dataclasses import replace  # noqa: E402
from typing import Any, get_args  # noqa: E402

from providers.host.provider import PROVIDER  # noqa: E402
from providers.kit import Created, Live, Model, Operation, Resource, serve  # noqa: E402

_VALUES: Mapping[object, object] = {str: "still", int: 1}


def _still(kind: type[Resource[Any, Any, Any]]) -> type[Resource[Any, Any, Any]]:
    """Return the kind with what it does on a host taken out."""
    outputs: type[Model] = get_args(kind.__orig_bases__[0])[1]  # type: ignore[attr-defined]  # each names its models
    known = outputs.model_validate(
        {name: _VALUES[field.annotation] for name, field in outputs.model_fields.items() if field.is_required()}
    )

    async def create(self: object, inputs: Model, operation: Operation) -> Created[Any]:  # noqa: ARG001 - the kit's
        return Created(operation.name, known)

    async def read(self: object, resource_id: str, known: Live[Any, Any], operation: Operation) -> Live[Any, Any]:  # noqa: ARG001 - the kit's
        return known

    return type(kind.__name__, (kind,), {"create": create, "read": read, "__doc__": kind.__doc__})


if __name__ == "__main__":
    serve(replace(PROVIDER, resources=tuple(_still(kind) for kind in PROVIDER.resources)), sys.argv[1:])
