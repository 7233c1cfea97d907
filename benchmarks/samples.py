"""Timing of whole commands, and a table of what was measured."""

import math
import os
import statistics
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from rich.console import Console
from rich.table import Table


@dataclass(frozen=True)
class Row:
    """One line of a table of results."""

    what: str
    """What was measured."""
    value: str
    """The measured value with its unit."""
    goal: str = ""
    """What was aimed at."""
    met: bool | None = None
    """Whether the goal is met; None where there is none."""


def seconds(
    words: Sequence[str], *, folder: Path, environment: Mapping[str, str], codes: Sequence[int] = (0,)
) -> float:
    """Return how long a command takes, its output thrown away.

    Raises:
        RuntimeError: it leaves with another exit code than ``codes``; what failed is not timed.
    """
    begun = time.perf_counter()
    done = subprocess.run(list(words), cwd=folder, env=dict(environment), capture_output=True, text=True, check=False)
    taken = time.perf_counter() - begun
    if done.returncode not in codes:
        msg = f"{' '.join(words)}: exit code {done.returncode}\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}"
        raise RuntimeError(msg)
    return taken


def median(measure: Callable[[], float], *, runs: int) -> float:
    """Return the median of several runs."""
    return statistics.median(measure() for _ in range(runs))


class Beside(NamedTuple):
    """Seconds that something takes, and what of them is its own."""

    whole: float
    own: float


def beside(measure: Callable[[], float], floor: Callable[[], float], *, runs: int) -> Beside:
    """Return the medians of several runs, and of what each takes more than the floor that was measured just before it.

    One after the other, because the computer's own speed changes within minutes.
    """
    rounds = [(floor(), measure()) for _ in range(runs)]
    return Beside(
        statistics.median(whole for _, whole in rounds), statistics.median(whole - least for least, whole in rounds)
    )


def exponent(small: tuple[int, float], large: tuple[int, float]) -> float:
    """Return the exponent with which a cost grows from one size to another; 1 is linear.

    >>> round(exponent((10, 1.0), (100, 10.0)), 2)
    1.0
    """
    return math.log(large[1] / small[1]) / math.log(large[0] / small[0])


def ratio(what: str, value: float, goal: float) -> Row:
    """Return the line of a ratio with its goal."""
    return Row(what, f"{value:.2f}", f"at most {goal}", value <= goal)


def show(title: str, rows: Sequence[Row]) -> None:
    """Print a table of results."""
    table = Table(title=title, title_justify="left", box=None, pad_edge=False)
    for column in ("measured", "value", "goal", "met"):
        table.add_column(column)
    for row in rows:
        table.add_row(row.what, row.value, row.goal, "" if row.met is None else "yes" if row.met else "NO")
    Console(width=110).print(table)


def machine() -> str:
    """Return what the figures were taken on."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 1024**3
    return f"{os.cpu_count()} cores, {memory} GiB, Linux {os.uname().release}, {time.strftime('%Y-%m-%d')}"
