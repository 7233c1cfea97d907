"""Asking before the cloud is changed."""

from collections.abc import Callable

import typer
from rich.console import Console

from ops import view
from ops.engine import EngineError
from ops.results import PreviewResult


def agreed(stack: str, *, yes: bool) -> Callable[[PreviewResult], None]:
    """Return what shows a plan and asks whether to go on; it raises where that is refused.

    Args:
        stack: name of the stack.
        yes: whether nobody is asked.
    """

    def agree(plan: PreviewResult) -> None:
        view.show_changes(plan, Console(stderr=True, highlight=False), "No changes.")
        if plan.errors:
            raise EngineError("; ".join(plan.errors))
        if not yes:
            typer.confirm(f"Change {stack} in the cloud?", abort=True, err=True)

    return agree
