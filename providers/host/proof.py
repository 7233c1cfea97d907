"""Changes to what we come in by: the host undoes them unless a fresh connection proves that we still come in."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from providers.host.connection import Connection
from providers.host.errors import HostKeyError, StepError, UnreachableError
from providers.host.ssh import Hosts
from providers.kit import Operation, ProviderError

MARGIN_SECONDS: Final = 3.0
"""How long before the host undoes a change the proof must be there, so that the confirmation reaches it in time."""

AGAIN_SECONDS: Final = 0.5
"""How long after a failed attempt to come in the next one follows."""

PATIENCE_SECONDS: Final = 30.0
"""How long a host is asked what became of a change, from when it should have undone it."""


@dataclass(frozen=True)
class Change:
    """A change that the host undoes unless it is proven."""

    hosts: Hosts
    """The hosts of the run."""
    connection: Connection
    """How the host is reached."""
    program: str
    """The program on the host, which knows `apply`, `confirm` and `outcome`."""
    operation: Operation
    """What it is part of."""
    seconds: float
    """After how long the host undoes it."""
    before: str
    """What holds again then, for errors: `the rules before`."""

    async def make(self, data: Mapping[str, Any]) -> Any:
        """Apply it, prove the way in by a fresh connection, have the host keep it; return what the host said of it.

        Args:
            data: what the program is given.

        Raises:
            ProviderError: there is no way in with it; the host has undone it, or does so by itself.
        """
        begun = asyncio.get_running_loop().time()
        try:
            said = await self._run("apply", {**data, "seconds": self.seconds}, "applying")
        except UnreachableError as error:
            await self._undone(error.what, error, begun)
        try:
            async with asyncio.timeout(self.seconds - MARGIN_SECONDS):
                await self._prove()
        except (UnreachableError, TimeoutError) as error:
            await self._undone("a fresh connection found no way in with the change", error, begun)
        await self._run("confirm", data, "keeping")
        return said

    async def _prove(self) -> None:
        """Come in by a fresh connection, tried again and again: a server that reads its settings anew refuses some."""
        while True:
            try:
                await self.hosts.reachable(self.connection, step=f"{self.program}: proving the way in")
            except HostKeyError:
                raise
            except UnreachableError:
                await asyncio.sleep(AGAIN_SECONDS)
            else:
                return

    async def _undone(self, why: str, cause: Exception, begun: float) -> None:
        """Wait until the host has undone the change that was begun then, and tell.

        Raises:
            ProviderError: always.
        """
        label = f"{self.connection.label}: {self.program}"
        await asyncio.sleep(begun + self.seconds - asyncio.get_running_loop().time())
        try:
            outcome = await self._outcome()
        except (UnreachableError, StepError) as error:
            what = f"{label}: {why}; the host undoes it after {self.seconds:g} s, which could not be seen: {error.what}"
            raise ProviderError(what, "if it does not answer in a minute: docs/runbooks/locked-out.md") from cause
        if outcome == "rolled-back":
            what = f"{label}: {why}; the host rolled back by itself, and {self.before} hold"
            raise ProviderError(what, "change what closes the way in, then run again") from cause
        what = f"{label}: {why}; the host answers again, and says of the change: {outcome or 'never made'}"
        raise ProviderError(what, "run again") from cause

    async def _outcome(self) -> str:
        """Return what became of the change, asked until the host answers: ways in take a moment to come back."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + PATIENCE_SECONDS
        while True:
            try:
                return str(await self._run("outcome", {}, "looking what became of the change"))
            except UnreachableError:
                if loop.time() > deadline:
                    raise
            await asyncio.sleep(1)

    async def _run(self, act: str, data: Mapping[str, Any], step: str) -> Any:
        return await self.hosts.run(
            self.connection, self.program, {**data, "act": act}, self.operation, step=f"{self.program}: {step}"
        )
