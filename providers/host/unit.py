"""A unit of systemd on a host."""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Final, Literal, Self

from pydantic import Field, StringConstraints, model_validator
from typing_extensions import override

from providers.host.connection import NO_IMPORT, OnHost, must_be_known, unless_unreachable
from providers.host.ssh import Hosts
from providers.kit import LOCAL, REPLACE, UNREADABLE, Created, Live, Model, Operation, Resource

NAME: Final = r"^[A-Za-z0-9:_.@\\-]+\.(service|socket|timer|path|mount|swap|target|slice)$"


class UnitInputs(OnHost):
    """A unit: what defines it, and how it is."""

    name: Annotated[str, REPLACE, StringConstraints(pattern=NAME)]
    """Its whole name, such as `chrony.service`."""
    content: str | None = None
    """Its unit file, `/etc/systemd/system/<name>`; none where a package brings it."""
    enabled: bool = True
    """Whether it starts with the machine; no difference for one that says nothing about that (`static`)."""
    active: bool = True
    """Whether it runs."""
    masked: bool = False
    """Whether nothing can start it."""
    current: Literal[True] = True
    """Whether it has taken up its last change. Leave it out: only a reading says no."""
    triggers: Annotated[dict[str, str], UNREADABLE, Field(default_factory=dict)]
    """Another value makes it read its files again, by a reload where it can and a restart where not: what those files
    hold, or a digest of it."""
    reads: Annotated[tuple[str, ...], LOCAL] = ()
    """Paths of the files that it reads: one that changes on the host makes it not `current`, even when it is mended."""
    patience_seconds: Annotated[float, LOCAL, Field(gt=0)] = 30.0
    """How long it may take to become active."""

    @model_validator(mode="after")
    def _masked_is_nothing_else(self) -> Self:
        if self.masked and (self.enabled or self.active or self.content is not None):
            message = "a masked unit neither runs nor starts: set enabled and active to false and leave content out"
            raise ValueError(message)
        return self


class UnitOutputs(Model):
    """What is known of a unit beyond its inputs."""

    ours: bool = False
    """Whether its unit file was made here; only then deleting removes it."""


LiveUnit = Live[UnitInputs, UnitOutputs]


class Unit(Resource[UnitInputs, UnitOutputs, Hosts]):
    """A unit of systemd. Starting it waits until it is active, and tells its journal's last lines where it is not.

    Deleting one with a unit file of ours stops it and removes the file; one that a package brings stays as it is.
    """

    missing: ClassVar[str] = NO_IMPORT

    @override
    async def create(self, inputs: UnitInputs, operation: Operation) -> Created[UnitOutputs]:
        # One that runs already has not read the files that its triggers stand for.
        outputs = await self._apply(inputs, operation, restart=bool(inputs.triggers))
        return Created(f"{inputs.host}/{inputs.name}", outputs)

    @override
    async def read(self, resource_id: str, known: LiveUnit | None, operation: Operation) -> LiveUnit | None:
        known = must_be_known(known, "Unit")
        found: LiveUnit = await unless_unreachable(known, self._read(known, operation))
        return found

    @override
    async def update(
        self, resource_id: str, old: LiveUnit, inputs: UnitInputs, changed: frozenset[str], operation: Operation
    ) -> UnitOutputs:
        return await self._apply(
            inputs, operation, restart=bool({"triggers", "current"} & changed), ours=old.outputs.ours
        )

    @override
    async def delete(self, resource_id: str, old: LiveUnit, operation: Operation) -> None:
        if old.outputs.ours:
            name = old.inputs.name
            await self._ask(old.inputs, "remove", {"name": name}, operation, step=f"removing {name}")

    async def _apply(
        self, inputs: UnitInputs, operation: Operation, *, restart: bool, ours: bool = False
    ) -> UnitOutputs:
        patience = operation.timeout or inputs.patience_seconds
        data = {
            "name": inputs.name,
            "content": inputs.content,
            "discard": ours and inputs.content is None,
            "enabled": inputs.enabled,
            "active": inputs.active,
            "masked": inputs.masked,
            "restart": restart,
            "patience": patience,
        }
        step, seconds = f"unit {inputs.name}", 2 * patience + 60
        await self._ask(inputs, "write", data, operation, step=step, timeout_seconds=seconds)
        return UnitOutputs(ours=inputs.content is not None)

    async def _read(self, known: LiveUnit, operation: Operation) -> LiveUnit:
        unit = known.inputs
        data = {
            "name": unit.name,
            "content": unit.content is not None,
            "enabled": unit.enabled,
            "active": unit.active,
            "reads": list(unit.reads),
        }
        answer = await self._ask(unit, "read", data, operation, step=f"reading {unit.name}")
        return Live(unit.model_copy(update={**answer, "reachable": True}), known.outputs)

    async def _ask(
        self,
        inputs: UnitInputs,
        act: str,
        request: Mapping[str, Any],
        operation: Operation,
        *,
        step: str,
        timeout_seconds: float = 60,
    ) -> Any:
        """Ask the host together with its other units: systemd takes one order for all."""
        return await self.client.run_together(
            inputs.connection, "unit", act, request, operation, step=step, timeout_seconds=timeout_seconds
        )
