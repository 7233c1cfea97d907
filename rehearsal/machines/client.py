"""A place outside of the machines with a public address of its own: the runner, or wherever a scan comes from."""

import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rehearsal.machines.command import PATH
from rehearsal.machines.names import path_of


@dataclass(frozen=True, slots=True)
class Client:
    """A network namespace with this computer's own disk and programs."""

    namespace: str
    """Its network namespace."""
    address: str
    """Its public address."""

    def run(
        self,
        command: Sequence[str],
        *,
        text: str = "",
        environment: Mapping[str, str] | None = None,
        seconds: float = 60.0,
    ) -> subprocess.CompletedProcess[str]:
        """Run a program there and return how it ended, whatever that is.

        Args:
            command: the program and its arguments.
            text: what it reads.
            environment: its environment beside PATH.
            seconds: how long it may take; then `subprocess.TimeoutExpired` is raised.
        """
        return subprocess.run(
            self.command(command),
            input=text,
            env={"PATH": PATH, **(environment or {})},
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
        )

    def command(self, command: Sequence[str]) -> list[str]:
        """Return the command that runs a program there."""
        return ["nsenter", f"--net={path_of(self.namespace)}", *command]
