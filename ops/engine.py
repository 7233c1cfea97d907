"""The Pulumi engine, run as a process: its events, its interruption, and what a killed one leaves behind."""

import json
import os
import signal
import subprocess
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import NamedTuple

import psutil

from ops.events import Diagnostic, Event, Failed, Finished, Judged, Step, Summary, parse
from rehearsal.marked import end

_END_SECONDS = 5
"""Seconds a process gets between the request to end and its kill."""

_TELLS_NOTHING = frozenset({"preview failed", "update failed"})
"""What the engine says of a run in which something failed that it has told already."""

_OF_WHAT_FAILED = "ResourceRegistrationFailed: resource "
"""What the program says, below all its stack, when something failed that another thing needs: the engine has told."""

_STDERR_LINES = 40
"""Last lines of the engine's error stream that a failure shows."""


class EngineError(RuntimeError):
    """The engine cannot be run now; the message says why and what to do."""


class LockedError(EngineError):
    """Somebody else works on the stack at the moment; the message says who."""


class InterruptedRunError(RuntimeError):
    """The engine was interrupted and has stopped; what it had begun is finished and recorded."""


@dataclass
class Outcome:
    """What one run of the engine did."""

    code: int = 0
    """The CLI's exit code; 128 plus the signal where one ended it."""
    summary: Summary | None = None
    """The engine's own summary; None where it did not get that far."""
    changed: dict[str, Step] = field(default_factory=dict)
    """Steps after which something differs, by URN: a component finishes twice, once with its outputs."""
    failed: list[Step] = field(default_factory=list)
    """Steps that failed."""
    diagnostics: list[Diagnostic] = field(default_factory=list)
    """Warnings and errors."""
    judged: list[Judged] = field(default_factory=list)
    """What the policy pack found."""
    stderr: str = ""
    """The end of what the CLI wrote to its error stream."""

    @property
    def ok(self) -> bool:
        """Whether the engine finished and nothing failed."""
        return self.code == 0 and self.summary is not None and self.summary.result == "succeeded"

    @property
    def refused(self) -> bool:
        """Whether a policy refuses something."""
        return any(one.blocks for one in self.judged)

    def may_go_on_beside(self, types: tuple[str, ...]) -> bool:
        """Return whether another run may do what this one left: only some resources failed, and others were changed.

        The engine goes on beside a failed resource, but the program ends where one depends on it, and what it has not
        registered by then is left.

        Args:
            types: how the types of the resources begin that may fail.
        """
        return bool(self.failed and self.changed) and all(step.type.startswith(types) for step in self.failed)

    @property
    def errors(self) -> list[str]:
        """What was said about failures, most specific first; every resource that failed is named."""
        said = [d for d in self.diagnostics if d.severity == "error"]
        telling = [d for d in said if d.message not in _TELLS_NOTHING and _OF_WHAT_FAILED not in d.message]
        unsaid = {step.urn: step for step in self.failed if not any(d.urn == step.urn for d in telling)}
        silent = [f"{step.name}: {step.verb} failed, and the engine does not say why" for step in unsaid.values()]
        refusals = [one.complaint for one in self.judged if one.blocks]
        told = [*dict.fromkeys((*refusals, *(d.complaint for d in telling))), *silent] or [d.message for d in said]
        return told or ([self.stderr] if self.stderr else [])


