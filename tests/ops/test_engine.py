"""The engine as a process: followed, interrupted, refused while another runs, and cleared up after."""

import json
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from ops.engine import Engine, EngineError, InterruptedRunError, Outcome, end_recorded
from ops.events import Diagnostic, Event, Finished, Step

pytestmark = pytest.mark.timeout(30)

SAY = """
import json
def say(message):
    event = {"diagnosticEvent": {"severity": "info", "message": message}}
    os.write(1, json.dumps(event).encode() + b"\\n")  # not by print, which a signal may interrupt half way
"""

# Finishes what it has begun when it is asked the first time, as the engine does, and leaves when asked again.
PATIENT = f"""{SAY}
asked = 0
def ask(*_):
    global asked
    asked += 1
    say(f"asked {{asked}}")
    if asked == 2:
        sys.exit(1)
signal.signal(signal.SIGINT, ask)
say("begun")
while True:
    time.sleep(0.01)
"""

# Leaves when it is asked once.
OBEDIENT = f"""{SAY}
def ask(*_):
    say("asked")
    sys.exit(1)
signal.signal(signal.SIGINT, ask)
say("begun")
while True:
    time.sleep(0.01)
"""

# Starts a program that outlives it, as plugins sometimes do.
LEAVING_SOMETHING = """
nothing = subprocess.DEVNULL
child = subprocess.Popen(["sleep", "300"], stdin=nothing, stdout=nothing, stderr=nothing)
open("child", "w").write(str(child.pid))
"""

Collect = Callable[[Event], None]


def silent(_: Event) -> None:
    """Look at no event."""


def run(engine: Engine, *words: str) -> Outcome:
    return engine.run(words or ("up",), silent)


def messages(heard: list[Event]) -> list[str]:
    return [event.message for event in heard if isinstance(event, Diagnostic)]


