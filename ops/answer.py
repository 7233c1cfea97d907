"""How a verb answers: JSON or a view, and the exit code."""

from collections.abc import Callable

import typer

from ops import view
from ops.exit_code import ExitCode
from ops.results import Result


def answer(
    result: Result,
    show: Callable[[], None],
    *,
    as_json: bool,
    drifted: bool = False,
    partial: bool = False,
    code: ExitCode = ExitCode.FAILED,
    refused: bool = False,
) -> None:
    """Print a result, and leave with its exit code unless all is well.

    Args:
        result: what the verb found.
        show: prints it for people.
        as_json: whether it is printed as JSON instead.
        drifted: whether it is a drift.
        partial: whether a part of the answer is missing.
        code: what its errors mean.
        refused: whether a policy refuses it.

    Raises:
        typer.Exit: with the code, when it is not 0.
    """
    if as_json:
        typer.echo(result.model_dump_json(indent=2))
    else:
        show()
        view.show_errors(result.errors)
    if refused:
        raise typer.Exit(ExitCode.POLICY)
    if result.errors:
        raise typer.Exit(code)
    if partial:
        raise typer.Exit(ExitCode.PARTIAL)
    if drifted:
        raise typer.Exit(ExitCode.DRIFT)
