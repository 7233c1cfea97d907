"""Every request that the API was sent; never a header or a body."""

from collections import Counter, deque
from collections.abc import Callable

from pydantic import BaseModel, ConfigDict


class Entry(BaseModel):
    """One request."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    time: float
    """When it was answered, in virtual seconds."""
    method: str
    """Its method."""
    path: str
    """Its path."""
    operation: str | None
    """What it asked for, such as ``launch``; absent for a path that does not exist."""
    status: int | None
    """HTTP status of the answer; absent where none was given."""
    code: str | None = None
    """Code of the error; absent where it is none or has no code."""
    fault: str | None = None
    """Kind of the fault that hit it; absent where none did."""

    def line(self) -> str:
        """Return it as a line of a log."""
        return " ".join(
            (
                f"{self.time:.1f}",
                self.method,
                self.path,
                str(self.status or "-"),
                self.code or "-",
                self.fault or "-",
            )
        )


class Log:
    """The last requests, and how many there were of each operation.

    Args:
        write: told each line.
    """

    def __init__(self, write: Callable[[str], None] | None = None) -> None:
        self._write = write
        self.entries: deque[Entry] = deque(maxlen=100_000)
        self.requests: Counter[str] = Counter()

    def add(self, entry: Entry) -> None:
        """Note a request."""
        self.entries.append(entry)
        self.requests[entry.operation or "unknown"] += 1
        if self._write:
            self._write(entry.line())
