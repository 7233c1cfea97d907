"""``report``: writes the state of a stack as one page."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from ops.answer import answer, writing
from ops.deployment import Target, known, rehearsal_of
from rehearsal.home import write_private
from rehearsal.toolchain import progress_for

_PAGE = "report.html"

Stack = Annotated[str, typer.Argument(help="dev, staging or prod", metavar="STACK")]
Written = Annotated[
    Path | None, typer.Option("--html", help="The page; by default in the rehearsal's folder, without one here.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Answer as JSON (docs/schema/).")]


def report(
    stack: Stack = "dev", target: Target = Target.REHEARSAL, *, html: Written = None, as_json: AsJson = False
) -> None:
    """Write the state of a stack as one page: topology, cost, room, rules, drift, secrets, versions, what to do."""
    from ops.report import report as report_verb  # noqa: PLC0415 - the rules and pygal take a second
    from ops.report_page import page  # noqa: PLC0415 - the same

    file = html or _file(known(stack))
    result = report_verb(stack, target, progress_for(), datetime.now(UTC)).model_copy(update={"file": str(file)})
    with writing(file):
        file.parent.mkdir(parents=True, exist_ok=True)
        write_private(file, page(result))
    answer(result, lambda: typer.echo(f"Report of {stack}: {file}"), as_json=as_json)


def _file(stack: str) -> Path:
    """Return where the page goes with the stack when that ends; beside its reader where there is no rehearsal."""
    folder = rehearsal_of(stack).folder.path
    return folder / _PAGE if folder.is_dir() else Path.cwd() / f"{stack}-{_PAGE}"
