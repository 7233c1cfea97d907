"""A command that has run, and what is told of one that failed."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from providers.kit import ProviderError
from rehearsal.command.models import Inputs, Outputs

_SHOWN: Final = 3000
_PREVIOUS: Final = {"PULUMI_COMMAND_STDOUT": "stdout", "PULUMI_COMMAND_STDERR": "stderr"}


@dataclass(frozen=True, slots=True)
class Ran:
    """How a command ended."""

    status: int | str
    """Its exit status, or the signal that ended it."""
    stdout: str
    """What it said."""
    stderr: str
    """What it complained of."""

    def outputs(self, command: str) -> Outputs:
        """Return what it said.

        Args:
            command: the command, for the error.

        Raises:
            ProviderError: it failed.
        """
        if self.status:
            said = "; ".join(f"{self.stdout}{self.stderr}".split("\n")).strip("; ")
            what = f"Process exited with status {self.status}: running {command!r}: {said[-_SHOWN:]}"
            raise ProviderError(what, "mend what it says, then run again")
        return Outputs(stdout=self.stdout.removesuffix("\n"), stderr=self.stderr.removesuffix("\n"))


def previous(inputs: Inputs, said: Outputs | None) -> Mapping[str, str]:
    """Return what a command is told of the one before, as variables."""
    if said is None or inputs.add_previous_output_in_env is False:
        return {}
    texts = {variable: getattr(said, field) for variable, field in _PREVIOUS.items()}
    return {variable: text for variable, text in texts.items() if text}
