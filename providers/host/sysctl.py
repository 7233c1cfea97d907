"""Kernel parameters of a host."""

from typing import Annotated, ClassVar, Final

from pydantic import AfterValidator, StringConstraints
from typing_extensions import override

from providers.host.connection import NO_IMPORT, Nothing, OnHost, must_be_known, unless_unreachable
from providers.host.ssh import Hosts
from providers.kit import REPLACE, Created, Live, Operation, Resource

KEY: Final = r"^[a-z0-9_]+([./][A-Za-z0-9_@:-]+)+$"
Key = Annotated[str, StringConstraints(pattern=KEY)]
Value = Annotated[str, StringConstraints(pattern=r"^[^\n#;]+$")]


def _plain(given: dict[str, str]) -> dict[str, str]:
    return {key: " ".join(value.split()) for key, value in sorted(given.items())}


class SysctlInputs(OnHost):
    """Kernel parameters that one file sets."""

    name: Annotated[str, REPLACE, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]*$")]
    """What they are for: `/etc/sysctl.d/60-<name>.conf` holds them."""
    values: Annotated[dict[Key, Value], AfterValidator(_plain)]
    """The values by key, such as `net.ipv4.ip_forward`."""


class SysctlOutputs(Nothing):
    """Nothing is known of kernel parameters beyond what is declared."""


LiveSysctl = Live[SysctlInputs, SysctlOutputs]


class Sysctl(Resource[SysctlInputs, SysctlOutputs, Hosts]):
    """Kernel parameters, in a file for the next boot and in the running kernel.

    Deleting it removes the file; the running values stay until the next boot.
    """

    missing: ClassVar[str] = NO_IMPORT

    @override
    async def create(self, inputs: SysctlInputs, operation: Operation) -> Created[SysctlOutputs]:
        await self._apply(inputs, operation)
        return Created(f"{inputs.host}/{operation.name}", SysctlOutputs())

    @override
    async def read(self, resource_id: str, known: LiveSysctl | None, operation: Operation) -> LiveSysctl | None:
        known = must_be_known(known, "Sysctl")
        found: LiveSysctl = await unless_unreachable(known, self._read(known, operation))
        return found

    @override
    async def update(
        self, resource_id: str, old: LiveSysctl, inputs: SysctlInputs, changed: frozenset[str], operation: Operation
    ) -> SysctlOutputs:
        await self._apply(inputs, operation)
        return SysctlOutputs()

    @override
    async def delete(self, resource_id: str, old: LiveSysctl, operation: Operation) -> None:
        data = {"act": "remove", "name": old.inputs.name}
        await self.client.run(old.inputs.connection, "sysctl", data, operation, step=f"removing {_file(old.inputs)}")

    async def _apply(self, inputs: SysctlInputs, operation: Operation) -> None:
        data = {"act": "write", "name": inputs.name, "values": inputs.values}
        await self.client.run(inputs.connection, "sysctl", data, operation, step=f"writing {_file(inputs)}")

    async def _read(self, known: LiveSysctl, operation: Operation) -> LiveSysctl:
        wanted = known.inputs
        data = {"act": "read", "name": wanted.name, "keys": sorted(wanted.values)}
        answer = await self.client.run(wanted.connection, "sysctl", data, operation, step=f"reading {_file(wanted)}")
        seen = {"values": answer, "reachable": True}
        return Live(wanted.model_copy(update=seen), known.outputs)


def _file(inputs: SysctlInputs) -> str:
    return f"/etc/sysctl.d/60-{inputs.name}.conf"
