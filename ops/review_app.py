"""``review``: looks at a change by itself; ``tell`` tells the pull request what was found."""

import json
import os
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Final

import typer
from pydantic import ValidationError

import catalog
from ops import github
from ops.answer import answer, write
from ops.endpoint import require_set
from ops.error import InputError
from ops.group import DEFAULT, Listing
from ops.results import ReviewResult

_EVENT: Final = "GITHUB_EVENT_PATH"
_STDIN: Final = "-"

Base = Annotated[str, typer.Option("--base", help="Commit to compare with.")]
Stacks = Annotated[list[str] | None, typer.Option("--stack", help="A stack; again for another. By default every one.")]
Previews = Annotated[
    list[Path] | None,
    typer.Option("--preview", help="An answer of `preview --json`, which knows what is replaced; again for another."),
]
PreviewFolder = Annotated[
    Path | None, typer.Option(help="A folder in which such answers are looked for; it need not be there.")
]
Written = Annotated[Path | None, typer.Option(help="Write it in Markdown there as well.")]
Report = Annotated[str, typer.Option("--report", help="The answer of `review --json`: a file, or - for stdin.")]
AsJson = Annotated[bool, typer.Option("--json", help="Answer as JSON (docs/schema/).")]

app = typer.Typer(cls=Listing, add_completion=False)


@app.callback()
def about() -> None:
    """Show what a change means for every stack: plan, cost, room, rules, tools, data; tell its pull request."""


@app.command(DEFAULT)
def look(
    base: Base = "HEAD",
    stack: Stacks = None,
    preview: Previews = None,
    previews: PreviewFolder = None,
    markdown: Written = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Look, offline: exit 2, 3, 4 or 5 where a stack is refused, and say all the rest nevertheless."""
    from ops.review import review  # noqa: PLC0415 - what it imports takes a tenth of a second
    from ops.review_report import markdown as text  # noqa: PLC0415 - the same

    stacks = stack or [*_every()]
    result = review(stacks, base, datetime.now(UTC).date(), [*(preview or ()), *_in(previews)])
    if markdown:
        write(markdown, text(result))
    if as_json:
        typer.echo(result.model_dump_json(indent=2))
    else:
        typer.echo(text(result, longest=0))
    if result.code:
        raise typer.Exit(result.code)


@app.command("tell")
def tell_people(report: Report = _STDIN, *, as_json: AsJson = False) -> None:
    """Make the pull request's comment and check say what a review found; without a report, that there is none."""
    from ops.review_telling import tell  # noqa: PLC0415 - as above

    number, commit = _pull_request(os.environ)
    with github.opened(os.environ) as hub:
        result = tell(_read(report), hub, number, commit)
    told = f"comment {result.action} ({result.comment}); check: {result.check}"
    answer(result, lambda: typer.echo(told), as_json=as_json)


def _in(folder: Path | None) -> Sequence[Path]:
    """Return the answers of previews in a folder and the folders in it, as a job for each stack keeps them."""
    return sorted(folder.rglob("preview.json")) if folder else ()


def _every() -> tuple[str, ...]:
    return tuple(catalog.load().limits.stacks)


def _read(where: str) -> ReviewResult:
    from ops.review_telling import UNKNOWN  # noqa: PLC0415 - as above

    try:
        text = sys.stdin.read() if where == _STDIN else Path(where).read_text(encoding="utf-8")
        return ReviewResult.model_validate_json(text)
    except (FileNotFoundError, ValidationError):
        return UNKNOWN


def _pull_request(environment: Mapping[str, str]) -> tuple[int, str]:
    """Return the number and the head of the pull request that a workflow runs for.

    Raises:
        InputError: there is none, or a variable is missing.
    """
    require_set(environment, (*github.NEEDED, _EVENT), "a workflow gives them to a job of a pull request")
    try:
        event = json.loads(Path(environment[_EVENT]).read_text(encoding="utf-8"))
        return int(event["pull_request"]["number"]), str(event["pull_request"]["head"]["sha"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        msg = f"{_EVENT}: it is no event of a pull request ({type(error).__name__}); run this in a job of one"
        raise InputError(msg) from None
