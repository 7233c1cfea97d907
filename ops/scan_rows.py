"""What is told of each part of a scan."""

from ops.row import Row


class PartRow(Row):
    """One part."""

    name: str
    """What it is called."""
    what: str
    """What is looked at, and by what."""
    findings: int = 0
    """How much was found that nobody answers for."""
    first: str = ""
    """The first of it."""
    file: str = ""
    """The document that was written."""
    skipped: str = ""
    """Why nobody looked, and so what is not proven, with what to do; empty where somebody did."""
