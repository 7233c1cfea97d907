"""``drift``: looks by itself; ``tell`` tells people what a look found, ``repair`` repairs it."""

import os
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from functools import partial
from pathlib import Path
from random import SystemRandom
from typing import Annotated, Final

import filelock
import typer

import catalog
from ops import github, view
from ops.agreement import agreed
from ops.answer import answer, exit_code, write
from ops.commit import head
from ops.deployment import Target, known, there
from ops.drift import checked, failed
from ops.drift_record import APPROVED, keep, keep_answer, kept, record_file
from ops.drift_repair import read, read_file, require_ready, require_same
from ops.endpoint import require_secure, require_set
from ops.engine import EngineError, LockedError
from ops.error import AccountError, InputError, StateError
from ops.exit_code import ExitCode
from ops.github import GitHubError
from ops.group import DEFAULT, Listing
from ops.results import DriftResult, RepairResult, TellResult
from ops.slack import VARIABLE, post
from ops.sleep import asleep
from ops.up import up as up_verb
from rehearsal import RehearsalError, home, stacks
from rehearsal.toolchain import ToolError, progress_for

_TOLD: Final = ("github", "slack")
_STDIN: Final = "-"
_WORST_FIRST: Final = (ExitCode.FAILED, ExitCode.PARTIAL, ExitCode.DRIFT)
_BUSY_SECONDS: Final = 300.0

Stack = Annotated[str, typer.Argument(help="dev, staging or prod", metavar="[STACK]")]
AsJson = Annotated[bool, typer.Option("--json", help="Answer as JSON (docs/schema/); with --all a line for each.")]
Tell = Annotated[str, typer.Option("--tell", help="Tell people: github, slack, or both with a comma between them.")]
Everything = Annotated[bool, typer.Option("--all", help="Every stack.")]
Believe = Annotated[
    bool, typer.Option("--believe-deletions", help="Whatever is told as gone is gone, however much that is.")
]
Written = Annotated[Path | None, typer.Option(help="Write the report there as well.")]
Report = Annotated[str, typer.Option("--report", help="The answer of `drift --json`: a file, or - for standard input.")]

app = typer.Typer(cls=Listing, add_completion=False)


@app.callback()
def about() -> None:
    """Show what differs from what the last up declared, and what is there undeclared; tell people; repair it."""


@app.command(DEFAULT)
def look(
    stack: Stack = "dev",
    target: Target = Target.REHEARSAL,
    *,
    everything: Everything = False,
    tell: Tell = "",
    markdown: Written = None,
    html: Written = None,
    jitter: Annotated[float, typer.Option(min=0, max=3600, help="Wait for some seconds, at most so many.")] = 0.0,
    believe_deletions: Believe = False,
    as_json: AsJson = False,
) -> None:
    """Look: exit 7 where anything differs, 6 where a provider could not be asked, 1 where nothing can be told."""
    channels = _channels(tell)
    if jitter:
        # Schedules of many begin in the same second, and the APIs that all of them ask are the same.
        time.sleep(SystemRandom().uniform(0, jitter))
    if not everything:
        result = _looked(known(stack), target, believe_deletions=believe_deletions, bear=bool(channels))
        _write([result], markdown, html)
        untold = _tell(result, target, channels).errors if channels else ()
        view.show_errors(untold)
        answer(
            result,
            lambda: view.show_drift(result, view.stdout()),
            as_json=as_json,
            drifted=result.drifted,
            partial=result.partial,
        )
        if untold:
            raise typer.Exit(ExitCode.FAILED)
        return
    names = stacks(home()) if target is Target.REHEARSAL else tuple(catalog.load().limits.stacks)
    found = [_looked(name, target, believe_deletions=believe_deletions, bear=True) for name in names]
    _write(found, markdown, html)
    codes = {_show(one, as_json=as_json) for one in found}
    if channels:
        untold = tuple(error for one in found for error in _tell(one, target, channels).errors)
        view.show_errors(untold)
        codes |= {ExitCode.FAILED} if untold else set()
    if worst := next((code for code in _WORST_FIRST if code in codes), None):
        raise typer.Exit(worst)


@app.command("tell")
def tell_people(
    stack: Annotated[str, typer.Argument(help="The stack.", metavar="STACK")],
    report: Report = _STDIN,
    target: Target = Target.REHEARSAL,
    *,
    to: Annotated[str, typer.Option(help="Who is told: github, slack, or both.")] = "github,slack",
    failed_by: Annotated[
        str, typer.Option("--failed", help="Tell, without a report, that nobody could look, and why.")
    ] = "",
    as_json: AsJson = False,
) -> None:
    """Tell people what a look found: the stack's issue and, where anything is new, a message to Slack."""
    channels = _channels(to)
    if failed_by:
        found, _ = failed(known(stack), failed_by, kept(record_file(stack, target)))
    else:
        found = _report(report, known(stack))
    result = _tell(found, target, channels)
    answer(result, lambda: _show_told(result), as_json=as_json)


