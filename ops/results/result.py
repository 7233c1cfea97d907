"""The answer of a verb."""

from ops.row import Row


class Result(Row):
    """The answer of one verb about one stack."""

    stack: str
    """Name of the stack; empty where the answer is about none."""
    errors: tuple[str, ...] = ()
    """What went wrong, each with what to do."""