def becomes(true: Callable[[], bool], seconds: float = 5) -> bool:
    """Whether something becomes true within its time."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if true():
            return True
        time.sleep(0.02)
    return False


def gone(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


@pytest.fixture
def run_file(tmp_path: Path) -> Path:
    (tmp_path / "run").mkdir()
    return tmp_path / "run/engine.json"


@pytest.fixture
def sleeper() -> Iterator[Callable[[str], subprocess.Popen[bytes]]]:
    """Starts shells in sessions of their own, and ends each whole session afterwards."""
    started: list[subprocess.Popen[bytes]] = []

    def start(script: str) -> subprocess.Popen[bytes]:
        started.append(subprocess.Popen(["/bin/sh", "-c", script], start_new_session=True))
        return started[-1]

    yield start
    for process in started:
        for member in psutil.process_iter():
            try:
                if os.getsid(member.pid) == process.pid:
                    member.kill()
            except (ProcessLookupError, psutil.NoSuchProcess):
                continue
        process.wait(timeout=5)


def record(run_file: Path, pid: int, *, created: float | None = None) -> None:
    """Write down a process as the running engine, as `Engine` does."""
    when = psutil.Process(pid).create_time() if created is None else created
    run_file.write_text(json.dumps([pid, when]), encoding="utf-8")


def test_every_event_is_told_as_it_was_recorded(replayed):
    heard: list[Event] = []
    outcome = replayed("drift.jsonl").run(("refresh",), heard.append)
    assert len(heard) == 11, "all but the configuration at the beginning and the mark at the end"
    assert {(s.name, s.op) for s in outcome.changed.values()} == {
        ("mcp-github-service", "update"),
        ("mcp-github-deployment", "delete"),
    }
    assert outcome.ok


def test_a_failure_is_told_with_its_reasons_most_specific_first(replayed):
    outcome = run(replayed("refused.jsonl", code=255))
    assert not outcome.ok
    assert [step.name for step in outcome.failed] == ["mcp-linear-service"]
    assert "exceeded quota" in outcome.errors[0]


def test_a_failed_host_is_named_once_with_step_and_remedy_and_without_the_programs_stack(replayed):
    (error,) = run(replayed("host-down-up.jsonl", code=1)).errors
    assert error.startswith("sophia-data-pipeline-host: 203.0.113.1: connecting: no address answers; check that")
    assert "Traceback" not in error


def test_a_resource_that_failed_without_a_word_is_named(stand_in, recorded):
    silent = [line for line in recorded("host-down-up.jsonl").splitlines() if "diagnosticEvent" not in line]
    outcome = run(stand_in(f"print({chr(10).join(silent)!r})"))
    assert outcome.errors == ["sophia-data-pipeline-host: update failed, and the engine does not say why"]


def test_what_the_program_says_is_told_where_nothing_else_failed(stand_in, recorded):
    said = [line for line in recorded("host-down-up.jsonl").splitlines() if "unhandled exception" in line]
    assert "failed to register" in run(stand_in(f"print({said[0]!r})")).errors[0]


def test_what_is_said_twice_is_told_once(stand_in, recorded):
    said = [line for line in recorded("host-down-up.jsonl").splitlines() if "no address answers;" in line]
    assert len(run(stand_in(f"print({said[0]!r})\nprint({said[0]!r})")).errors) == 1


def test_a_code_of_zero_without_a_summary_is_no_success(replayed):
    assert not run(replayed("said.jsonl")).ok


def test_the_end_of_the_error_stream_is_shown_where_nothing_else_was_said(replayed):
    stderr = "".join(f"line {number}\n" for number in range(100))
    (said,) = run(replayed("unchanged.jsonl", code=255, stderr=stderr)).errors
    assert said.splitlines() == [f"line {number}" for number in range(60, 100)]


def test_a_long_error_stream_does_not_stop_the_engine(stand_in):
    engine = stand_in(f"{SAY}\nfor _ in range(5000):\n    sys.stderr.write('x' * 99 + chr(10))\nsay('done')")
    heard: list[Event] = []
    engine.run(("up",), heard.append)
    assert messages(heard) == ["done"]


def test_the_command_names_the_stack_and_asks_for_events(stand_in):
    engine = stand_in(f"{SAY}\nsay(' '.join(sys.argv[1:]))")
    heard: list[Event] = []
    engine.run(("refresh", "--preview-only"), heard.append)
    assert messages(heard) == ["refresh --preview-only --stack dev --non-interactive --json"]


def test_the_engine_inherits_nothing_of_the_callers_environment(stand_in, monkeypatch):
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "canary")
    engine = stand_in(f"{SAY}\nsay(' '.join(sorted(os.environ)))")
    heard: list[Event] = []
    engine.run(("up",), heard.append)
    (names,) = messages(heard)
    assert set(names.split()) - {"LC_CTYPE"} == {"PATH", "PULUMI_ENABLE_STREAMING_JSON_PREVIEW"}


def test_an_engine_that_a_signal_ends_leaves_with_the_code_of_the_signal(stand_in):
    assert run(stand_in("os.kill(os.getpid(), signal.SIGKILL)")).code == 128 + signal.SIGKILL


def test_the_engine_is_recorded_while_it_runs_and_forgotten_afterwards(stand_in, run_file):
    engine = stand_in(f"{SAY}\nsay(str(os.getpid()))")
    recorded: list[int] = []
    engine.run(("up",), lambda _: recorded.append(json.loads(run_file.read_text())[0]))
    assert len(recorded) == 1
    assert not run_file.exists()


def test_an_interrupt_lets_the_engine_finish_and_a_second_one_does_not(stand_in):
    heard: list[Event] = []

    def interrupting(event: Event) -> None:
        heard.append(event)
        if len(heard) <= 2:
            raise KeyboardInterrupt

    with pytest.raises(InterruptedRunError, match="run it again to go on with dev"):
        stand_in(PATIENT).run(("up",), interrupting)
    assert messages(heard) == ["begun", "asked 1", "asked 2"], "what came after the first interrupt was told too"


def test_a_control_c_while_the_engine_is_silent_reaches_it(stand_in):
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    heard: list[Event] = []
    pressed = threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGINT))

    def pressing(event: Event) -> None:
        heard.append(event)
        if len(heard) == 1:
            pressed.start()

    try:
        with pytest.raises(InterruptedRunError):
            stand_in(OBEDIENT).run(("up",), pressing)
    finally:
        signal.signal(signal.SIGINT, before)
    assert messages(heard) == ["begun", "asked"]


def test_an_interrupt_by_the_watch_is_a_run_with_an_outcome(stand_in):
    engine = stand_in(OBEDIENT)
    outcome = engine.run(("up",), lambda event: engine.interrupt() if messages([event]) == ["begun"] else None)
    assert outcome.code == 1
    assert not outcome.ok


def test_an_interrupt_of_an_engine_that_does_not_run_is_nothing(stand_in):
    stand_in("").interrupt()


def test_a_second_engine_is_refused_and_told_whom_to_wait_for(stand_in):
    engine = stand_in(OBEDIENT)
    begun = threading.Event()
    first = threading.Thread(target=engine.run, args=(("up",), lambda _: begun.set()))
    first.start()
    try:
        assert begun.wait(timeout=10)
        pid = json.loads((Path(engine.environment["PATH"].split("/bin")[0]) / "run/engine.json").read_text())[0]
        with pytest.raises(EngineError, match=rf"dev is still running as process {pid};.*kill {pid}"):
            run(stand_in(OBEDIENT))
        assert psutil.pid_exists(pid)
    finally:
        engine.interrupt()
        first.join(timeout=10)
    assert not first.is_alive()


def test_a_refused_engine_touches_neither_the_running_one_nor_its_record(stand_in, run_file, sleeper):
    running = sleeper("exec sleep 300")
    record(run_file, running.pid)
    with pytest.raises(EngineError):
        run(stand_in(""))
    assert running.poll() is None
    assert run_file.exists()


def test_what_the_engine_leaves_running_is_ended_with_it(stand_in, tmp_path):
    run(stand_in(LEAVING_SOMETHING))
    child = int((tmp_path / "project/child").read_text())
    assert becomes(lambda: gone(child))


def test_an_engine_whose_listener_fails_is_ended(stand_in, run_file):
    def failing(_: Event) -> None:
        pid.append(json.loads(run_file.read_text())[0])
        raise BrokenPipeError

    pid: list[int] = []
    with pytest.raises(BrokenPipeError):
        stand_in(f"{SAY}say('begun')\ntime.sleep(300)").run(("up",), failing)
    assert becomes(lambda: gone(pid[0]))
    assert not run_file.exists()


def test_what_a_killed_engine_left_running_is_ended_by_the_next(stand_in, run_file, sleeper):
    killed = sleeper("sleep 300 & sleep 300")
    assert becomes(lambda: bool(psutil.Process(killed.pid).children()))
    left = [child.pid for child in psutil.Process(killed.pid).children()]
    record(run_file, killed.pid)
    killed.kill()
    killed.wait(timeout=5)
    run(stand_in(""))
    assert becomes(lambda: all(gone(pid) for pid in left))


def test_a_process_of_another_session_is_left_alone(stand_in, run_file, sleeper):
    killed, bystander = sleeper("exec sleep 300"), sleeper("exec sleep 300")
    record(run_file, killed.pid)
    killed.kill()
    killed.wait(timeout=5)
    run(stand_in(""))
    assert bystander.poll() is None


def test_a_process_that_got_a_recorded_number_later_is_never_signalled(stand_in, run_file, sleeper):
    bystander = sleeper("exec sleep 300")
    record(run_file, bystander.pid, created=time.time() - 3600)
    run(stand_in(""))
    assert bystander.poll() is None, "after a reboot a number belongs to somebody else"


def test_down_does_not_signal_a_process_that_got_a_recorded_number_later(run_file, sleeper):
    bystander = sleeper("exec sleep 300")
    record(run_file, bystander.pid, created=time.time() - 3600)
    end_recorded(run_file)
    assert bystander.poll() is None
    assert not run_file.exists()


def test_down_ends_a_running_engine_and_everything_it_started(run_file, sleeper):
    running = sleeper("sleep 300 & sleep 300")
    assert becomes(lambda: bool(psutil.Process(running.pid).children()))
    members = [running.pid, *(child.pid for child in psutil.Process(running.pid).children())]
    record(run_file, running.pid)
    end_recorded(run_file)
    assert becomes(lambda: all(gone(pid) for pid in members))


@pytest.mark.parametrize("text", ["", "{", "null", "[]", "[1]", '["one", 2]', "{}", "[1, 2, 3]"])
def test_a_damaged_record_stops_nothing(text, stand_in, run_file):
    run_file.write_text(text, encoding="utf-8")
    assert run(stand_in("")).code == 0


def test_a_component_that_finishes_twice_is_one_change(replayed):
    heard: list[Event] = []
    outcome = replayed("refused.jsonl", code=255).run(("up",), heard.append)
    finished = [e.step.urn for e in heard if isinstance(e, Finished) and e.step.changes]
    assert sorted(outcome.changed) == sorted(set(finished))


def test_another_run_may_do_what_hosts_have_kept_one_from_as_long_as_something_is_done():
    down, other = (Step("update", f"urn::{kind}", kind) for kind in ("host:index:Host", "kubernetes:core/v1:Service"))
    done = {"urn::done": Step("create", "urn::done", "host:index:Files")}
    assert Outcome(failed=[down], changed=done).may_go_on_beside(("host:index:",))
    assert not Outcome(failed=[down]).may_go_on_beside(("host:index:",)), "nothing was done: it would go on for ever"
    assert not Outcome(failed=[down, other], changed=done).may_go_on_beside(("host:index:",))
    assert not Outcome(changed=done).may_go_on_beside(("host:index:",))
