"""``policy``: what the rules say, of whatever they can be asked about."""

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.text import Text

from ops import view
from ops.exit_code import ExitCode

if TYPE_CHECKING:
    from ops.manifests import Checked

Folder = Annotated[Path, typer.Argument(help="The folder with the manifests, or one file.", metavar="DIR")]
OfStack = Annotated[str, typer.Option("--stack", help="The stack by whose levels they are judged.")]
Version = Annotated[str, typer.Option(help="Of the Pod Security Standards, such as v1.36; by default the catalog's.")]
AsJson = Annotated[bool, typer.Option("--json", help="A line of JSON for each rule and object (docs/schema/).")]

_COLOURS = {"fail": "red", "unknown": "yellow", "exempt": "dim", "pass": "green"}

app = typer.Typer(no_args_is_help=True, add_completion=False)


@app.callback()
def about() -> None:
    """Ask the rules of docs/policies.md."""


@app.command("check-manifests")
def check_manifests(folder: Folder, stack: OfStack = "prod", version: Version = "", *, as_json: AsJson = False) -> None:
    """Judge any folder of Kubernetes YAML; exit 3 when something is found at a level that blocks."""
    from ops import manifests  # noqa: PLC0415 - the rules take half a second, and no other verb needs them

    checked = manifests.check(folder, manifests.known(stack, version))
    if as_json:
        for row in checked.rows:
            typer.echo(row.model_dump_json())
    else:
        _show(checked, view.stdout())
    if checked.refused:
        raise typer.Exit(ExitCode.POLICY)


def _show(checked: "Checked", console: Console) -> None:
    """Print what does not pass, and how much does."""
    told = [row for row in checked.rows if row.verdict != "pass"]
    if told:
        table = view.table("What does not pass", "file", "document", "object", "rule", "verdict", "what to do")
        for row in told:
            place = (escape(row.file), str(row.document), escape(f"{row.kind} {row.name}"), row.rule)
            table.add_row(*place, Text(row.verdict, _COLOURS[row.verdict]), escape(row.message))
        console.print(table)
    counted = Counter[str](row.verdict for row in checked.rows)
    verdicts = ", ".join(f"{counted[verdict]} {verdict}" for verdict in _COLOURS if counted[verdict])
    console.print(f"{checked.objects} objects, {len(checked.rows)} verdicts: {verdicts or 'none'}", highlight=False)
