"""When the commands of a resource are run: what both kinds have in common."""

import secrets
from abc import ABC, abstractmethod
from typing import Generic, TypeVar

from providers.kit import Created, Live, Operation, ProviderError
from rehearsal.command.models import Inputs, Outputs

InputsT = TypeVar("InputsT", bound=Inputs)

_SILENT = Outputs(stdout="", stderr="")


class Lifecycle(ABC, Generic[InputsT]):
    """Runs `create` on creation, `update` or else `create` on a change, `delete` on deletion; reads nothing back."""

    @abstractmethod
    async def run(self, command: str, inputs: InputsT, said: Outputs | None, operation: Operation) -> Outputs:
        """Run a command and return what it says.

        Args:
            command: the command.
            inputs: what it is given.
            said: what the one before it said.
            operation: whose command it is.
        """

    async def create(self, inputs: InputsT, operation: Operation) -> Created[Outputs]:
        """Run `create`."""
        outputs = _SILENT if inputs.create is None else await self.run(inputs.create, inputs, None, operation)
        return Created(f"{operation.name}{secrets.token_hex(4)}", outputs)

    async def read(
        self,
        resource_id: str,
        known: Live[InputsT, Outputs] | None,
        operation: Operation,  # noqa: ARG002 - the kit's
    ) -> Live[InputsT, Outputs] | None:
        """Return what is recorded: what a command has done cannot be read back."""
        if known is None:
            what = f"no command has the id {resource_id!r}"
            raise ProviderError(what, "declare it: what is done once cannot be imported")
        return known

    async def update(
        self,
        resource_id: str,  # noqa: ARG002 - the kit's
        old: Live[InputsT, Outputs],
        inputs: InputsT,
        changed: frozenset[str],  # noqa: ARG002 - the same
        operation: Operation,
    ) -> Outputs:
        """Run `update`, or `create` where there is none."""
        command = inputs.create if inputs.update is None else inputs.update
        return old.outputs if command is None else await self.run(command, inputs, old.outputs, operation)

    async def delete(self, resource_id: str, old: Live[InputsT, Outputs], operation: Operation) -> None:  # noqa: ARG002 - the kit's
        """Run `delete`."""
        if old.inputs.delete is not None:
            await self.run(old.inputs.delete, old.inputs, old.outputs, operation)
