"""``dns``: the platform's names in public DNS."""

from collections.abc import Sequence
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape

import catalog
from ops import view
from ops.answer import answer
from ops.deployment import Target, deployed, known, rehearsal_of
from ops.results import DnsResult

Stack = Annotated[str, typer.Argument(help="The stack that owns the zone.", metavar="[STACK]")]
AsJson = Annotated[bool, typer.Option("--json", help="Answer as JSON (docs/schema/).")]
Authorities = Annotated[
    list[str] | None, typer.Option("--authority", help="Ask this one, ADDRESS[:PORT], in place of the zone's own.")
]
Resolvers = Annotated[list[str] | None, typer.Option("--resolver", help="Ask this one too, ADDRESS[:PORT].")]

app = typer.Typer(no_args_is_help=True, add_completion=False)


@app.callback()
def about() -> None:
    """Show the names of the zone, and check who answers what."""


@app.command()
def records(stack: Stack = "prod", target: Target = Target.REHEARSAL) -> None:
    """Print the records that the zone must have, as lines of a zone file: for whoever keeps it by hand."""
    from ops import dns  # noqa: PLC0415 - what it imports takes a tenth of a second, and no other verb needs it

    for row in dns.declared(deployed(known(stack), target), stack):
        for value in row.values:
            typer.echo(f"{row.host}. {row.ttl} IN {row.type} {value}")


@app.command()
def check(
    stack: Stack = "prod",
    target: Target = Target.REHEARSAL,
    authorities: Authorities = None,
    resolvers: Resolvers = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Compare what the zone declares with what its authorities and resolvers answer; exit 7 if they differ."""
    from ops import dns  # noqa: PLC0415 - for that reason

    rows = dns.declared(deployed(known(stack), target), stack)
    asked = [dns.server(text, authority=True) for text in authorities or ()]
    if not asked and target is Target.REHEARSAL:
        host = rehearsal_of(stack).account.authority
        asked = [dns.Server("the rehearsal's authority", host.loopback, host.port, tcp=True)]
    elif not asked:
        asked = [*dns.public_servers(catalog.load().zone.name)]
    asked += [dns.server(text, authority=False) for text in resolvers or ()]
    found = dns.check(rows, asked)
    result = DnsResult(stack=stack, servers=tuple(one.name for one in asked), names=found)
    answer(result, lambda: _show(result, view.stdout()), as_json=as_json, drifted=bool(result.wrong))


def _show(result: DnsResult, console: Console) -> None:
    if result.wrong:
        table = view.table("Names that are not answered as declared", "name", "type", "declared", "who", "answers")
        for row in result.wrong:
            for who, said in row.wrong.items():
                table.add_row(*(escape(cell) for cell in (row.host, row.type, _told(row.values), who, said)))
        console.print(table)
    right = len(result.names) - len(result.wrong)
    asked = ", ".join(result.servers)
    console.print(f"{right} of {len(result.names)} names are as declared; asked: {asked}", highlight=False)


def _told(values: Sequence[str]) -> str:
    return ", ".join(values)
