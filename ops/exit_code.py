"""What the command's exit codes mean; distinct, so that a check can tell a drift from a failure."""

from collections.abc import Iterable
from enum import IntEnum

from catalog import Concern, Offence


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


def of_offences(offences: Iterable[Offence]) -> ExitCode:
    """Return the code of the one concern that all offences share.

    Args:
        offences: what is wrong with the catalog, or with a stack's choice from it.
    """
    codes = {Concern.COST: ExitCode.COST, Concern.CAPACITY: ExitCode.CAPACITY}
    concerns = {offence.concern for offence in offences}
    return codes.get(concerns.pop(), ExitCode.BAD_INPUT) if len(concerns) == 1 else ExitCode.BAD_INPUT
