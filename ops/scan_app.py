"""``scan``: looks for what is known to be wrong."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape

from ops import view
from ops.answer import answer
from ops.results import ScanResult

Sarif = Annotated[Path | None, typer.Option("--sarif", help="A folder for a document of SARIF for each part.")]
AsJson = Annotated[bool, typer.Option("--json", help="Answer as JSON (docs/schema/).")]


def scan(sarif: Sarif = None, *, as_json: AsJson = False) -> None:
    """Look for what is known to be wrong: code, workflows, secrets, manifests, dependencies, images."""
    from ops.scan import scan as scan_verb  # noqa: PLC0415 - the rules take half a second, and no other verb needs them

    result = scan_verb(sarif)
    answer(result, lambda: _show(result, view.stdout()), as_json=as_json)


def _show(result: ScanResult, console: Console) -> None:
    table = view.table("Known to be wrong", "part", "findings", "what is looked at")
    for row in result.parts:
        table.add_row(row.name, "not proven" if row.skipped else str(row.findings), escape(row.what))
    console.print(table)
    view.show_warnings((f"{row.name} was not looked at: {row.skipped}" for row in result.parts if row.skipped), console)
