"""Commands on this computer."""

import asyncio
import os
from asyncio.subprocess import PIPE, Process
from contextlib import suppress
from signal import SIGKILL
from typing import ClassVar, Final

from typing_extensions import override

from providers.kit import Operation, ProviderError, Resource
from rehearsal.command.lifecycle import Lifecycle
from rehearsal.command.models import LocalInputs, Outputs
from rehearsal.command.running import Ran, previous

_SHELL: Final = ("/bin/sh", "-c")


class Command(Lifecycle[LocalInputs], Resource[LocalInputs, Outputs, None]):
    """A local command to be executed."""

    module: ClassVar[str] = "local"

    @override
    async def run(self, command: str, inputs: LocalInputs, said: Outputs | None, operation: Operation) -> Outputs:
        return await run(command, inputs, said, operation)


async def run(command: str, inputs: LocalInputs, said: Outputs | None, operation: Operation) -> Outputs:
    """Run a command and return what it said.

    Args:
        command: the command, as its interpreter takes it.
        inputs: what it is given.
        said: what the one before it said.
        operation: whose command it is; its time is that of the command.

    Raises:
        ProviderError: it cannot be started, fails or takes too long.
    """
    environment = {**os.environ, **previous(inputs, said), **(inputs.environment or {})}
    program = (*(inputs.interpreter or _SHELL), command)
    try:
        process = await asyncio.create_subprocess_exec(
            *program, stdin=PIPE, stdout=PIPE, stderr=PIPE, cwd=inputs.dir, env=environment, start_new_session=True
        )
    except OSError as error:
        what = f"running {command!r}: {error.strerror}"
        raise ProviderError(what, "check interpreter and dir") from None
    try:
        async with asyncio.timeout(operation.timeout):
            output, complaint = await process.communicate((inputs.stdin or "").encode())
    except TimeoutError:
        what = f"no end within {operation.timeout:g} s: running {command!r}"
        raise ProviderError(what, "give the resource more time") from None
    finally:
        await _end(process)
    return Ran(process.returncode or 0, output.decode(errors="replace"), complaint.decode(errors="replace")).outputs(
        command
    )


async def _end(process: Process) -> None:
    """End a command that still runs, and what it has started."""
    if process.returncode is None:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, SIGKILL)
        await process.wait()
