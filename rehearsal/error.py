"""What goes wrong in a rehearsal."""


class RehearsalError(RuntimeError):
    """A rehearsal cannot start, run or end; the message says what is wrong and what to do."""
