"""Debian packages of a host."""

from typing import Annotated, ClassVar, Final

from pydantic import AfterValidator, StringConstraints
from typing_extensions import override

from providers.host.connection import NO_IMPORT, Nothing, OnHost, must_be_known, unless_unreachable
from providers.host.ssh import Hosts
from providers.kit import Created, Live, Operation, Resource

NAME: Final = r"[a-z0-9][a-z0-9+.-]+(:[a-z0-9-]+)?"
INSTALL_SECONDS: Final = 900.0


def _each_once(given: tuple[str, ...]) -> tuple[str, ...]:
    names = [package.partition("=")[0] for package in given]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        message = f"{', '.join(twice)}: stands in the list twice; give each package once"
        raise ValueError(message)
    return tuple(sorted(given))


Present = Annotated[str, StringConstraints(pattern=rf"^{NAME}(=[A-Za-z0-9.+:~-]+)?$")]
Absent = Annotated[str, StringConstraints(pattern=rf"^{NAME}$")]


class PackagesInputs(OnHost):
    """Which packages a host has, and which it has not."""

    present: Annotated[tuple[Present, ...], AfterValidator(_each_once)] = ()
    """Packages that are installed: `name`, or `name=version` for exactly that one."""
    absent: Annotated[tuple[Absent, ...], AfterValidator(_each_once)] = ()
    """Packages that are not installed; their configuration files go too."""


class PackagesOutputs(Nothing):
    """Nothing is known of packages beyond what is declared."""


LivePackages = Live[PackagesInputs, PackagesOutputs]


class Packages(Resource[PackagesInputs, PackagesOutputs, Hosts]):
    """Debian packages, by apt without questions.

    It waits for another apt, mends an interrupted dpkg, and keeps configuration files as they are. Deleting it leaves
    the packages, because others may need them by then.
    """

    missing: ClassVar[str] = NO_IMPORT

    @override
    async def create(self, inputs: PackagesInputs, operation: Operation) -> Created[PackagesOutputs]:
        await self._apply(inputs, operation)
        return Created(f"{inputs.host}/{operation.name}", PackagesOutputs())

    @override
    async def read(self, resource_id: str, known: LivePackages | None, operation: Operation) -> LivePackages | None:
        known = must_be_known(known, "Packages")
        found: LivePackages = await unless_unreachable(known, self._read(known, operation))
        return found

    @override
    async def update(
        self,
        resource_id: str,
        old: LivePackages,
        inputs: PackagesInputs,
        changed: frozenset[str],
        operation: Operation,
    ) -> PackagesOutputs:
        await self._apply(inputs, operation)
        return PackagesOutputs()

    @override
    async def delete(self, resource_id: str, old: LivePackages, operation: Operation) -> None:
        return

    async def _apply(self, inputs: PackagesInputs, operation: Operation) -> None:
        seconds = operation.timeout or INSTALL_SECONDS
        data = {"act": "write", "present": inputs.present, "absent": inputs.absent, "seconds": seconds}
        await self.client.run(
            inputs.connection, "packages", data, operation, step="installing packages", timeout_seconds=seconds + 30
        )

    async def _read(self, known: LivePackages, operation: Operation) -> LivePackages:
        wanted = known.inputs
        # What a reading found is recorded with a remark behind the name.
        present = tuple(package.partition(" ")[0] for package in wanted.present)
        absent = tuple(package.partition(" ")[0] for package in wanted.absent)
        data = {"act": "read", "present": present, "absent": absent}
        answer = await self.client.run(wanted.connection, "packages", data, operation, step="reading packages")
        seen = {"present": tuple(answer["present"]), "absent": tuple(answer["absent"]), "reachable": True}
        return Live(wanted.model_copy(update=seen), known.outputs)
