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


_EXPRESSIONS = {
    Lane.FAST: "not engine and not soak",
    Lane.ENGINE: "engine and not soak",
    Lane.ALL: "not soak",
    Lane.SOAK: "soak",
}


def pytest_arguments(lane: Lane) -> list[str]:
    """Return what selects the lane's tests; a lane that selects none fails (exit code 5 of pytest)."""
    return ["-m", _EXPRESSIONS[lane]]