class Engine:
    """The Pulumi CLI for one stack.

    Args:
        stack: name of the stack.
        project: folder of the program.
        environment: its whole environment; nothing is inherited.
        run_file: where the running process is recorded, so that a later run can clear up after a killed one.
    """

    def __init__(
        self,
        stack: str,
        *,
        project: Path,
        environment: Mapping[str, str],
        run_file: Path,
    ) -> None:
        self._stack = stack
        self._project = project
        self.environment = environment
        self._run_file = run_file
        self._process: subprocess.Popen[str] | None = None

    def run(
        self, command: Sequence[str], on_event: Callable[[Event], None], *, settings: Mapping[str, str] | None = None
    ) -> Outcome:
        """Run one command and return what it did.

        Args:
            command: words of the command after ``pulumi``, such as ``("up", "--yes")``.
            on_event: told each event as it comes.
            settings: variables of this run alone.

        Raises:
            LockedError: another update of the stack is running.
            InterruptedRunError: it was interrupted (Ctrl-C). The engine was asked to stop and has finished what it
                had begun; a second interrupt makes it stop at once.
        """
        self.clear_up()
        words = [*command, "--stack", self._stack, "--non-interactive", "--json"]
        process = self._start(words, settings or {})
        errors = _Tail(process)
        outcome = Outcome()
        try:
            interrupted = self._follow(process, outcome, on_event)
            code = process.wait()
        finally:
            self._process = None
            end(_session(process.pid), patience=_END_SECONDS)
            process.wait()
            errors.close()
            self._run_file.unlink(missing_ok=True)
        if interrupted:
            msg = f"interrupted; what was begun is finished and recorded: run it again to go on with {self._stack}"
            raise InterruptedRunError(msg)
        outcome.code = code if code >= 0 else 128 - code
        outcome.stderr = errors.text()
        return outcome

    def interrupt(self) -> None:
        """Ask the running engine to stop after what it has begun; asked twice, it stops at once."""
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(signal.SIGINT)

    def clear_up(self) -> None:
        """End what a killed engine left running: its plugins do not always notice that it is gone.

        Raises:
            LockedError: the engine recorded last is still running.
        """
        recorded = _recorded(self._run_file)
        if recorded and _alive(recorded):
            msg = (
                f"an update of {self._stack} is still running as process {recorded.pid}; "
                f"wait for it, or end it: kill {recorded.pid}"
            )
            raise LockedError(msg)
        end_recorded(self._run_file)

    def _start(self, words: Sequence[str], settings: Mapping[str, str]) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            ["pulumi", *words],
            cwd=self._project,
            env={**self.environment, **settings, "PULUMI_ENABLE_STREAMING_JSON_PREVIEW": "true"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            # Its own session: a Ctrl-C reaches it once, through us, and all it starts can be found again.
            start_new_session=True,
        )
        started = _Recorded(process.pid, psutil.Process(process.pid).create_time())
        self._run_file.parent.mkdir(parents=True, exist_ok=True)
        self._run_file.write_text(json.dumps(started), encoding="utf-8")
        self._process = process
        return process

    def _follow(self, process: subprocess.Popen[str], outcome: Outcome, on_event: Callable[[Event], None]) -> bool:
        """Read the events to their end; return whether an interrupt came in between."""
        lines = iter(process.stdout or ())
        interrupted = False
        while True:
            try:
                line = next(lines, None)
                if line is None:
                    return interrupted
                event = parse(line)
                if event is not None:
                    _note(event, outcome)
                    on_event(event)
            except KeyboardInterrupt:
                interrupted = True
                self.interrupt()


class _Tail:
    """The last lines of a process's error stream, read by a thread so that the pipe never fills."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._lines: list[str] = []
        self._process = process
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self) -> None:
        for line in self._process.stderr or ():
            self._lines = [*self._lines[1 - _STDERR_LINES :], line.rstrip()]

    def close(self) -> None:
        """Wait for the stream's end and close the process's pipes."""
        self._thread.join(timeout=_END_SECONDS)
        for pipe in filter(None, (self._process.stdout, self._process.stderr)):
            pipe.close()

    def text(self) -> str:
        """Return the lines, after the stream was closed."""
        return "\n".join(line for line in self._lines if line)


def _note(event: Event, outcome: Outcome) -> None:
    if isinstance(event, Finished) and event.step.changes:
        outcome.changed[event.step.urn] = _joined(outcome.changed.get(event.step.urn), event.step)
    elif isinstance(event, Failed):
        outcome.failed.append(event.step)
    elif isinstance(event, Diagnostic) and event.severity in {"warning", "error"}:
        outcome.diagnostics.append(event)
    elif isinstance(event, Judged):
        outcome.judged.append(event)
    elif isinstance(event, Summary):
        outcome.summary = event


def _joined(before: Step | None, step: Step) -> Step:
    """Return what happens to a resource as a whole: one that is imported is changed in the same run if it differs."""
    return replace(step, op=before.op) if before is not None and before.op == "import" else step


class _Recorded(NamedTuple):
    """The engine that a run file names."""

    pid: int
    created: float


def end_recorded(run_file: Path) -> None:
    """End the engine that a run file names and everything it started, running or left over, and forget it."""
    recorded = _recorded(run_file)
    # A number stays taken while its session has members, so one that lives with another start time is somebody else's.
    if recorded and _is_or_was(recorded):
        end(_session(recorded.pid), patience=_END_SECONDS)
    run_file.unlink(missing_ok=True)


def _recorded(run_file: Path) -> _Recorded | None:
    try:
        pid, created = json.loads(run_file.read_text(encoding="utf-8"))
        return _Recorded(int(pid), float(created))
    except (FileNotFoundError, ValueError, TypeError):
        return None


def _alive(recorded: _Recorded) -> bool:
    try:
        return _is_or_was(recorded) and psutil.Process(recorded.pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def _is_or_was(recorded: _Recorded) -> bool:
    """Whether the number still means the recorded process, running, dead or gone."""
    try:
        # A second apart: the same number given to another process.
        return abs(psutil.Process(recorded.pid).create_time() - recorded.created) < 1
    except psutil.NoSuchProcess:
        return True


def _session(leader: int) -> list[psutil.Process]:
    """Return the processes that were started in the session of a process, which may itself be gone."""
    members = []
    for process in psutil.process_iter():
        try:
            if process.pid != os.getpid() and os.getsid(process.pid) == leader:
                members.append(process)
        except (ProcessLookupError, PermissionError):
            continue
    return members
