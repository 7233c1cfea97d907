"""``esc``: what Pulumi ESC gives to the stacks."""

import typer

import catalog
from rehearsal.toolchain import ensure, progress_for
from render import ROOT

app = typer.Typer(no_args_is_help=True, add_completion=False)


@app.callback()
def about() -> None:
    """Look after the definitions of Pulumi ESC in `esc/`."""


@app.command()
def check() -> None:
    """Prove that every secret which the catalog needs is given to every stack, and no other; offline."""
    # What they import takes a tenth of a second, and no other verb needs it.
    from ops import esc  # noqa: PLC0415 - for that reason
    from rehearsal.pulumi_cloud.evaluator import PROGRAM, Evaluator  # noqa: PLC0415 - for that reason

    facts = catalog.load()
    program = ensure(facts, progress=progress_for()).program(PROGRAM)
    followed = esc.check(ROOT, facts, Evaluator(program))
    typer.echo(f"{followed} secrets are given where they are needed, each under its canonical name")
