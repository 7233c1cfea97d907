"""Boxes in a JSON file: a provider with a field of every kind."""

import asyncio
import json
import logging
import warnings
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field
from typing_extensions import override

from providers.kit import (
    LOCAL,
    REPLACE,
    SECRET,
    STABLE,
    UNKNOWN,
    UNREADABLE,
    WRITE_ONLY,
    Config,
    Created,
    Difference,
    Environment,
    Live,
    Model,
    Operation,
    Provider,
    ProviderError,
    Resource,
)


class Settings(Config):
    """Where the boxes are."""

    store: Path
    """The file they are in."""
    api_key: Annotated[str, SECRET, Field(min_length=4), Environment("SAMPLE_API_KEY")]
    """Opens the store."""
    speed: Annotated[float, Environment("SAMPLE_SPEED")] = 1.0
    """How fast time runs."""
    regions: tuple[str, ...] = ()
    """Where boxes may be."""


def _even(value: int) -> int:
    if value % 2:
        msg = f"{value} is odd; use an even port"
        raise ValueError(msg)
    return value


def _no_canary(value: str) -> str:
    if value.startswith("bad"):
        msg = f"{value[3:]} is no pin"
        raise ValueError(msg)
    return value


class Rule(Model):
    """What may go into a box."""

    protocol: Literal["tcp", "udp"] = "tcp"
    """How."""
    port: Annotated[int, Field(ge=2), AfterValidator(_even)]
    """Where."""
    pass_phrase: Annotated[str | None, SECRET] = None
    """By what word."""


def _ordered(rules: tuple[Rule, ...]) -> tuple[Rule, ...]:
    return tuple(sorted(rules, key=lambda rule: (rule.port, rule.protocol)))


class Inputs(Model):
    """What a box is made from."""

    name: Annotated[str, REPLACE, Field(min_length=1, max_length=20)]
    """Name of the box."""
    color: Literal["red", "green"] = "red"
    """Its color."""
    size: Annotated[float, Field(gt=0)] = 1
    """Its size."""
    note: str | None = None
    """What is written on it."""
    labels: Annotated[dict[str, str], REPLACE] = Field(default_factory=dict)
    """What else it is called."""
    rules: Annotated[tuple[Rule, ...], AfterValidator(_ordered)] = ()
    """What may go into it."""
    pin: Annotated[str | None, SECRET, AfterValidator(lambda pin: pin and _no_canary(pin))] = None
    """Opens it."""
    token: Annotated[str | None, WRITE_ONLY, REPLACE] = None
    """Put into it when it is made."""
    seals: Annotated[dict[str, str] | None, WRITE_ONLY] = None
    """Put onto it, and found there again."""
    image: Annotated[str | None, UNREADABLE, REPLACE] = None
    """What it was made from."""
    keep: Annotated[bool, LOCAL] = False
    """Whether it may not be removed."""
    expected_serial: Annotated[int | None, LOCAL] = None
    """The serial number it ought to have."""


class Outputs(Model):
    """What a box has besides."""

    serial: Annotated[int, STABLE]
    """Its serial number."""
    status: str
    """How it is."""
    key: Annotated[str, SECRET]
    """Locks it."""


class Store:
    """The file."""

    def __init__(self, settings: Settings) -> None:
        self.path = settings.store
        if not self.path.parent.is_dir():
            what = f"the store {self.path} with the key {settings.api_key} has no folder"
            raise ProviderError(what, "make one")

    def load(self) -> dict[str, Any]:
        empty: dict[str, Any] = {"boxes": {}, "calls": []}
        return json.loads(self.path.read_text()) if self.path.is_file() else empty

    def save(self, call: str, resource_id: str, box: dict[str, Any] | None) -> None:
        content = self.load()
        content["calls"].append(call)
        content["boxes"].pop(resource_id, None)
        if box is not None:
            content["boxes"][resource_id] = box
        self.path.write_text(json.dumps(content))


def _outputs(box: Mapping[str, Any]) -> Outputs:
    return Outputs(serial=box["serial"], status=box["status"], key=box["key"])


