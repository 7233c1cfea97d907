"""The rows of what ``load`` answers."""

from ops.row import Row


class LoadRow(Row):
    """One server under load."""

    server: str
    """The server."""
    calls: int
    """Requests that it answered."""
    failed: int
    """Sessions that broke."""
    why: str = ""
    """What the first of them broke with."""
    p50_ms: float
    """Half of the answers took at most this long, in milliseconds."""
    p95_ms: float
    """So did 95 of 100."""
    p99_ms: float
    """So did 99 of 100."""
