"""The provider through thousands of faults."""

import os
import secrets
import sys

import pytest
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.lambda_cloud.ground import prepared
from tests.lambda_cloud.machine import Faults

LEAST_SHARE = 0.3


def run(steps: int, runs: int) -> None:
    """Take so many steps in so many runs, and print what happened; FAULT_SEED in the environment repeats it."""
    chosen = int(os.environ.get("FAULT_SEED") or secrets.randbelow(2**32))
    with prepared(chosen) as ground:
        # Shrinking would repeat hours of faults; the seed and the steps that are printed say what happened.
        limits = settings(
            max_examples=runs,
            stateful_step_count=-(-steps * 6 // (5 * runs)),
            phases=[Phase.generate],
            database=None,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        )

        @seed(chosen)
        class Run(Faults):
            def __init__(self) -> None:
                super().__init__(ground)

        try:
            run_state_machine_as_test(Run, settings=limits)
        except BaseException:
            if ground.failure:
                pytest.fail(ground.failure, pytrace=False)
            raise
        finally:
            sys.stdout.write(f"{ground.report(chosen)}\n")
        assert ground.tally.steps >= steps, "steps were cut short"
        assert ground.tally.hit >= LEAST_SHARE * ground.tally.steps, "too few faults to prove anything"
        assert (ground.tally.orphans, ground.tally.doubles) == (0, 0)


def test_no_fault_loses_a_machine_or_launches_one_twice():
    run(steps=150, runs=10)


@pytest.mark.soak
def test_two_thousand_steps_lose_nothing_either():
    run(steps=2000, runs=80)
