"""The lanes: which tests a run proves."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from ops.lane import Lane, pytest_runs

ROOT = Path(__file__).resolve().parents[2]
FAST = "tests/catalog/test_quantity.py"
SAMPLE = ("tests/engine/test_life_cycle.py", "tests/engine/test_recovery.py", FAST)
"""Files that hold tests of every kind; a lane that finds some among them is not empty."""


COLLECT = """
import sys
import pytest

for lane in sys.argv[1:]:
    codes = [
        int(pytest.main(["--collect-only", "-q", "-p", "no:cacheprovider", *arguments.split("|")]))
        for arguments in lane.split("||")
    ]
    print(f"==== {max(codes)}")
"""


@pytest.fixture(scope="module")
def selected() -> dict[Lane, set[str]]:
    """The tests that every lane selects from the sample, collected by one process."""
    arguments = ["||".join("|".join([*run, *SAMPLE]) for run in pytest_runs(lane)) for lane in Lane]
    done = subprocess.run(
        [sys.executable, "-c", COLLECT, *arguments], cwd=ROOT, capture_output=True, text=True, check=True, timeout=60
    )
    parts = re.split(r"^==== (\d)\n", done.stdout, flags=re.MULTILINE)
    assert parts[1::2] == ["0"] * len(Lane), done.stdout
    return {
        lane: {line for line in part.splitlines() if "::" in line} for lane, part in zip(Lane, parts[::2], strict=False)
    }


@pytest.mark.parametrize("lane", Lane)
def test_no_lane_is_empty(lane, selected):
    assert selected[lane]


def test_the_fast_lane_needs_no_engine(selected):
    assert {name.split("::")[0] for name in selected[Lane.FAST]} == {FAST}


def test_the_engine_lane_is_the_engines_tests_without_the_hours_of_soak(selected):
    assert all(name.startswith("tests/engine/") for name in selected[Lane.ENGINE])
    assert not selected[Lane.ENGINE] & selected[Lane.SOAK]


def test_all_is_both_and_nothing_that_soaks(selected):
    assert selected[Lane.ALL] == selected[Lane.FAST] | selected[Lane.ENGINE]
    assert not selected[Lane.ALL] & selected[Lane.SOAK]