@app.command()
def repair(
    stack: Annotated[str, typer.Argument(help="The stack.", metavar="STACK")],
    report: Report,
    target: Target = Target.REHEARSAL,
    *,
    approved: Annotated[
        bool, typer.Option("--approved", help="Somebody answers for what endangers security and what is gone.")
    ] = False,
    approval: Annotated[
        bool, typer.Option("--approval", help=f"Take the label {APPROVED} on the stack's issue for that.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Change the cloud without being asked.")] = False,
    as_json: AsJson = False,
) -> None:
    """Repair what a report says, where it is still so at this commit; security and what is gone with an approval."""
    before, commit = _report(report, known(stack)), head()
    approved = approved or (approval and _labelled(before))
    require_ready(before, commit, approved=approved, edited=target is Target.REHEARSAL)
    require_same(before, _looked(stack, target))
    agree = agreed(stack, yes=yes)
    done = up_verb(stack, target, progress=progress_for(), view=view.View(), agree=agree)
    after = _looked(stack, target, bear=True)
    errors = (*done.errors, *after.errors)
    result = RepairResult(stack=stack, before=before, changes=done.changes, after=after, errors=errors)
    answer(
        result,
        lambda: view.show_drift(after, view.stdout()),
        as_json=as_json,
        drifted=after.drifted,
        partial=after.partial,
    )


def _looked(stack: str, target: Target, *, believe_deletions: bool = False, bear: bool = False) -> DriftResult:
    """Return what differs in a stack, and remember since when.

    Args:
        stack: name of the stack.
        target: where it is.
        believe_deletions: whether whatever is told as gone is gone.
        bear: whether a stack that cannot be looked at is an answer too; otherwise it raises.

    Raises:
        LockedError: somebody else works on the stack; nobody is told that.
    """
    path = record_file(stack, target)
    if asleep(stack, target):
        return DriftResult(stack=stack, asleep=True, status="asleep")
    before = kept(path)
    try:
        deployment = there(stack, target, progress_for(), unrendered=True)
        result, record = checked(deployment, view.View(), before, believe_deletions=believe_deletions)
    except (AccountError, EngineError, RehearsalError, StateError, ToolError) as error:
        if not bear or isinstance(error, LockedError):
            raise
        result, record = failed(stack, str(error), before)
    keep(path, record)
    keep_answer(path, result)
    return result


def _report(where: str, stack: str) -> DriftResult:
    return read(sys.stdin.read(), stack, where="standard input") if where == _STDIN else read_file(Path(where), stack)


def _channels(text: str) -> Sequence[str]:
    """Return who is to be told, once all that needs is known to be there.

    Raises:
        InputError: nobody is known by a name, or a variable is missing.
    """
    chosen = [one.strip() for one in text.split(",") if one.strip()]
    if unknown := [one for one in chosen if one not in _TOLD]:
        msg = f"--tell {', '.join(unknown)}: choose among: {', '.join(_TOLD)}"
        raise InputError(msg)
    needed = [*(github.NEEDED if "github" in chosen else ()), *((VARIABLE,) if "slack" in chosen else ())]
    require_set(os.environ, needed, "a workflow gives them, or the stack's environment in Pulumi ESC")
    if "slack" in chosen:
        require_secure(os.environ[VARIABLE], VARIABLE)
    if "github" in chosen:
        github.address(os.environ)
    return chosen


def _tell(result: DriftResult, target: Target, channels: Sequence[str]) -> TellResult:
    from ops.drift_issue import DriftIssue  # noqa: PLC0415 - a tenth of a second, and few looks tell anybody
    from ops.drift_telling import tell  # noqa: PLC0415 - the same

    path = record_file(result.stack, target)
    page = partial(post, os.environ[VARIABLE]) if "slack" in channels else None
    hub = github.opened(os.environ) if "github" in channels else nullcontext()
    with _alone(path), hub as repository:
        issue = DriftIssue(repository, result.stack) if repository else None
        told, record = tell(result, kept(path), issue, page)
        keep(path, record)
    return told


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Let one program of this computer at a time tell of a stack."""
    lock = (
        filelock.FileLock(path.with_suffix(".lock"), timeout=_BUSY_SECONDS) if path.parent.is_dir() else nullcontext()
    )
    with lock:
        yield


def _labelled(report: DriftResult) -> bool:
    """Return whether somebody has approved, on the stack's issue, of repairing just this.

    Raises:
        InputError: GitHub cannot be asked.
    """
    require_set(os.environ, github.NEEDED, "a workflow gives them, or use --approved", "--approval")
    from ops.drift_issue import DriftIssue  # noqa: PLC0415 - for that reason

    try:
        with github.opened(os.environ) as hub:
            found = DriftIssue(hub, report.stack).find()
    except GitHubError as error:
        msg = f"--approval: {error}"
        raise InputError(msg) from None
    same = found is not None and found.record.fingerprint == report.fingerprint
    return same and found is not None and found.issue.open and APPROVED in found.issue.labels


def _write(results: Sequence[DriftResult], markdown: Path | None, html: Path | None) -> None:
    if markdown or html:
        from ops import drift_report  # noqa: PLC0415 - a tenth of a second, which few looks need

        if markdown:
            write(markdown, "\n".join(map(drift_report.markdown, results)))
        if html:
            write(html, "\n".join(map(drift_report.html, results)))


def _show(result: DriftResult, *, as_json: bool) -> ExitCode:
    if as_json:
        typer.echo(result.model_dump_json())
    else:
        view.stdout().rule(result.stack)
        view.show_drift(result, view.stdout())
        view.show_errors(result.errors)
    return exit_code(result, drifted=result.drifted, partial=result.partial)


def _show_told(result: TellResult) -> None:
    issue = f"issue #{result.issue} {result.action} ({result.url})" if result.issue else "no issue"
    paged = "Slack was told" if result.paged else "Slack was not told" if result.news else "nothing new"
    typer.echo(f"{result.stack}: {issue}; {paged}")
