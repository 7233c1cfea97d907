"""``policy``: what the rules say, of whatever they can be asked about; without a verb of its own, of a stack."""

import json
import os
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.text import Text

from ops import github, view
from ops.answer import answer, write
from ops.deployment import known, rehearsed
from ops.error import InputError
from ops.exit_code import ExitCode
from ops.group import DEFAULT, Listing
from ops.phases import Phases
from ops.results import PolicyResult
from rehearsal.toolchain import progress_for

if TYPE_CHECKING:
    from ops.manifests import Checked

_COLOURS = {"fail": "red", "unknown": "yellow", "exempt": "dim", "pass": "green"}

Stack = Annotated[str, typer.Argument(help="dev, staging or prod", metavar="STACK")]
From = Annotated[str, typer.Option("--from", help="What is judged: render, state or preview.", metavar="SOURCE")]
State = Annotated[Path | None, typer.Option("--file", help="With --from state: what `pulumi stack export` printed.")]
Sarif = Annotated[Path | None, typer.Option("--sarif", help="Write SARIF 2.1.0 to this file too.")]
Markdown = Annotated[bool, typer.Option("--markdown", help="Answer as Markdown, for a comment.")]
Folder = Annotated[Path, typer.Argument(help="The folder with the manifests, or one file.", metavar="DIR")]
OfStack = Annotated[str, typer.Option("--stack", help="The stack by whose levels they are judged.")]
Version = Annotated[str, typer.Option(help="Of the Pod Security Standards, such as v1.36; by default the catalog's.")]
Rows = Annotated[bool, typer.Option("--json", help="A line of JSON for each rule and object (docs/schema/).")]
AsJson = Annotated[bool, typer.Option("--json", help="Answer as JSON (docs/schema/).")]


app = typer.Typer(cls=Listing, add_completion=False)


@app.callback()
def about() -> None:
    """Ask the rules of docs/policies.md about a stack: `policy STACK`."""


@app.command(DEFAULT)
def judge(
    stack: Stack = "dev",
    source: From = "render",
    file: State = None,
    sarif: Sarif = None,
    *,
    markdown: Markdown = False,
    as_json: AsJson = False,
) -> None:
    """Show every rule, its verdict on each resource, and every exemption; exit 3 when something blocks."""
    # The rules take half a second to import (measured), and no other verb needs them.
    from ops import policy_view  # noqa: PLC0415 - for that reason
    from ops.sarif import sarif as document  # noqa: PLC0415 - the same

    result = _judged(known(stack), source, file)
    if sarif is not None:
        write(sarif, json.dumps(document(result, _address(os.environ)), indent=1) + "\n")
    if markdown and not as_json:
        typer.echo(policy_view.markdown(result))
    answer(
        result,
        lambda: None if markdown else policy_view.show(result, view.stdout()),
        as_json=as_json,
        refused=bool(result.refusing),
    )


def _judged(stack: str, source: str, file: Path | None) -> PolicyResult:
    from ops import policy, preview  # noqa: PLC0415 - as above

    if source not in {*policy.Source}:
        msg = f"--from {source}: it names what is judged; choose one of: {', '.join(policy.Source)}"
        raise InputError(msg)
    if file is not None and source != policy.Source.STATE:
        msg = f"--file {file}: only a state is read from a file; add --from state"
        raise InputError(msg)
    if source == policy.Source.STATE:
        return policy.of_state(stack, file, progress_for())
    if source == policy.Source.PREVIEW:
        deployment = rehearsed(stack, progress_for(), Phases())
        return policy.of_preview(preview.preview(deployment), deployment)
    return policy.of_render(stack)


def _address(environment: Mapping[str, str]) -> str:
    """Return where a run of GitHub's reads the repository's files; empty elsewhere: then links are relative to it."""
    files = github.page(environment, "blob", "SHA")
    return f"{files}/" if files else ""


@app.command("check-manifests")
def check_manifests(folder: Folder, stack: OfStack = "prod", version: Version = "", *, as_json: Rows = False) -> None:
    """Judge any folder of Kubernetes YAML; exit 3 when something is found at a level that blocks."""
    from ops import manifests  # noqa: PLC0415 - the rules take half a second, and no other verb needs them

    checked = manifests.check(folder, manifests.known(stack, version))
    if as_json:
        for row in checked.rows:
            typer.echo(row.model_dump_json())
    else:
        _show_checked(checked, view.stdout())
    if checked.refused:
        raise typer.Exit(ExitCode.POLICY)


def _show_checked(checked: "Checked", console: Console) -> None:
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
