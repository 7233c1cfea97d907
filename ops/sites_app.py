"""``sites``: the public sites, and who serves them."""

import time
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.markup import escape

from catalog import Stack as Chosen
from catalog.gateway import SITES_CERTIFICATE
from ops import view
from ops.agreement import agreed
from ops.answer import answer
from ops.deployment import Target, deployed, known, rehearsal_of
from ops.rendering import render
from ops.results import SitesResult, SwitchResult
from ops.site_rows import FrontEnd, SiteRow
from ops.up import up
from rehearsal.machines.names import INTERNET, Names
from rehearsal.machines.within import within
from rehearsal.toolchain import progress_for
from render import ROOT

if TYPE_CHECKING:
    from ops.sites import Vantage

Stack = Annotated[str, typer.Argument(help="The stack that owns the sites.", metavar="[STACK]")]
AsJson = Annotated[bool, typer.Option("--json", help="Answer as JSON (docs/schema/).")]
Yes = Annotated[bool, typer.Option("--yes", help="Change the cloud without being asked.")]

app = typer.Typer(no_args_is_help=True, add_completion=False)


@app.callback()
def about() -> None:
    """Look at the public sites, and choose who serves them."""


@app.command()
def check(stack: Stack = "prod", target: Target = Target.REHEARSAL, *, as_json: AsJson = False) -> None:
    """Ask each host for its front page: who serves it, its headers, its certificate; exit 7 where that is not right."""
    from ops import sites  # noqa: PLC0415 - what it imports takes a tenth of a second, and few verbs need it

    chosen = _chosen(known(stack), target)
    rows = sites.check(chosen, _vantage(chosen, target)) if chosen.sides else ()
    result = SitesResult(stack=stack, served_by=chosen.sides[0] if chosen.sides else "vercel", hosts=rows)
    answer(result, lambda: _show(result, view.stdout()), as_json=as_json, drifted=bool(result.wrong))


@app.command()
def switch(
    to: Annotated[FrontEnd, typer.Argument(help="Who is to serve the sites.")],
    stack: Stack = "prod",
    target: Target = Target.REHEARSAL,
    *,
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Let the other side serve the sites: both do first, then names lead there, and at last the old one goes."""
    from ops import dns, site_switch, sites  # noqa: PLC0415 - for that reason

    progress = progress_for()

    def brought() -> tuple[str, ...]:
        agree = agreed(stack, yes=yes)
        result = up(stack, target, progress=progress, view=view.View(), agree=agree, only=site_switch.PARTS)
        return result.errors

    def waited(seconds: float) -> None:
        with progress.activity("Waiting until no resolver leads to the old side any more", seconds):
            time.sleep(seconds)

    def checked() -> tuple[SiteRow, ...]:
        chosen = _chosen(stack, target)
        return sites.settled(chosen, _vantage(chosen, target))

    def kept() -> float:
        hosts = {host for site in _chosen(stack, target).sites.sites.values() for host in site.domains}
        rows = dns.declared(deployed(stack, target), stack)
        return max((row.ttl for row in rows if row.host in hosts and row.type != "CAA"), default=0)

    verb = site_switch.Switch(
        ROOT / f"Pulumi.{known(stack)}.yaml",
        stack=lambda: _chosen(stack, target),
        up=brought,
        check=checked,
        kept=kept,
        wait=waited,
    )
    steps = verb.run(to)
    result = SwitchResult(stack=stack, to=to, steps=steps, errors=tuple(said for one in steps for said in one.wrong))
    answer(result, lambda: _show_switch(result, view.stdout()), as_json=as_json)


def _chosen(stack: str, target: Target) -> Chosen:
    return render(stack, image_lock="images").choice if target is Target.CLOUD else render(stack).choice


def _vantage(chosen: Chosen, target: Target) -> "Vantage":
    """Return where clients come from: this computer, or the rehearsal's own internet with its own authorities."""
    from ops import sites  # noqa: PLC0415 - for that reason

    if target is Target.CLOUD:
        return sites.Vantage(inside=lambda act: act(), resolver="", authorities=())
    rehearsal = rehearsal_of(chosen.name)
    trusted = [rehearsal.account.vercel.authority.read_text(encoding="utf-8")]
    if "cluster" in chosen.sides:
        from ops.verify import authority_of  # noqa: PLC0415 - MCP's SDK takes a third of a second

        with rehearsal.cluster() as cluster:
            trusted.append(authority_of(cluster, chosen.gateway.namespace, SITES_CERTIFICATE))
    runner = Names(rehearsal.home).runner
    return sites.Vantage(inside=lambda act: within(runner, act), resolver=INTERNET, authorities=tuple(trusted))


def _show(result: SitesResult, console: Console) -> None:
    table = view.table("Sites", "host", "site", "served by", "answers", "certificate", "wrong")
    for row in result.hosts:
        days = "" if row.certificate_days is None else f"{row.certificate_days} days"
        cells = (row.host, row.site, row.served_by or "nobody", str(row.status or ""), days, "; ".join(row.wrong))
        table.add_row(*(escape(cell) for cell in cells))
    console.print(table)
    right = len(result.hosts) - len(result.wrong)
    console.print(
        f"{right} of {len(result.hosts)} hosts answer as declared: {result.served_by} serves", highlight=False
    )


def _show_switch(result: SwitchResult, console: Console) -> None:
    if not result.steps:
        console.print(f"Nothing to do: {result.to} serves the sites alone.", highlight=False)
        return
    done = {"both": "both sides serve, names lead to the new one", "wait": "no resolver leads to the old one any more"}
    table = view.table("Switch", "step", "seconds")
    for step in result.steps:
        table.add_row(done.get(step.what, "the old side is gone"), f"{step.seconds:.1f}")
    console.print(table)
    if not result.errors:
        console.print(
            f"{result.to} serves the sites. Commit Pulumi.{result.stack}.yaml, which says so.", highlight=False
        )
    else:
        again = f"./sophia sites switch {result.to} {result.stack}"
        console.print(f"Both sides may serve at the moment: run `{again}` to go on, or switch back.", highlight=False)
