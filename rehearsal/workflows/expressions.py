"""Expressions of workflows, evaluated by GitHub's own library in a process of Node.js."""

import json
import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Literal, Self

from rehearsal.workflows.workflow import WorkflowError

Status = Literal["success", "failure", "cancelled", "skipped"]
"""How what came before has ended."""

Condition = str | bool | None
"""An expression, with or without its braces, or what YAML makes of `true` and `false`."""

SCRIPT: Final = "evaluate.mjs"
"""The program, in the folder of its packages."""

_EXPRESSION: Final = re.compile(r"\$\{\{(.*?)\}\}", re.DOTALL)
_ASKS: Final = re.compile(r"\b(success|failure|cancelled|always)\s*\(")
"""A condition that asks for none of these holds only after success."""


@dataclass(slots=True)
class Expressions:
    """Evaluates while the block runs.

    Args:
        tree: the folder with Node.js, the packages and the program.
    """

    tree: Path
    _process: subprocess.Popen[str] | None = field(default=None, init=False)

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            [self.tree / "bin/node", self.tree / SCRIPT], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process:
            self._process.communicate(timeout=10)

    def text(self, template: str, contexts: Mapping[str, Any], status: Status) -> str:
        """Return a text whose expressions are replaced by what they come to.

        Args:
            template: the text.
            contexts: what is known.
            status: how what came before has ended.

        Raises:
            WorkflowError: an expression is none, or asks for a context that is not known here.
        """
        return _EXPRESSION.sub(lambda found: str(self._asked(found[1], contexts, status)["text"]), template)

    def holds(self, condition: Condition, contexts: Mapping[str, Any], status: Status) -> bool:
        """Return whether a condition holds; without one, whether what came before has succeeded.

        Args:
            condition: the condition.
            contexts: what is known.
            status: how what came before has ended.

        Raises:
            WorkflowError: as `text` does.
        """
        if condition is None or isinstance(condition, bool):
            return status == "success" and condition is not False
        bare = _EXPRESSION.fullmatch(condition.strip())
        expression = bare[1] if bare else condition
        asked = expression if _ASKS.search(expression) else f"success() && ({expression})"
        return bool(self._asked(asked, contexts, status)["holds"])

    def _asked(self, expression: str, contexts: Mapping[str, Any], status: Status) -> Mapping[str, Any]:
        if self._process is None or self._process.stdin is None or self._process.stdout is None:
            msg = "expressions are evaluated within the block alone"
            raise ValueError(msg)
        asked = {"expression": expression.strip(), "contexts": contexts, "status": status}
        self._process.stdin.write(f"{json.dumps(asked)}\n")
        self._process.stdin.flush()
        answer: Mapping[str, Any] = json.loads(self._process.stdout.readline())
        if "error" in answer:
            msg = f"{expression.strip()}: {answer['error']}"
            raise WorkflowError(msg)
        return answer
