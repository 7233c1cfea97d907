"""Pulumi ESC's own evaluator, as a program that is given documents and keeps none."""

import base64
import json
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal

from pydantic import BaseModel, ConfigDict, TypeAdapter

from rehearsal.error import RehearsalError

PROGRAM: Final = "esc"
"""Its name in the tool chain."""
_SECONDS = 30.0

Act = Literal["check", "open", "seal", "unseal"]
"""What it does with a document."""


class Position(BaseModel):
    """A place in a document."""

    model_config = ConfigDict(frozen=True)

    line: int
    column: int
    byte: int


class Span(BaseModel):
    """A part of a document."""

    model_config = ConfigDict(frozen=True)

    environment: str
    begin: Position
    end: Position


class Diagnostic(BaseModel):
    """What is wrong with a document, in the form in which the service tells it."""

    model_config = ConfigDict(frozen=True)

    summary: str
    path: str = ""
    range: Span | None = None
    severity: Literal["error", "warning"]

    @property
    def place(self) -> str:
        """Where it is, as messages name it."""
        at = f"{self.range.environment}:{self.range.begin.line}" if self.range else ""
        return ": ".join(part for part in (at, self.path) if part)


class Value(BaseModel):
    """What something evaluates to: text, a number, a truth value, nothing, or more values."""

    model_config = ConfigDict(frozen=True)

    value: "bool | int | float | str | dict[str, Value] | list[Value] | None"
    secret: bool = False
    unknown: bool = False

    @property
    def members(self) -> Mapping[str, "Value"]:
        """The values that it is a mapping of; none where it is something else."""
        return self.value if isinstance(self.value, dict) else {}


class Evaluation(BaseModel):
    """What became of one document."""

    model_config = ConfigDict(frozen=True)

    environment: Mapping[str, Any] = {}
    """What it evaluates to, in the form in which clients read it."""
    document: str = ""
    """The document, sealed or unsealed."""
    diagnostics: tuple[Diagnostic, ...] = ()
    """What is wrong with it."""

    @property
    def values(self) -> Mapping[str, Value]:
        """Its values by name."""
        return TypeAdapter(Mapping[str, Value]).validate_python(self.environment.get("properties", {}))

    @property
    def refused(self) -> bool:
        """Whether something is so wrong that it evaluates to nothing."""
        return any(one.severity == "error" for one in self.diagnostics)


@dataclass(frozen=True, slots=True)
class Evaluator:
    """The program.

    Args:
        program: where it is.
        key: seals and opens secrets, 32 bytes; not needed where none is sealed.
        user: who asks, as documents are told.
    """

    program: Path
    key: bytes = field(default=b"", repr=False)
    user: str = ""

    def __call__(self, act: Act, names: Sequence[str], documents: Mapping[str, str]) -> Mapping[str, Evaluation]:
        """Return what becomes of environments.

        Args:
            act: ``check`` evaluates without asking providers, ``open`` gives all; ``seal`` and ``unseal`` rewrite.
            names: the environments.
            documents: all environments, as YAML, by name.

        Raises:
            RehearsalError: it does not do what it is asked.
        """
        asked = {"do": act, "names": [*names], "documents": {**documents}, "user": self.user}
        asked["key"] = base64.b64encode(self.key).decode()
        done = subprocess.run(
            [self.program],
            input=json.dumps(asked),
            env={},
            capture_output=True,
            check=False,
            text=True,
            timeout=_SECONDS,
        )
        if done.returncode:
            message = f"Pulumi ESC's evaluator failed: {done.stderr.strip() or done.returncode}; run `./sophia setup`"
            raise RehearsalError(message)
        return TypeAdapter(Mapping[str, Evaluation]).validate_json(done.stdout)
