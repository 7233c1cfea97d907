"""What the kit costs per operation, beside a provider written by hand on the SDK's own server.

Both keep twenty properties, five of them in an object, in memory, and are asked over gRPC as the engine asks.
"""

import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from benchmarks.checkout import ROOT
from benchmarks.samples import Row, machine, ratio, show
from providers.kit.testing import Plugin, Secret

_RUNS = 300
_OVERHEAD_MS = 3.0

_KIT = """
from contextlib import nullcontext
from typing import Annotated
from providers.kit import REPLACE, SECRET, Config, Created, Live, Model, Provider, Resource, serve

class Part(Model):
    first_name: str
    last_name: str
    port: int
    flag: bool
    size: float

class Inputs(Model):
    name: Annotated[str, REPLACE]
    word: Annotated[str, SECRET]
    parts: tuple[Part, ...]
    labels: dict[str, str]
    count: int = 1

class Outputs(Model):
    status: str

class Thing(Resource[Inputs, Outputs, dict]):
    async def create(self, inputs, operation):
        self.client["x"] = inputs
        return Created("x", Outputs(status="new"))
    async def read(self, resource_id, known, operation):
        return Live(self.client["x"], Outputs(status="new"))
    async def update(self, resource_id, old, inputs, changed, operation):
        return Outputs(status="new")
    async def delete(self, resource_id, old, operation):
        pass

serve(Provider(name="bench", version="1.0.0", description="", config=Config, resources=(Thing,),
    connect=lambda config: nullcontext({}), python_package="bench"), sys.argv[1:])
"""

_BARE = """
from pulumi.provider.experimental import provider as p
from pulumi.provider.experimental.property_value import PropertyValue
from pulumi.provider.experimental.server import main

class Bare(p.Provider):
    async def get_schema(self, request):
        return p.GetSchemaResponse(schema='{"name": "bench"}')
    async def configure(self, request):
        return p.ConfigureResponse(accept_secrets=True, supports_preview=True)
    async def check(self, request):
        return p.CheckResponse(inputs=request.new_inputs)
    async def diff(self, request):
        changed = [k for k, v in request.new_inputs.items() if request.old_state[k].value != v.value]
        return p.DiffResponse(changes=bool(changed), diffs=changed)
    async def create(self, request):
        return p.CreateResponse("x", {**request.properties, "status": PropertyValue("new")})
    async def read(self, request):
        return p.ReadResponse("x", request.properties, request.inputs)
    async def update(self, request):
        return p.UpdateResponse({**request.news, "status": PropertyValue("new")})
    async def delete(self, request):
        pass

main(sys.argv[1:], "1.0.0", Bare())
"""

_PART = {"firstName": "a", "lastName": "b", "port": 1, "flag": True, "size": 1.5}
_INPUTS: Mapping[str, Any] = {
    "name": "a",
    "word": Secret("hidden"),
    "parts": [_PART, _PART],
    "labels": {f"label-{number}": "value" for number in range(6)},
    "count": 1,
}


def measure() -> list[Row]:
    """Return the median of each operation in milliseconds, and what the kit adds to it."""
    with tempfile.TemporaryDirectory() as folder:
        kit, bare = (_medians(Path(folder) / name, text) for name, text in (("kit", _KIT), ("bare", _BARE)))
    rows = []
    for name, ours in kit.items():
        added = ours - bare[name]
        rows.append(
            Row(f"{name}: added by the kit", f"{added:.2f} ms", f"under {_OVERHEAD_MS:.0f} ms", added < _OVERHEAD_MS)
        )
        rows.append(Row(f"{name}: kit, bare", f"{ours:.2f} ms, {bare[name]:.2f} ms"))
    rows.append(ratio("all operations, kit to bare", sum(kit.values()) / sum(bare.values()), 2.0))
    return rows


def _medians(folder: Path, text: str) -> dict[str, float]:
    folder.mkdir()
    (folder / "__main__.py").write_text(f"import sys\nsys.path.insert(0, {str(ROOT)!r})\n{text}")
    with Plugin(folder) as plugin:
        plugin.configure()
        made = plugin.create("Thing", _INPUTS)
        operations: dict[str, Callable[[], object]] = {
            "check": lambda: plugin.check("Thing", _INPUTS),
            "diff": lambda: plugin.diff("Thing", "x", made.outputs, _INPUTS),
            "create": lambda: plugin.create("Thing", _INPUTS),
            "read": lambda: plugin.read("Thing", "x", made.outputs, _INPUTS),
            "update": lambda: plugin.update("Thing", "x", made.outputs, {**_INPUTS, "count": 2}),
            "delete": lambda: plugin.delete("Thing", "x", made.outputs),
        }
        return {
            name: statistics.median(_timed(operation) for _ in range(_RUNS)) for name, operation in operations.items()
        }


def _timed(operation: Callable[[], object]) -> float:
    begun = time.perf_counter()
    operation()
    return (time.perf_counter() - begun) * 1000


if __name__ == "__main__":
    sys.stdout.write(f"{machine()}\n\n")
    show(f"The kit, per operation (median of {_RUNS})", measure())
