"""``delivery``: what became of one delivery to a stack, from the answers of the verbs that made it."""

import os
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from functools import cache, partial
from pathlib import Path
from typing import Final, TypeVar

import jinja2

from ops import github, pages, states
from ops.answers import kept, verb_of
from ops.commit import head, is_of, short
from ops.deployment import Target, cli_environment
from ops.engine import EngineError
from ops.error import InputError, StateError
from ops.github import GitHubError
from ops.parts import Parts
from ops.report import deployment
from ops.report_rows import DeploymentRow
from ops.results import (
    DeliveryResult,
    LoadResult,
    PreviewResult,
    Result,
    RollbackResult,
    SleepResult,
    UpResult,
    Verdict,
    VerifyResult,
)
from rehearsal import RehearsalError
from rehearsal.toolchain import Progress, ToolError

_LAST: Final = 8
"""Updates among which the delivery's own is."""

_ABSENT: Final = (EngineError, GitHubError, InputError, RehearsalError, StateError, ToolError)
"""What keeps a part of the answer away, and nothing else."""

R = TypeVar("R", bound=Result)


def delivery(stack: str, target: Target, answers: Path, progress: Progress, now: datetime) -> DeliveryResult:
    """Return what became of a delivery.

    Args:
        stack: name of the stack.
        target: where it is.
        answers: the folder in which its verbs kept their answers.
        progress: told what is being done.
        now: the moment.

    Raises:
        InputError: an answer is none, or is of another stack.
    """

    def answer(model: type[R]) -> R | None:
        found = kept(answers, model)
        if found and found.stack != stack:
            verb = verb_of(model)
            msg = f"{answers}: the answer of `{verb}` is of {found.stack}, and {stack} is told of; name its own folder"
            raise InputError(msg)
        return found

    commit, plan, parts = head(), answer(PreviewResult), Parts(_ABSENT)

    def updated() -> DeploymentRow | None:
        # A plan says which update was the last before it.
        before = plan.version if plan else 0
        history = states.history(stack, cli_environment(stack, target, progress), _LAST)
        own = (one for one in history if one["kind"] == "update" and one["version"] > before and is_of(one, commit))
        return next(map(deployment, own), None)

    result = DeliveryResult(
        stack=stack,
        made=now,
        commit=commit,
        by=os.environ.get("GITHUB_ACTOR", ""),
        run=github.page(os.environ, "actions/runs", "RUN_ID"),
        approved_by=parts.ask("approvals", lambda: approvals(stack, os.environ)) or (),
        update=parts.ask("update", updated),
        plan=plan,
        up=answer(UpResult),
        verify=answer(VerifyResult),
        load=answer(LoadResult),
        rollback=answer(RollbackResult),
        sleep=answer(SleepResult),
        untold=parts.untold,
    )
    return result.model_copy(update={"verdict": verdict(result)})


def verdict(result: DeliveryResult) -> Verdict:
    """Return what became of a delivery, by what its verbs answered.

    >>> at = datetime(2026, 12, 1)
    >>> verdict(DeliveryResult(stack="prod", made=at))
    'refused'
    >>> verdict(DeliveryResult(stack="prod", made=at, up=UpResult(stack="prod"), verify=VerifyResult(stack="prod")))
    'delivered'
    """
    back = result.rollback
    if back and back.commit:
        return "failed" if back.errors else "returned"
    if result.up is None:
        return "failed" if result.update else "refused"
    if any(one and one.errors for one in (result.up, result.verify, result.load, result.sleep)):
        return "failed"
    return "delivered" if result.verify else "unverified"


def approvals(stack: str, environment: Mapping[str, str]) -> tuple[str, ...]:
    """Return who has approved of a run's deployment to the environment of a stack; nobody outside of a workflow.

    Args:
        stack: name of the stack, and so of the environment.
        environment: the variables of a job.

    Raises:
        GitHubError: it refuses or does not answer.
    """
    run = environment.get("GITHUB_RUN_ID", "")
    if not run or any(not environment.get(name) for name in github.NEEDED):
        return ()
    with github.opened(environment) as hub:
        return tuple(one.login for one in hub.approvals(run) if one.approved and stack in one.environments)


def markdown(result: DeliveryResult) -> str:
    """Return what became of a delivery in Markdown, as the summary of a job has it."""
    render = partial(_rendered, "delivery.md.j2", result)
    return pages.fitting(render, len(result.plan.changes) if result.plan else 0, pages.COMMENT)


def of_plan(result: PreviewResult) -> str:
    """Return a preview in Markdown, as whoever approves of it reads it."""
    return pages.fitting(partial(_rendered, "preview.md.j2", result), len(result.changes), pages.COMMENT)


def headline(result: DeliveryResult) -> str:
    """Return what became of a delivery in one line."""
    back = result.rollback.commit if result.rollback else ""
    commit = short(result.commit) or "no commit"
    words: Mapping[Verdict, str] = {
        "delivered": f"{result.stack} runs {commit}",
        "unverified": f"{result.stack} runs {commit}, and nobody has verified it",
        "returned": f"{result.stack} did not bear {commit}: its workloads are those of {short(back)} again",
        "failed": f"{result.stack}: the delivery of {commit} failed",
        "refused": f"{result.stack}: {commit} was refused, and nothing was changed",
    }
    return words[result.verdict]


def steps(result: DeliveryResult) -> Sequence[tuple[str, str, str]]:
    """Return what was done, in order: what, how it ended, how long it took in seconds."""
    return [
        (name, "failed" if one.errors else "done", "-" if seconds is None else f"{seconds:.0f}")
        for name, one, seconds in _done(result)
    ]


def errors(result: DeliveryResult) -> Sequence[tuple[str, str]]:
    """Return what went wrong, each with the step that says so; the plan says it for itself."""
    return [(name, why) for name, one, _ in _done(result) if one is not result.plan for why in one.errors]


def _done(result: DeliveryResult) -> Iterator[tuple[str, Result, float | None]]:
    """Yield the steps that gave an answer, in order, each with how long it took, where that is known."""
    told: tuple[tuple[str, Result | None, float | None], ...] = (
        ("plan", result.plan, None),
        ("up", result.up, sum(result.up.seconds.values()) if result.up else None),
        ("verify", result.verify, result.verify.seconds if result.verify else None),
        ("load", result.load, result.load.seconds if result.load else None),
        ("rollback", result.rollback, result.rollback.seconds if result.rollback else None),
        ("sleep", result.sleep, None),
    )
    yield from ((name, one, seconds) for name, one, seconds in told if one is not None)


def _rendered(template: str, result: Result, rows: int) -> str:
    return pages.rendered(_environment(), template, result=result, rows=rows)


@cache
def _environment() -> jinja2.Environment:
    return pages.environment({}, {"headline": headline, "steps": steps, "errors": errors})
