"""What is said of servers under load."""

from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import replace
from functools import partial
from types import SimpleNamespace
from typing import ClassVar

import pytest
from typing_extensions import override

from ops import load as loading
from ops.deployment import Target
from ops.load import load, row
from ops.verify import Gate


def test_a_server_is_told_with_what_its_answers_took():
    told = row("github", [float(number) for number in range(1, 1001)], ["it broke", "so did this"])
    assert (told.calls, told.failed, told.why) == (1000, 2, "it broke")
    assert (told.p50_ms, told.p95_ms, told.p99_ms) == (500.5, 950.0, 990.0)
    assert row("github", [], []).p99_ms == 0.0
    assert row("github", [7.0], []).p99_ms == 7.0


class Answering(Gate):
    """Gives servers that answer as they are told to."""

    answers: ClassVar[Mapping[str, tuple[list[float], list[str]]]] = {}

    def __init__(self) -> None:
        """Have no way to any server."""

    @override
    def asking(self, one):
        async def press(*_):
            return self.answers.get(one.name, ([1.0, 2.0], []))

        return SimpleNamespace(expected=SimpleNamespace(workload=one), press=press)


@pytest.fixture
def under_load(monkeypatch, deployment, replayed):
    """Loads dev, whose servers stand in for real ones; in the cloud there is no client of its cluster."""

    def run(answers, *, cloud=False):
        monkeypatch.setattr(Answering, "answers", answers)
        monkeypatch.setattr(loading, "gate_of", lambda *_: nullcontext(Answering()))
        there = deployment(replayed("unchanged.jsonl"))
        there = replace(there, target=Target.CLOUD) if cloud else there
        return partial(load, there, clients=2, seconds=1.0)

    return run


def test_a_broken_session_fails_it(under_load):
    said = "github: 1 sessions broke beside 1 answers; the first: reset"
    assert under_load({"github": ([5.0], ["reset"])})(()).errors == (said,)


def test_what_takes_too_long_is_a_warning_where_all_machines_are_one_and_fails_elsewhere(under_load):
    slow: dict[str, tuple[list[float], list[str]]] = {"github": ([400.0, 401.0], [])}
    said = "github: p95 is 401 ms, and at most 100 ms, p99 is 401 ms, and at most 300 ms (catalog/limits.yaml)"
    here, there = under_load(slow)(["github"]), under_load(slow, cloud=True)(["github"])
    assert (here.warnings, here.errors) == ((said,), ())
    assert (there.warnings, there.errors) == ((), (said,))
