"""``cost`` and ``capacity``: whether a stack's money and room suffice, judged on its render alone."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

import catalog
from catalog import CatalogError
from ops import capacity as room
from ops import cost as money
from ops import cost_view, infracost, opencost, view
from ops.answer import answer, write
from ops.deployment import Target
from ops.exit_code import ExitCode
from ops.rendering import render
from render import ROOT

Stack = Annotated[str, typer.Argument(help="dev, staging or prod", metavar="STACK")]
AsJson = Annotated[bool, typer.Option("--json", help="Answer as JSON (docs/schema/).")]
Book = Annotated[str, typer.Option("--price-book", help="Price it by this book instead, however old.")]
Against = Annotated[
    str, typer.Option(help="`state`, or a commit; where it is deployed the state by default, and else HEAD.")
]
InfracostFile = Annotated[Path | None, typer.Option("--infracost", help="Write Infracost's JSON to this file too.")]
OpencostFile = Annotated[
    Path | None, typer.Option("--opencost", help="Write what OpenCost's CSV provider reads to this file too.")
]
Page = Annotated[Path | None, typer.Option("--html", help="Write a page with charts to this file too.")]


def cost(
    stack: Stack = "dev",
    *,
    against: Against = "",
    target: Target = Target.REHEARSAL,
    price_book: Book = "",
    infracost_file: InfracostFile = None,
    opencost_file: OpencostFile = None,
    page: Page = None,
    as_json: AsJson = False,
) -> None:
    """Show what a stack costs to the cent, what changes that, and what would make it cheaper; offline."""
    now = datetime.now(UTC)
    result = money.cost(stack, today=now.date(), price_book=price_book, against=against, target=target)
    if infracost_file:
        document = infracost.document(result, infracost.commit(ROOT), catalog.load().limits.hours_per_month, now)
        write(infracost_file, document.model_dump_json(indent=2, by_alias=True) + "\n")
    if opencost_file:
        write(opencost_file, opencost.rows(result))
    if page:
        from ops import cost_chart  # noqa: PLC0415 - what it imports takes a tenth of a second

        write(page, cost_chart.page(result))
    answer(result, lambda: cost_view.show_cost(result, view.stdout()), as_json=as_json, code=ExitCode.COST)


def capacity(stack: Stack = "dev", *, as_json: AsJson = False) -> None:
    """Show whether all pods fit the machines, what is left on each, and what the loss of one would mean; offline."""
    result = room.capacity(render(stack))
    wrong = room.offences(result)
    if wrong:
        result = result.model_copy(update={"errors": (str(CatalogError(wrong)),)})
    code = ExitCode.CAPACITY if wrong else ExitCode.FAILED
    answer(result, lambda: cost_view.show_capacity(result, view.stdout()), as_json=as_json, code=code)
