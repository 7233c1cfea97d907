"""What people see of work that takes time."""

import io
import time
from contextlib import suppress

import pytest
from rich.console import Console

from rehearsal.toolchain.progress import PlainProgress, TerminalProgress, duration, progress_for


def test_plain_progress_tells_begin_expectation_and_end() -> None:
    stream = io.StringIO()
    seconds = iter([0.0, 200.0])
    with PlainProgress(stream, clock=lambda: next(seconds)).activity("Building etcd", 25):
        pass
    assert stream.getvalue() == "Building etcd (about 25 s)\nBuilding etcd: done in 3 min 20 s\n"


def test_plain_progress_goes_on_telling_while_work_goes_on() -> None:
    stream = io.StringIO()
    with PlainProgress(stream, every_seconds=0.01).activity("Building etcd"):
        deadline = time.monotonic() + 10
        while "so far" not in stream.getvalue():
            assert time.monotonic() < deadline
            time.sleep(0.01)


def test_work_that_failed_is_not_called_done() -> None:
    stream = io.StringIO()
    with suppress(ZeroDivisionError), PlainProgress(stream).activity("Building etcd"):
        _ = 1 / 0
    assert stream.getvalue() == "Building etcd\n"


def test_a_terminal_gets_a_live_line_and_one_that_stays() -> None:
    stream = io.StringIO()
    console = Console(file=stream, force_terminal=True, width=80)
    with TerminalProgress(console).activity("Building [etcd]", 25):
        pass
    shown = stream.getvalue()
    assert "Building [etcd] (about 25 s)" in shown
    assert "Building [etcd]: done in" in shown.splitlines()[-1]


def test_a_stream_that_is_no_terminal_gets_plain_lines() -> None:
    assert isinstance(progress_for(io.StringIO()), PlainProgress)


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.04, "0.0 s"), (9.4, "9.4 s"), (9.96, "10 s"), (60, "1 min"), (3725, "62 min 5 s")]
)
def test_time_is_told_as_people_say_it(seconds: float, text: str) -> None:
    assert duration(seconds) == text
