"""Running a workflow: its jobs in order, each in a folder of its own, each step as a process."""

import itertools
import json
import os
import re
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final, Literal

from rehearsal.workflows.actions import ACTIONS, Place, Skipped
from rehearsal.workflows.expressions import Expressions, Status
from rehearsal.workflows.workflow import Job, Scalar, Step, Workflow, WorkflowError

Outcome = Literal["success", "failure", "skipped"]
"""How a step or a job ended."""

MINUTE: Final = 60.0
"""Seconds of what jobs may take."""
_PINNED: Final = re.compile(r"(?P<action>[^@]+)@[0-9a-f]{40}")
_HEREDOC: Final = re.compile(r"(?P<name>[^=<]+)<<(?P<end>\S+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class StepRun:
    """How a step fared."""

    title: str
    """What it is called."""
    outcome: Outcome
    """How it ended."""
    seconds: float = 0.0
    """How long it took."""
    said: str = ""
    """What it printed; of an action that is not carried out here, that."""
    uses: str = ""
    """The action, where it is one."""
    done: bool = True
    """Whether it was carried out: what an action of others does is told, and not done."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JobRun:
    """How a job fared."""

    result: Outcome
    """How it ended."""
    steps: tuple[StepRun, ...] = ()
    """Its steps, in order."""
    outputs: Mapping[str, str] = field(default_factory=dict)
    """What it tells those that need it."""
    summary: str = ""
    """What its steps wrote for people."""


@dataclass(frozen=True, slots=True)
class WorkflowRun:
    """How a workflow fared."""

    jobs: Mapping[str, JobRun]
    """Its jobs, by name, with the values of a matrix behind it."""

    @property
    def result(self) -> Outcome:
        """How it ended."""
        return "failure" if any(one.result == "failure" for one in self.jobs.values()) else "success"

    @property
    def not_done(self) -> tuple[str, ...]:
        """Actions that were not carried out."""
        told = (step.uses for job in self.jobs.values() for step in job.steps if step.uses and not step.done)
        return tuple(sorted(dict.fromkeys(told)))


@dataclass(slots=True, kw_only=True)
class Runner:
    """Runs workflows of one checkout.

    Args:
        expressions: evaluates what stands in braces.
        source: the checkout, whose commits are checked out.
        folder: where jobs work; made where it is not there.
        repository: owner and name.
        api: where GitHub's API is.
        token: gives a job its token, for what it may do.
        environment: variables of every process, and nothing else of this one's.
        secrets: by environment of a job, and what each job has under the empty name.
        variables: the repository's variables.
        approve: whether a job may go on that stands behind an environment; it waits for that.
        instead: variables of workflows that are others here.
        only: names of the jobs that are run; all by default.
    """

    expressions: Expressions
    source: Path
    folder: Path
    repository: str
    api: str
    token: Callable[[Mapping[str, str]], str]
    environment: Mapping[str, str]
    secrets: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    variables: Mapping[str, str] = field(default_factory=dict)
    approve: Callable[[str], bool] = lambda _: True
    instead: Mapping[str, str] = field(default_factory=dict)
    only: frozenset[str] = frozenset()

    def run(self, workflow: Workflow, event: str, payload: Mapping[str, Any], commit: str) -> WorkflowRun:
        """Run a workflow for an event, and return how it fared.

        Args:
            workflow: the workflow.
            event: what happened, such as ``pull_request``.
            payload: what GitHub tells of it.
            commit: what is checked out.

        Raises:
            WorkflowError: it does not run on that event, or something in it is not evaluated here.
        """
        if event not in workflow.events:
            msg = f"{workflow.name}: it does not run on {event}, but on {', '.join(sorted(workflow.events))}"
            raise WorkflowError(msg)
        self.folder.mkdir(parents=True, exist_ok=True)
        file = self.folder / "event.json"
        file.write_text(json.dumps(payload), encoding="utf-8")
        github = {
            "event_name": event,
            "event": payload,
            "repository": self.repository,
            "sha": commit,
            "ref": payload.get("ref", "refs/heads/main"),
            "actor": (payload.get("sender") or {}).get("login", "nobody"),
            "api_url": self.api,
            "run_id": "1",
            "run_attempt": "1",
            "workflow": workflow.name,
            "event_path": str(file),
        }
        runs: dict[str, JobRun] = {}
        results: dict[str, JobRun] = {}
        for name, job in workflow.jobs.items():
            if self.only and name not in self.only:
                results[name] = JobRun(result="skipped")
                continue
            instances = dict(self._instances(name, job))
            for title, matrix in instances.items():
                runs[title] = _Running(self, workflow, job, github, results, matrix, self.folder / title).run()
            results[name] = _together([runs[title] for title in instances])
        return WorkflowRun(runs)

    @staticmethod
    def _instances(name: str, job: Job) -> Iterator[tuple[str, Mapping[str, Scalar]]]:
        if job.strategy is None:
            yield name, {}
            return
        keys = [*job.strategy.matrix]
        for values in itertools.product(*job.strategy.matrix.values()):
            yield f"{name} ({', '.join(map(str, values))})", dict(zip(keys, values, strict=True))


def _together(runs: Sequence[JobRun]) -> JobRun:
    """Return what others are told of a job that ran for several values."""
    results = {one.result for one in runs}
    result: Outcome = "failure" if "failure" in results else "success" if "success" in results else "skipped"
    return JobRun(result=result, outputs={name: value for one in runs for name, value in one.outputs.items()})


@dataclass(slots=True)
class _Running:
    """One job, while it runs."""

    runner: Runner
    workflow: Workflow
    job: Job
    github: Mapping[str, Any]
    before: Mapping[str, JobRun]
    matrix: Mapping[str, Scalar]
    folder: Path
    steps: list[StepRun] = field(default_factory=list)
    told: dict[str, dict[str, Any]] = field(default_factory=dict)
    """What steps with an id tell those after them."""
    added: dict[str, str] = field(default_factory=dict)
    """Variables that steps have set for those after them."""
    status: Status = "success"
    token: str = field(init=False)

    def __post_init__(self) -> None:
        self.token = self.runner.token(self._permissions)

    def run(self) -> JobRun:
        needed = {name: self.before[name] for name in self.job.needs}
        results = {one.result for one in needed.values()}
        came: Status = "failure" if "failure" in results else "success" if results <= {"success"} else "skipped"
        if not self.runner.expressions.holds(self.job.if_, self._contexts(), came):
            return JobRun(result="skipped")
        environment = self._text(self.job.environment)
        if environment and not self.runner.approve(environment):
            return JobRun(
                result="failure", steps=(StepRun(title=f"{environment} was not approved", outcome="failure"),)
            )
        place = Place(
            workspace=self.folder / "workspace",
            source=self.runner.source,
            artefacts=self.runner.folder / "artefacts",
            commit=str(self.github["sha"]),
            permissions=self._permissions,
        )
        place.workspace.mkdir(parents=True)
        deadline = time.monotonic() + MINUTE * self.job.timeout_minutes
        for number, step in enumerate(self.job.steps):
            self._step(step, place, self.folder / f"step-{number}", deadline)
        outputs = {name: self._text(value) for name, value in self.job.outputs.items()}
        summaries = [file.read_text(encoding="utf-8") for file in sorted(self.folder.glob("step-*/summary"))]
        result: Outcome = "success" if self.status == "success" else "failure"
        return JobRun(result=result, steps=tuple(self.steps), outputs=outputs, summary="".join(summaries))

    @property
    def _permissions(self) -> Mapping[str, str]:
        return self.job.permissions or self.workflow.permissions

    def _text(self, template: str, environment: Mapping[str, str] | None = None) -> str:
        return self.runner.expressions.text(template, self._contexts(environment), self.status)

    def _environment(self, step: Step | None = None) -> dict[str, str]:
        """Return the variables of the workflow, the job and a step: each may say what those before it are."""
        known: dict[str, str] = {}
        for given in (self.workflow.env, self.job.env):
            known |= self._told(given, known)
        known |= self.added
        return known | self._told(step.env if step else {}, known)

    def _told(self, given: Mapping[str, Scalar], known: Mapping[str, str]) -> dict[str, str]:
        instead = self.runner.instead
        return {name: instead.get(name) or self._text(_shown(value), known) for name, value in given.items()}

    def _contexts(self, environment: Mapping[str, str] | None = None) -> Mapping[str, Any]:
        secrets = {**self.runner.secrets.get("", {}), **self.runner.secrets.get(self.job.environment, {})}
        return {
            "github": {**self.github, "token": self.token, "workspace": str(self.folder / "workspace")},
            "env": self._environment() if environment is None else environment,
            "job": {"status": self.status},
            "steps": self.told,
            "needs": {
                name: {"result": one.result, "outputs": one.outputs}
                for name, one in self.before.items()
                if name in self.job.needs
            },
            "matrix": self.matrix,
            "inputs": self.github["event"].get("inputs") or {},
            "secrets": secrets,
            "vars": self.runner.variables,
            "runner": {"os": "Linux", "arch": "X64", "temp": str(self.folder / "temp")},
        }

    def _step(self, step: Step, place: Place, folder: Path, deadline: float) -> None:
        if not self.runner.expressions.holds(step.if_, self._contexts(), self.status):
            self._note(step, StepRun(title=step.title, outcome="skipped", uses=step.uses), {})
            return
        folder.mkdir(parents=True)
        begun = time.monotonic()
        run, outputs = self._action(step, place) if step.uses else self._process(step, place, folder, deadline)
        seconds = round(time.monotonic() - begun, 1)
        self._note(step, replace(run, seconds=seconds), outputs)

    def _note(self, step: Step, run: StepRun, outputs: Mapping[str, str]) -> None:
        self.steps.append(run)
        bears = run.outcome == "failure" and step.continue_on_error
        if run.outcome == "failure" and not bears:
            self.status = "failure"
        if step.id:
            conclusion = "success" if bears else run.outcome
            self.told[step.id] = {"outputs": dict(outputs), "outcome": run.outcome, "conclusion": conclusion}

    def _action(self, step: Step, place: Place) -> tuple[StepRun, Mapping[str, str]]:
        pinned = _PINNED.fullmatch(step.uses)
        if pinned is None:
            msg = f"{step.uses}: an action is pinned by the 40 digits of a commit"
            raise WorkflowError(msg)
        words = {name: self._text(_shown(value)) for name, value in step.with_.items()}
        try:
            said = ACTIONS.get(pinned["action"], _not_done)(place, words)
        except Skipped as why:
            return StepRun(title=step.title, outcome="success", said=str(why), uses=step.uses, done=False), {}
        except OSError as error:
            return StepRun(title=step.title, outcome="failure", said=str(error), uses=step.uses), {}
        return StepRun(title=step.title, outcome="success", said=said, uses=step.uses), {}

    def _process(self, step: Step, place: Place, folder: Path, deadline: float) -> tuple[StepRun, Mapping[str, str]]:
        script, files = folder / "script", {name: folder / name for name in ("output", "env", "summary")}
        script.write_text(self._text(step.run), encoding="utf-8")
        for file in files.values():
            file.touch()
        (self.folder / "temp").mkdir(exist_ok=True)
        variables = {
            **self.runner.environment,
            "CI": "true",
            "GITHUB_ACTIONS": "true",
            "GITHUB_ACTOR": str(self.github["actor"]),
            "GITHUB_API_URL": self.runner.api,
            "GITHUB_EVENT_NAME": str(self.github["event_name"]),
            "GITHUB_EVENT_PATH": str(self.github["event_path"]),
            "GITHUB_REF": str(self.github["ref"]),
            "GITHUB_REPOSITORY": self.runner.repository,
            "GITHUB_RUN_ID": str(self.github["run_id"]),
            "GITHUB_SERVER_URL": "https://github.com",
            "GITHUB_SHA": str(self.github["sha"]),
            "GITHUB_WORKSPACE": str(place.workspace),
            "GITHUB_OUTPUT": str(files["output"]),
            "GITHUB_ENV": str(files["env"]),
            "GITHUB_STEP_SUMMARY": str(files["summary"]),
            "RUNNER_TEMP": str(self.folder / "temp"),
            **self._environment(step),
        }
        code, said = _ran(["bash", "-e", str(script)], place.workspace, variables, deadline - time.monotonic())
        self.added |= _written(files["env"])
        outcome: Outcome = "success" if code == 0 else "failure"
        return StepRun(title=step.title, outcome=outcome, said=said), _written(files["output"])


def _not_done(_: Place, words: Mapping[str, str]) -> str:
    told = ", ".join(f"{name}: {value}" for name, value in words.items())
    msg = f"not carried out here ({told})" if told else "not carried out here"
    raise Skipped(msg)


def _shown(value: Scalar) -> str:
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _ran(words: Sequence[str], folder: Path, variables: Mapping[str, str], seconds: float) -> tuple[int, str]:
    """Run a process, and end it and all it started when the time is up."""
    process = subprocess.Popen(
        words,
        cwd=folder,
        env={**variables},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        said, _ = process.communicate(timeout=max(0.0, seconds))
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        said, _ = process.communicate()
        return -1, f"{said}\nthe job's time is up"
    except BaseException:
        # Whoever runs the workflow is ended, and nothing goes on without them.
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        raise
    return process.returncode, said


def _written(file: Path) -> dict[str, str]:
    """Return what a step has written into one of the files that GitHub reads."""
    found: dict[str, str] = {}
    lines = file.read_text(encoding="utf-8").splitlines()
    while lines:
        line = lines.pop(0)
        if several := _HEREDOC.fullmatch(line):
            end = lines.index(several["end"])
            found[several["name"]] = "\n".join(lines[:end])
            del lines[: end + 1]
        elif "=" in line:
            name, _, value = line.partition("=")
            found[name] = value
    return found
