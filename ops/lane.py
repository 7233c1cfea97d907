"""Which tests a run proves."""

from enum import StrEnum


class Lane(StrEnum):
    """A set of tests."""

    FAST = "fast"
    """No root, no tools but Python, no network."""
    ENGINE = "engine"
    """The real engine against the rehearsal."""
    ALL = "all"
    """Both."""
    SOAK = "soak"
    """Hours of faults, kills and scale."""


_ALONE = {
    Lane.FAST: ("-m", "not engine and not soak", "--numprocesses", "auto"),
    # Two side by side: each waits half of its time for machines that boot and pods that come. In the order of the files
    # what takes longest begins early; by the number of tests, which is the default, the longest would be the last.
    Lane.ENGINE: ("-m", "engine and not soak", "--numprocesses", "2", "--dist", "loadscope", "--no-loadscope-reorder"),
    Lane.SOAK: ("-m", "soak"),
}


def pytest_runs(lane: Lane) -> tuple[tuple[str, ...], ...]:
    """Return the arguments of each run of pytest that proves the lane; one that selects no test fails (exit code 5)."""
    return (_ALONE[Lane.FAST], _ALONE[Lane.ENGINE]) if lane is Lane.ALL else (_ALONE[lane],)
