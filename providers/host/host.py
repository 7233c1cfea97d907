"""A host: the moment from which it can be worked on, the key it is known by, and plain facts."""

import time
from typing import Annotated, ClassVar, Final, Literal

from pydantic import Field
from typing_extensions import override

from providers.host.connection import NO_IMPORT, Connection
from providers.host.errors import AuthenticationError, HostKeyError, SudoError, UnreachableError
from providers.host.handshake import UnreadableKeyError
from providers.host.keys import HostKeyText, fingerprint
from providers.host.ssh import Hosts
from providers.kit import (
    LOCAL,
    REPLACE,
    STABLE,
    Created,
    Live,
    Model,
    Operation,
    ProviderError,
    Resource,
)

FIRST_PAUSE_SECONDS: Final = 0.5
LONGEST_PAUSE_SECONDS: Final = 5.0
# One that was met before is not booting for the first time: a dead host holds up nobody for long.
RETURN_SECONDS: Final = 20.0
# A machine that boots may answer before it knows the keys it admits.
ADMISSION_SECONDS: Final = 30.0


class HostInputs(Model):
    """Which machine, where it answers, and how it proves to be the one."""

    machine: Annotated[str, REPLACE, Field(min_length=1)]
    """What the machine is known by wherever it was made, such as its instance id; it is the id of this resource too."""
    addresses: Annotated[tuple[Annotated[str, Field(min_length=1)], ...], LOCAL] = ()
    """Where it answers, the preferred address first."""
    port: Annotated[int, Field(ge=1, le=65535)] = 22
    """The port of its SSH server."""
    user: Annotated[str, Field(min_length=1)] = "ubuntu"
    """Who logs in, and becomes root by sudo."""
    host_key: HostKeyText | None = None
    """The host key it must have, in OpenSSH's form; none: the one it shows first is pinned."""
    patience_seconds: Annotated[float, LOCAL, Field(gt=0)] = 300.0
    """How long it may take until it answers for the first time; later it is given 20 s at most."""
    reachable: Literal[True] = True
    """Whether it could be reached at the last reading. Leave it out: only a reading says no."""
    trouble: Literal[""] = ""
    """Why it could not be reached at the last reading. Leave it out: only a reading says so."""


class HostOutputs(Model):
    """What is known of a host beyond its inputs."""

    pinned_host_key: Annotated[str, STABLE]
    """The host key that every later connection must prove, in OpenSSH's form."""
    hostname: str
    """What it calls itself."""
    architecture: str
    """Of its processors, as `uname -m` tells it."""
    kernel: str
    """The running kernel's release."""
    os: str
    """Its operating system, by name and version."""
    cpus: int
    """How many processors it has."""
    memory_mib: int
    """How much memory it has."""
    disk_gib: int
    """How large its root file system is."""


LiveHost = Live[HostInputs, HostOutputs]


class Host(Resource[HostInputs, HostOutputs, Hosts]):
    """A host that answers over SSH, proves its key and lets us become root.

    Creating it waits for the machine to boot, and pins the key that it shows first unless one is given. A host that
    cannot be reached is no error of a reading: `reachable` and `trouble` differ then. Deleting it does nothing.
    """

    missing: ClassVar[str] = NO_IMPORT

    @override
    async def create(self, inputs: HostInputs, operation: Operation) -> Created[HostOutputs]:
        patience = operation.timeout or inputs.patience_seconds
        return Created(inputs.machine, await self._met(inputs, operation, patience))

    @override
    async def read(self, resource_id: str, known: LiveHost | None, operation: Operation) -> LiveHost | None:
        if known is None:
            what = "a Host cannot be imported: its id does not say how it is reached"
            raise ProviderError(what, NO_IMPORT)
        connection = connection_of(known.inputs, known.outputs.pinned_host_key)
        try:
            outputs = await self._facts(connection, operation)
        except UnreachableError as error:
            seen = {"reachable": False, "trouble": error.trouble}
            return Live(known.inputs.model_copy(update=seen), known.outputs)
        return Live(known.inputs.model_copy(update={"reachable": True, "trouble": ""}), outputs)

    @override
    async def update(
        self, resource_id: str, old: LiveHost, inputs: HostInputs, changed: frozenset[str], operation: Operation
    ) -> HostOutputs:
        # The pinned key stays until another one is given.
        given = inputs.host_key or old.outputs.pinned_host_key
        patience = operation.timeout or min(inputs.patience_seconds, RETURN_SECONDS)
        return await self._met(inputs.model_copy(update={"host_key": given}), operation, patience)

    @override
    async def delete(self, resource_id: str, old: LiveHost, operation: Operation) -> None:
        return

    async def _met(self, inputs: HostInputs, operation: Operation, patience: float) -> HostOutputs:
        if not inputs.addresses:
            what = f"{inputs.machine} has no address"
            raise ProviderError(what, "give addresses, the preferred one first")
        self.client.claim("address", f"{inputs.addresses[0]}:{inputs.port}", inputs.machine)
        connection = await self._wait(inputs, operation, patience)
        self.client.claim("host key", fingerprint(connection.host_key), inputs.machine)
        return await self._facts(connection, operation)

    async def _wait(self, inputs: HostInputs, operation: Operation, patience: float) -> Connection:
        """Connect, again and again until patience ends; what waiting does not mend ends it at once."""
        wanted = connection_of(inputs, inputs.host_key or "")
        began, pause = time.monotonic(), FIRST_PAUSE_SECONDS
        while True:
            try:
                return await self.client.meet(wanted, step="connecting")
            except (HostKeyError, SudoError, UnreadableKeyError):
                raise
            except UnreachableError as error:
                waited = time.monotonic() - began
                longest = min(patience, ADMISSION_SECONDS) if isinstance(error, AuthenticationError) else patience
                if waited + pause > longest:
                    raise
            await operation.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE_SECONDS)

    async def _facts(self, connection: Connection, operation: Operation) -> HostOutputs:
        facts = await self.client.run(connection, "facts", {}, operation, step="reading facts")
        return HostOutputs(pinned_host_key=connection.host_key, **facts)


def connection_of(inputs: HostInputs, host_key: str) -> Connection:
    """Return how a host is reached."""
    return Connection(addresses=inputs.addresses, port=inputs.port, user=inputs.user, host_key=host_key)
