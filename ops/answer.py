"""How a verb answers: JSON or a view, and the exit code."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import typer

from ops import view
from ops.answers import keep
from ops.error import InputError
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
    """Print a result, keep it where that is wanted, and leave with its exit code unless all is well.

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
    keep(result)
    if as_json:
        typer.echo(result.model_dump_json(indent=2))
    else:
        show()
        view.show_errors(result.errors)
    if leave := exit_code(result, drifted=drifted, partial=partial, code=code, refused=refused):
        raise typer.Exit(leave)


def add(file: Path, text: str) -> None:
    """Add a text to a file, such as the summary of a job, that other verbs add to as well.

    Args:
        file: the file.
        text: the text.

    Raises:
        InputError: it cannot be written.
    """
    with writing(file), file.open("a", encoding="utf-8") as out:
        out.write(text)


def write(file: Path, text: str) -> None:
    """Write a file that was asked for, its folder with it.

    Args:
        file: the file.
        text: the text.

    Raises:
        InputError: it cannot be written.
    """
    with writing(file):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")


@contextmanager
def writing(file: Path) -> Iterator[None]:
    """A file that was asked for is written inside.

    Args:
        file: the file.

    Raises:
        InputError: it cannot be written.
    """
    try:
        yield
    except OSError as error:
        msg = f"{file}: it cannot be written ({error.strerror}); name another file"
        raise InputError(msg) from None


def exit_code(
    result: Result,
    *,
    drifted: bool = False,
    partial: bool = False,
    code: ExitCode = ExitCode.FAILED,
    refused: bool = False,
) -> ExitCode:
    """Return what a verb leaves with; the arguments are those of `answer`."""
    if refused:
        return ExitCode.POLICY
    if result.errors:
        return code
    if partial:
        return ExitCode.PARTIAL
    return ExitCode.DRIFT if drifted else ExitCode.OK
