"""``machines``: a verb with verbs of its own; without one it lists."""

from typing import Annotated

import typer

import catalog
from ops import view
from ops.agreement import agreed
from ops.answer import answer
from ops.deployment import Target, known
from ops.group import DEFAULT, Listing
from ops.machine_shell import shell as shell_verb
from ops.results import SleepResult, UpResult
from ops.sleep import due
from ops.sleep import sleep as sleep_verb
from ops.up import up
from rehearsal import Account, home
from rehearsal.toolchain import progress_for

Stack = Annotated[str, typer.Argument(help="dev or staging", metavar="STACK")]
IfDue = Annotated[bool, typer.Option("--if-due", help="Only when the stack's schedule says so now.")]
WithoutBackup = Annotated[bool, typer.Option("--without-backup", help="Lose what is not backed up.")]
Yes = Annotated[bool, typer.Option("--yes", help="Change the cloud without being asked.")]
AsJson = Annotated[bool, typer.Option("--json", help="Answer as JSON (docs/schema/).")]


app = typer.Typer(cls=Listing, add_completion=False)


@app.callback()
def about() -> None:
    """List the machines of the account: whose they are, what they cost, what can be launched now."""


@app.command(DEFAULT)
def listing(
    stack: Annotated[str, typer.Argument(help="Only this stack's.", metavar="[STACK]")] = "",
    target: Target = Target.REHEARSAL,
    *,
    as_json: AsJson = False,
) -> None:
    """List the machines; what is done when no verb is named."""
    # What the provider imports takes half a second (measured), and no other verb needs it.
    from ops import account, machines  # noqa: PLC0415 - for that reason

    only = known(stack) if stack else ""
    found = account.in_rehearsal(home()) if target is Target.REHEARSAL else account.in_cloud(progress_for())
    result = machines.listed(found, catalog.load(), only)
    answer(result, lambda: view.show_machines(result, view.stdout()), as_json=as_json)


@app.command()
def sleep(
    stack: Stack = "dev",
    target: Target = Target.REHEARSAL,
    *,
    if_due: IfDue = False,
    without_backup: WithoutBackup = False,
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Back a stack up and terminate its machines, and with them all that runs there, until it is woken."""
    if if_due and not due(known(stack), awake=False):
        result = SleepResult(stack=stack, due=False)
    else:
        if target is Target.CLOUD and not yes:
            typer.confirm(f"Terminate the machines of {stack} in the cloud?", abort=True, err=True)
        result = sleep_verb(
            known(stack), target, progress=progress_for(), view=view.View(), without_backup=without_backup
        )
    answer(result, lambda: view.show_sleep(result, view.stdout()), as_json=as_json)


@app.command()
def wake(
    stack: Stack = "dev",
    target: Target = Target.REHEARSAL,
    *,
    if_due: IfDue = False,
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Launch a stack's machines and bring up what runs on them."""
    if if_due and not due(known(stack), awake=True):
        result = UpResult(stack=stack, due=False)
    else:
        result = up(stack, target, progress=progress_for(), view=view.View(), agree=agreed(stack, yes=yes))
    answer(result, lambda: view.show_wake(result, view.stdout()), as_json=as_json)


@app.command()
def shell(
    name: Annotated[str, typer.Argument(help="A machine of the rehearsal.", metavar="NAME")],
    command: Annotated[
        list[str] | None, typer.Argument(help="What runs there, after --.", metavar="[-- COMMAND]")
    ] = None,
) -> None:
    """Be root on a machine of the rehearsal, by hand: a shell, or one command whose exit code this leaves with."""
    raise typer.Exit(shell_verb(Account(home()), name, command or ()))
