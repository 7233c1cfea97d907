"""Hosts over SSH: one connection each, shared by all resources, opened when first used."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from providers.host.agent import Agent, begin
from providers.host.connection import Connection
from providers.host.errors import UnreachableError, failed
from providers.host.gathering import Gathering
from providers.host.handshake import Session, Way, open_session
from providers.kit import Operation, ProviderError

if TYPE_CHECKING:
    import asyncssh

# A host has other things to do.
PROGRAMS: Final = 4
JsonValue = Any


class Hosts:
    """All hosts of a run.

    Args:
        way: what connections are made with.
        sudo_password: what sudo asks for; none where it asks for nothing.
        artefacts: where artefacts lie by their SHA-256 that are delivered to hosts.
    """

    def __init__(self, way: Way, sudo_password: str | None = None, artefacts: Path | None = None) -> None:
        self.artefacts = artefacts or Path()
        self._way = way
        self._sudo_password = sudo_password
        self._sessions: dict[Connection, asyncio.Task[Session]] = {}
        self._turns: dict[Connection, asyncio.Semaphore] = {}
        self._claims: dict[tuple[str, str], str] = {}
        self._gathering: dict[tuple[Connection, str, str], Gathering] = {}

    async def run(
        self,
        connection: Connection,
        program: str,
        data: Mapping[str, JsonValue],
        operation: Operation,  # noqa: ARG002 - part of what callers say; a cancelled run lets requests end
        *,
        step: str,
        timeout_seconds: float = 60,
    ) -> Any:
        """Run a program of `remote` on a host as root, and return what it answers.

        Args:
            connection: how the host is reached; its key is pinned.
            program: the module's name.
            data: what it is given.
            operation: who asks.
            step: what is done, for errors.
            timeout_seconds: how long it may take.

        Raises:
            UnreachableError: no address answers, the connection is cut, or the host does not let us do anything.
            HostKeyError: the host has another key.
            StepError: the step failed there.
        """
        if not connection.host_key:
            what = f"{connection.label}: {step}: no host key is pinned"
            raise ProviderError(what, "give the `Host`'s connection, which holds it")
        async with self._turns.setdefault(connection, asyncio.Semaphore(PROGRAMS)):
            try:
                async with asyncio.timeout(timeout_seconds):
                    agent = await self._agent(connection, step)
                    return await agent.run(program, data, step=step)
            except TimeoutError:
                self._forget(connection)
                what = f"no end within {timeout_seconds:g} s"
                remedy = "look at what runs on the host, then run again"
                raise UnreachableError(connection.label, step, what, remedy) from None

    async def run_together(
        self,
        connection: Connection,
        program: str,
        act: str,
        request: Mapping[str, JsonValue],
        operation: Operation,
        *,
        step: str,
        timeout_seconds: float = 60,
    ) -> Any:
        """Run a program as `run` does, once for all requests that come at nearly the same time, and return our answer.

        Args:
            connection: how the host is reached; its key is pinned.
            program: the module's name; it is given `act` and `requests`, and returns an answer for each.
            act: what is done; requests of the same act go together.
            request: what is asked for.
            operation: who asks.
            step: what is done, for errors.
            timeout_seconds: how long it may take.

        Raises:
            UnreachableError, HostKeyError, StepError: as `run` does.
        """
        key = (connection, program, act)
        if (gathering := self._gathering.get(key)) is None:

            def send(requests: Sequence[Mapping[str, JsonValue]], seconds: float) -> Awaitable[Sequence[Any]]:
                data = {"act": act, "requests": requests}
                everything = f"{act} {program}s"
                return self.run(connection, program, data, operation, step=everything, timeout_seconds=seconds)

            gathering = self._gathering[key] = Gathering(send, lambda: self._gathering.pop(key))
        answer = await gathering.ask(request, timeout_seconds)
        if "error" in answer:
            raise failed(connection.label, step, answer["error"])
        return answer["result"]

    async def reachable(self, connection: Connection, *, step: str = "connecting") -> str:
        """Open a fresh connection, close it again, and return the host key that was proven.

        Args:
            connection: how the host is reached; with an empty key any is taken.
            step: what it is for, for errors.

        Raises:
            UnreachableError: there is no way in.
            HostKeyError: the host has another key.
        """
        session = await open_session(connection, self._way, step=step)
        await session.close()
        return session.host_key

    async def meet(self, connection: Connection, *, step: str) -> Connection:
        """Connect afresh, keep the connection for all resources, and return it with the key that was proven.

        Args:
            connection: how the host is reached; with an empty key any is taken.
            step: what it is for, for errors.

        Raises:
            UnreachableError: there is no way in.
            HostKeyError: the host has another key.
        """
        # A host that nobody has met has no access interface yet: whoever answers at the preferred address is another.
        order = connection.addresses if connection.host_key else connection.addresses[::-1]
        session = await open_session(connection.model_copy(update={"addresses": order}), self._way, step=step)
        pinned = connection.model_copy(update={"host_key": session.host_key})
        if self._alive(pinned):
            await session.close()
        else:
            self._sessions[pinned] = asyncio.ensure_future(_already(session))
        return pinned

    def claim(self, kind: str, value: str, machine: str) -> None:
        """Record that something belongs to one machine for this run.

        Args:
            kind: what it is: an address, a host key.
            value: which.
            machine: whose it is.

        Raises:
            ProviderError: it is another machine's.
        """
        owner = self._claims.setdefault((kind, value), machine)
        if owner != machine:
            what = f"{kind} {value} is that of two machines: {owner} and {machine}"
            raise ProviderError(what, "give each machine its own; nothing was done on either")

    @property
    def proxy_url(self) -> str | None:
        """The proxy that hosts are reached through; none: directly."""
        return self._way.proxy_url

    async def ssh(self, connection: Connection, *, step: str) -> asyncssh.SSHClientConnection:
        """Return the connection that all resources on a host share, for what is more than a program.

        Args:
            connection: how the host is reached; its key is pinned.
            step: what it is for, for errors.

        Raises:
            UnreachableError: there is no way in.
            HostKeyError: the host has another key.
        """
        return (await self._session(connection, step)).ssh

    async def close(self) -> None:
        """Close all connections."""
        tasks, self._sessions = [*self._sessions.values()], {}
        for task in tasks:
            task.cancel()
            with contextlib.suppress(Exception, asyncio.CancelledError):
                await (await task).close()

    def _alive(self, connection: Connection) -> bool:
        task = self._sessions.get(connection)
        if task is None or task.cancelled():
            return False
        if not task.done():
            return True
        return task.exception() is None and not task.result().closed

    def _forget(self, connection: Connection) -> None:
        """Let the next step begin anew: what hangs may hang for all."""
        task = self._sessions.get(connection)
        if task is not None and task.done() and not task.cancelled() and task.exception() is None:
            task.result().agent = None

    async def _agent(self, connection: Connection, step: str) -> Agent:
        session = await self._session(connection, step)
        if session.agent is None or not _lives(session.agent):
            session.agent = asyncio.ensure_future(begin(session.ssh, connection, self._sudo_password, step))
        return await asyncio.shield(session.agent)

    async def _session(self, connection: Connection, step: str) -> Session:
        if not self._alive(connection):
            opening = open_session(connection, self._way, step=step)
            self._sessions[connection] = asyncio.ensure_future(opening)
        # Others wait for the same: one that gives up must not end it for them.
        return await asyncio.shield(self._sessions[connection])


def _lives(task: asyncio.Task[Agent]) -> bool:
    return not task.done() or (not task.cancelled() and task.exception() is None and not task.result().ended)


async def _already(session: Session) -> Session:
    return session
