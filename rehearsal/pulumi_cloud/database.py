"""A database of the service: one file that its owner alone reads, changed by one program at a time."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rehearsal.home import private

_PATIENCE_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Database:
    """A database, made when it is first asked for.

    Args:
        file: where it is.
        tables: statements that make its tables, where they are lacking.
    """

    file: Path
    tables: str

    def rows(self, query: str, *values: Any) -> list[Any]:
        """Return the rows that a query finds."""
        with closing(self._opened()) as opened:
            return opened.execute(query, values).fetchall()

    @contextmanager
    def changing(self) -> Iterator[sqlite3.Connection]:
        """Change it while the block runs, whole or, when that raises, not at all."""
        with closing(self._opened()) as opened, opened:
            opened.execute("BEGIN IMMEDIATE")
            yield opened

    def _opened(self) -> sqlite3.Connection:
        private(self.file.parent)
        self.file.touch(mode=0o600)
        opened = sqlite3.connect(self.file, timeout=_PATIENCE_SECONDS, isolation_level=None)
        opened.execute("PRAGMA foreign_keys = ON")
        opened.executescript(self.tables)
        return opened
