"""Calls go out no faster than they may, in order, and not at all once the run is cancelled."""

import asyncio
import time
from itertools import pairwise

import pytest

from providers.kit import Pace, ProviderError
from providers.kit.operation import CANCELLED, Operation
from tests.kit.conftest import run_alone

INTERVAL = 0.02


def _starts(interval: float, callers: int) -> list[tuple[int, float]]:
    pace, starts = Pace(interval), []

    async def call(number: int) -> None:
        async with pace:
            starts.append((number, time.monotonic()))

    async def run() -> None:
        await asyncio.gather(*(call(number) for number in range(callers)))

    run_alone(run())
    return starts


def test_one_caller_per_interval_is_let_through():
    times = [when for _, when in _starts(INTERVAL, 5)]
    assert min(after - before for before, after in pairwise(times)) >= INTERVAL


def test_callers_are_let_through_in_the_order_they_came():
    assert [number for number, _ in _starts(INTERVAL, 5)] == [0, 1, 2, 3, 4]


def test_an_interval_of_nothing_lets_all_through():
    assert len(_starts(0, 100)) == 100


def test_a_cancelled_run_lets_nobody_wait():
    async def run() -> None:
        event = asyncio.Event()
        CANCELLED.set(event)
        pace = Pace(600)
        async with pace:
            event.set()
        async with pace:
            pass

    with pytest.raises(ProviderError, match="cancelled"):
        run_alone(asyncio.wait_for(run(), 20))


def test_an_operation_knows_what_it_is_about():
    operation = Operation("urn:pulumi:prod::sophia::sophia:lambda:Cluster$sample:index:Box::a::b")
    assert (operation.stack, operation.project) == ("prod", "sophia")
    assert (operation.token, operation.name) == ("sample:index:Box", "a::b")


def test_outside_a_run_an_operation_just_waits():
    run_alone(Operation("urn:pulumi:a::b::c:d:E::f").sleep(0))