class Box(Resource[Inputs, Outputs, Store]):
    """A box.

    It stands in the store until it is removed.
    """

    delete_before_replace = True
    missing = "look into the store"

    @override
    async def create(self, inputs: Inputs, operation: Operation) -> Created[Outputs]:
        await self._strange(inputs, operation)
        serial = len(self.client.load()["calls"]) + 1
        box = {**self._kept(inputs), "serial": serial, "status": "new", "key": f"key of {inputs.name} {operation.name}"}
        self.client.save("create", f"box-{serial}", box)
        return Created(f"box-{serial}", _outputs(box))

    @override
    async def read(
        self, resource_id: str, known: Live[Inputs, Outputs] | None, operation: Operation
    ) -> Live[Inputs, Outputs] | None:
        box = self.client.load()["boxes"].get(resource_id)
        if box is None:
            return None
        mirrored = {key: value for key, value in box.items() if key not in {"serial", "status", "key"}}
        return Live(Inputs(**mirrored), _outputs(box))

    @override
    async def update(
        self,
        resource_id: str,
        old: Live[Inputs, Outputs],
        inputs: Inputs,
        changed: frozenset[str],
        operation: Operation,
    ) -> Outputs:
        if "expected_serial" in changed:
            raise ProviderError(f"a serial number cannot be chosen, {old.outputs.serial} is given", "expect that one")  # noqa: EM102, TRY003 - one line says it
        box = {**self.client.load()["boxes"][resource_id], **self._kept(inputs), "status": " ".join(sorted(changed))}
        self.client.save("update", resource_id, box)
        return _outputs(box)

    @override
    async def delete(self, resource_id: str, old: Live[Inputs, Outputs], operation: Operation) -> None:
        if old.inputs.keep:
            raise ProviderError(f"{old.inputs.name} is kept", "set keep to false first")  # noqa: EM102, TRY003 - as above
        self.client.save("delete", resource_id, None)

    @override
    def differences(
        self, new: Mapping[str, Any], live: Live[Inputs, Outputs], found: tuple[Difference, ...]
    ) -> Iterable[Difference]:
        if new["note"] == "forbidden" and live.inputs.rules and live.inputs.rules[0].port:
            raise ProviderError("that must not be written on a box", "write something else")  # noqa: EM101, TRY003 - as above
        return tuple(self._different(new, live, found))

    @staticmethod
    def _different(
        new: Mapping[str, Any], live: Live[Inputs, Outputs], found: tuple[Difference, ...]
    ) -> Iterator[Difference]:
        expected = new["expected_serial"]
        wrong = expected not in {None, UNKNOWN, live.outputs.serial}
        yield from (one for one in found if not (wrong and one.field == "expected_serial"))
        if wrong:
            yield Difference("expected_serial", "expectedSerial", replace=False)

    @staticmethod
    def _kept(inputs: Inputs) -> dict[str, Any]:
        return inputs.model_dump(mode="json", exclude={"token", "image", "keep", "expected_serial"})

    @staticmethod
    async def _strange(inputs: Inputs, operation: Operation) -> None:
        if inputs.name == "crash":
            msg = f"{inputs.pin} {inputs.token}"
            raise RuntimeError(msg)
        if inputs.name == "refused":
            what = f"the store refused {inputs.pin} and {inputs.token!r}"
            raise ProviderError(what, "ask it why")
        if inputs.name == "slow":
            await operation.sleep(600)
        if inputs.name == "late":
            await asyncio.sleep(0.3)
        if inputs.name == "loud":
            warnings.warn(f"pin {inputs.pin}", stacklevel=1)
            logging.getLogger("loud").warning("token %s", inputs.token)


@asynccontextmanager
async def connect(settings: Settings) -> AsyncIterator[Store]:
    """Open the store."""
    # A task group refuses to be closed by another task than the one that opened it.
    async with asyncio.TaskGroup():
        yield Store(settings)
        settings.store.with_suffix(".closed").touch()


PROVIDER = Provider(
    name="sample",
    version="1.2.3",
    description="Boxes in a file.",
    config=Settings,
    connect=connect,
    resources=(Box,),
    python_package="sample_sdk",
)
