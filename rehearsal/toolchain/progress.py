"""What a person sees of work that takes time: a live line on a terminal, plain lines elsewhere."""

import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol, TextIO

from rich.console import Console
from rich.progress import Progress as RichBar
from rich.progress import ProgressColumn, SpinnerColumn, Task, TextColumn
from rich.text import Text


class Progress(Protocol):
    """Where work is told."""

    def line(self, text: str) -> None:
        """One line is told.

        Args:
            text: the line.
        """

    def activity(self, text: str, expected_seconds: float | None = None) -> AbstractContextManager[None]:
        """The work in the context is told: that it began, that it goes on and, when it went well, how long it took.

        Args:
            text: what is being done, as "Building etcd 3.6.14".
            expected_seconds: how long it usually takes.
        """


def duration(seconds: float) -> str:
    """A time span as people say it.

    Args:
        seconds: the time span.

    >>> duration(0.31), duration(5), duration(9.96), duration(42.4), duration(200), duration(3600)
    ('0.3 s', '5 s', '10 s', '42 s', '3 min 20 s', '60 min')
    """
    whole = round(seconds)
    if whole < 10 and seconds != whole:  # noqa: PLR2004 - below ten seconds the tenths matter
        return f"{seconds:.1f} s"
    minutes, rest = divmod(whole, 60)
    return " ".join([*([f"{minutes} min"] if minutes else []), *([f"{rest} s"] if rest or not minutes else [])])


def _expectation(expected_seconds: float | None) -> str:
    return f" (about {duration(expected_seconds)})" if expected_seconds else ""


class PlainProgress:
    """Lines for logs and CI: one at the start, one each minute, one at the end.

    Args:
        stream: where lines go.
        every_seconds: how often work that goes on is told.
        clock: seconds that only grow.
    """

    def __init__(self, stream: TextIO, every_seconds: float = 60, clock: Callable[[], float] = time.monotonic) -> None:
        self._stream = stream
        self._every = every_seconds
        self._clock = clock

    def line(self, text: str) -> None:
        """One line is written at once.

        Args:
            text: the line.
        """
        self._stream.write(f"{text}\n")
        self._stream.flush()

    @contextmanager
    def activity(self, text: str, expected_seconds: float | None = None) -> Iterator[None]:
        """The work in the context is told in lines.

        Args:
            text: what is being done.
            expected_seconds: how long it usually takes.
        """
        start = self._clock()
        ended = threading.Event()
        self.line(f"{text}{_expectation(expected_seconds)}")

        def go_on() -> None:
            while not ended.wait(self._every):
                self.line(f"{text}: {duration(self._clock() - start)} so far")

        teller = threading.Thread(target=go_on, daemon=True)
        teller.start()
        try:
            yield
        finally:
            ended.set()
            teller.join()
        self.line(f"{text}: done in {duration(self._clock() - start)}")


class _Elapsed(ProgressColumn):
    """The time that an activity has taken so far."""

    def render(self, task: Task) -> Text:
        """The elapsed time as text.

        Args:
            task: the activity.
        """
        return Text(duration(int(task.elapsed or 0)))


class TerminalProgress:
    """A live line with the elapsed time for a person at a terminal, and one line that stays when it is done.

    Args:
        console: the terminal.
    """

    def __init__(self, console: Console) -> None:
        self._console = console

    def line(self, text: str) -> None:
        """One line is written above a live line.

        Args:
            text: the line.
        """
        self._console.print(text, markup=False, highlight=False)

    @contextmanager
    def activity(self, text: str, expected_seconds: float | None = None) -> Iterator[None]:
        """The work in the context is told by a line that lives as long as it does.

        Args:
            text: what is being done.
            expected_seconds: how long it usually takes.
        """
        start = time.monotonic()
        shown = f"{text}{_expectation(expected_seconds)}"
        columns = (SpinnerColumn(), TextColumn("{task.description}", markup=False), _Elapsed())
        with RichBar(*columns, console=self._console, transient=True) as bar:
            bar.add_task(shown, total=None)
            yield
        self.line(f"{text}: done in {duration(time.monotonic() - start)}")


def progress_for(stream: TextIO | None = None) -> Progress:
    """The right way to tell progress on a stream: live on a terminal, plain elsewhere.

    Args:
        stream: where progress goes; standard error when none is given, so that output can be piped.
    """
    chosen = stream or sys.stderr
    return TerminalProgress(Console(file=chosen)) if chosen.isatty() else PlainProgress(chosen)
