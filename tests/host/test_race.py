"""Several ways are tried so that a slow one holds nobody up."""

import asyncio
import time
from typing import Any

import pytest

from providers.host.race import first


def race(*attempts: Any) -> Any:
    discarded: list[str] = []

    async def discard(won: str) -> None:
        discarded.append(won)

    with asyncio.Runner(loop_factory=asyncio.new_event_loop) as runner:
        return runner.run(first(attempts, 0.05, discard)), discarded


def attempt(seconds: float, result: object):
    async def run() -> object:
        await asyncio.sleep(seconds)
        if isinstance(result, Exception):
            raise result
        return result

    return run


def test_the_preferred_wins_when_it_is_fast():
    assert race(attempt(0, "a"), attempt(0, "b")) == ("a", [])


def test_a_later_one_joins_after_the_head_start_and_wins_over_a_silent_one():
    began = time.monotonic()
    assert race(attempt(30, "a"), attempt(0, "b")) == ("b", [])
    assert time.monotonic() - began < 5


def test_a_failure_lets_the_next_one_begin_at_once():
    began = time.monotonic()
    assert race(*[attempt(0, OSError())] * 20, attempt(0, "b")) == ("b", [])
    assert time.monotonic() - began < 0.9


def test_all_failures_are_told_together():
    with pytest.raises(ExceptionGroup) as failed:
        race(attempt(0, OSError("a")), attempt(0, OSError("b")))
    assert [str(error) for error in failed.value.exceptions] == ["a", "b"]
