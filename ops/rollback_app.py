"""``rollback``: brings workloads to what an earlier commit declares."""

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from ops import states
from ops.answer import answer
from ops.commit import head, is_of
from ops.deployment import Target, cli_environment, known
from ops.results import RollbackResult
from ops.reviewed import read
from ops.rollback import last_good, rolled_back
from rehearsal.toolchain import progress_for

_LAST: Final = 20
"""Updates among which the last good one is looked for."""

Stack = Annotated[str, typer.Argument(help="The stack.")]
To = Annotated[str, typer.Option(help="The commit; by default the last good one before what is in force.")]
Since = Annotated[
    Path | None,
    typer.Option(
        help="Undo what this commit did after this answer of `preview --json`; where it did nothing, nothing."
    ),
]
Yes = Annotated[bool, typer.Option("--yes", help="Change the cloud without being asked.")]
AsJson = Annotated[bool, typer.Option("--json", help="Answer as JSON (docs/schema/).")]


def rollback(
    stack: Stack,
    to: To = "",
    since: Since = None,
    target: Target = Target.REHEARSAL,
    *,
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Bring workloads to what an earlier commit declares, by its own program; data, machines and names stay."""
    begun = time.monotonic()
    history = states.history(stack, cli_environment(known(stack), target, progress_for()), _LAST)
    if since and not _is_ours(history, read(since, "--since").version):
        nothing = RollbackResult(stack=stack, commit="")
        told = f"{stack}: the last update is not this commit's, or is older than {since}: there is nothing to undo"
        answer(nothing, lambda: typer.echo(told), as_json=as_json)
        return
    commit = to or last_good(history)
    if target is Target.CLOUD and not yes:
        typer.confirm(f"Bring the workloads of {stack} in the cloud to {commit}?", abort=True, err=True)
    done = rolled_back(stack, target, commit)
    result = RollbackResult(
        stack=stack,
        commit=commit,
        seconds=round(time.monotonic() - begun, 1),
        changes=done.changes,
        servers=done.servers,
        errors=done.errors,
    )
    told = f"{stack}: workloads are those of {commit} again ({result.seconds:.0f} s)"
    answer(result, lambda: typer.echo(told if not result.errors else f"{stack}: not as at {commit}"), as_json=as_json)


def _is_ours(history: Sequence[Mapping[str, Any]], before: int) -> bool:
    """Return whether the last update is of the commit of this checkout, and newer than another one."""
    return bool(history) and history[0]["version"] > before and is_of(history[0], head())
