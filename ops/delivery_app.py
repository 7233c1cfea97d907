"""``delivery``: tells what became of one delivery to a stack."""

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from ops.answer import add, answer
from ops.answers import FOLDER
from ops.deployment import Target, known
from ops.error import InputError
from rehearsal.toolchain import progress_for

Stack = Annotated[str, typer.Argument(help="The stack.", metavar="STACK")]
Answers = Annotated[Path | None, typer.Option(help=f"Where its verbs kept their answers; without it {FOLDER}.")]
Written = Annotated[Path | None, typer.Option(help="Add it in Markdown to this file as well.")]
AsJson = Annotated[bool, typer.Option("--json", help="Answer as JSON (docs/schema/).")]


def delivery(
    stack: Stack,
    target: Target = Target.REHEARSAL,
    answers: Answers = None,
    markdown: Written = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Tell what became of a delivery: what, by whom, approved by whom, when, the plan, verdicts, times, what failed."""
    from ops import delivery as made  # noqa: PLC0415 - what reports import takes a second

    folder = answers or (Path(os.environ[FOLDER]) if os.environ.get(FOLDER) else None)
    if folder is None:
        msg = f"--answers: nobody says where verbs kept their answers; name the folder, or set {FOLDER} for all of them"
        raise InputError(msg)
    result = made.delivery(known(stack), target, folder, progress_for(), datetime.now(UTC))
    if markdown:
        add(markdown, made.markdown(result))
    answer(result, lambda: typer.echo(made.headline(result)), as_json=as_json)
