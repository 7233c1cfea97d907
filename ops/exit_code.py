"""What the command's exit codes mean; distinct, so that a check can tell a drift from a failure."""

from enum import IntEnum


class ExitCode(IntEnum):
    """Exit codes of every verb."""

    OK = 0
    """It did what it was asked."""
    FAILED = 1
    """It failed; the message says why and what to do."""
    BAD_INPUT = 2
    """The catalog, a stack file or an argument is wrong; nothing was changed."""
    POLICY = 3
    """A rule refuses what was judged, at a level that blocks."""
    COST = 4
    """The plan costs more than its budget, or one change adds more than it may."""
    CAPACITY = 5
    """The plan does not fit its machines."""
    PARTIAL = 6
    """A provider could not be asked; what the others say is in the answer."""
    DRIFT = 7
    """What runs differs from what is declared."""
    INTERRUPTED = 130
    """It was interrupted; run it again to go on."""
