"""The program on a host that runs all others: started once for a connection, asked many times."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from providers.host.connection import Connection
from providers.host.errors import UnreachableError, failed
from providers.host.program import MODULES, modules
from providers.host.starting import start

if TYPE_CHECKING:
    import asyncssh

CHUNK = 2**16


class Agent:
    """Runs programs on one host as root.

    Args:
        process: the program on the host, which listens.
        label: how errors call the host.
    """

    def __init__(self, process: asyncssh.SSHClientProcess[bytes], label: str) -> None:
        self._process = process
        self._label = label
        self._numbers = itertools.count()
        self._sent: set[str] = set(modules("agent"))
        self._asked: dict[int, asyncio.Future[Mapping[str, Any]]] = {}
        self._listening = asyncio.ensure_future(self._listen())

    @property
    def ended(self) -> bool:
        """Whether it answers nothing any more."""
        return self._listening.done()

    async def run(self, program: str, data: Mapping[str, Any], *, step: str) -> Any:
        """Run a program, and return what it answers.

        Args:
            program: the module's name in `remote`.
            data: what it is given.
            step: what is done, for errors.

        Raises:
            UnreachableError: the connection is cut.
            StepError: the step failed.
        """
        cut = UnreachableError(self._label, step, "the connection was cut", "run again: it goes on from what was done")
        if self.ended:
            raise cut
        number = next(self._numbers)
        new = {name: text for name, text in modules(program).items() if name not in self._sent}
        request = {"number": number, "modules": new, "program": f"{MODULES}.{program}", "data": data}
        answered = self._asked[number] = asyncio.get_running_loop().create_future()
        try:
            self._process.stdin.write(json.dumps(request, separators=(",", ":")).encode() + b"\n")
            self._sent |= new.keys()
            answer = await answered
        except (OSError, asyncio.IncompleteReadError):
            raise cut from None
        finally:
            self._asked.pop(number, None)
        if "error" in answer:
            raise failed(self._label, step, answer["error"])
        return answer["result"]

    async def close(self) -> None:
        """Ask it for nothing more; what runs ends by itself."""
        with contextlib.suppress(OSError):
            self._process.stdin.write_eof()
        self._listening.cancel()
        await asyncio.gather(self._listening, return_exceptions=True)

    async def _listen(self) -> None:
        import asyncssh  # noqa: PLC0415 - half a second that a preview without changes does not pay

        buffer = bytearray()
        try:
            while got := await self._process.stdout.read(CHUNK):
                buffer += got
                # Only what is new can hold the end of a line.
                if b"\n" in got:
                    *lines, rest = bytes(buffer).split(b"\n")
                    buffer = bytearray(rest)
                    for line in lines:
                        self._answered(json.loads(line))
        except (OSError, asyncssh.Error):
            pass
        finally:
            for future in self._asked.values():
                if not future.done():
                    future.set_exception(ConnectionResetError())

    def _answered(self, answer: Mapping[str, Any]) -> None:
        future = self._asked.get(answer["number"])
        # Whoever asked may have lost patience.
        if future is not None and not future.done():
            future.set_result(answer["answer"])


async def begin(
    ssh: asyncssh.SSHClientConnection, connection: Connection, sudo_password: str | None, step: str
) -> Agent:
    """Start the program on a host.

    Args:
        ssh: an open connection.
        connection: whose it is.
        sudo_password: what sudo asks for; none where it asks for nothing.
        step: what it is for, for errors.

    Raises:
        UnreachableError: the connection is cut, or the user does not become root.
        StepError: the host has no Python.
    """
    return Agent(await start(ssh, connection, sudo_password, step), connection.label)
