"""What was done to stacks: each update with its outcome and its events, and the state that it left."""

import gzip
import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rehearsal.pulumi_cloud.database import Database
from rehearsal.pulumi_cloud.replay import Json

HISTORY = "history.db"
"""The name of its file, in the folder of all states."""
KEPT = 20
"""States, and events of updates, that are kept of each stack; what is known of older updates stays."""

_TABLES = """
CREATE TABLE IF NOT EXISTS done (
    stack TEXT NOT NULL, version INTEGER NOT NULL, told TEXT NOT NULL, PRIMARY KEY (stack, version)
);
CREATE TABLE IF NOT EXISTS checkpoint (
    stack TEXT NOT NULL, version INTEGER NOT NULL, deployment BLOB NOT NULL, PRIMARY KEY (stack, version)
);
CREATE TABLE IF NOT EXISTS event (
    stack TEXT NOT NULL, version INTEGER NOT NULL, sequence INTEGER NOT NULL, told BLOB NOT NULL,
    PRIMARY KEY (stack, version, sequence)
);
"""


@dataclass(frozen=True, slots=True)
class History:
    """The updates of one stack, counted from 1.

    Args:
        file: the database of all stacks.
        stack: project and stack.
    """

    file: Path
    stack: str

    def version(self) -> int:
        """Return the number of the last update; 0 before the first."""
        return int(self._rows("SELECT coalesce(max(version), 0) FROM done WHERE stack = ?", self.stack)[0][0])

    def begin(self, version: int, asked: Mapping[str, Any], kind: str) -> None:
        """Know that an update has begun.

        Args:
            version: its number.
            asked: the request that made it.
            kind: update, refresh, destroy or import.
        """
        metadata = asked.get("metadata") or {}
        told = {
            "kind": kind,
            "startTime": int(time.time()),
            "endTime": 0,
            "message": metadata.get("message") or "",
            "environment": metadata.get("environment") or {},
            "config": asked.get("config") or {},
            "result": "in-progress",
            "version": version,
        }
        left = [one for one in self.updates() if one["result"] == "in-progress"]
        with self._database.changing() as database:
            # Of an engine that was killed: nobody will tell how it ended.
            for one in (*({**one, "result": "failed"} for one in left), told):
                row = (self.stack, one["version"], json.dumps(one))
                database.execute("INSERT OR REPLACE INTO done VALUES (?, ?, ?)", row)

    def add(self, version: int, events: Sequence[Json]) -> None:
        """Keep events of an update; what is told twice is kept once."""
        rows = [(self.stack, version, one["sequence"], gzip.compress(json.dumps(one).encode())) for one in events]
        with self._database.changing() as database:
            database.executemany("INSERT OR REPLACE INTO event VALUES (?, ?, ?, ?)", rows)

    def end(self, version: int, result: str, deployment: Json) -> None:
        """Know how an update ended, and what it left.

        Args:
            version: its number.
            result: succeeded or failed.
            deployment: the state.
        """
        found = self._rows("SELECT told FROM done WHERE stack = ? AND version = ?", self.stack, version)
        if not found:
            return
        summaries = [one["summaryEvent"] for one in self.events(version) if one.get("summaryEvent")]
        told = json.loads(found[0][0]) | {
            "endTime": int(time.time()),
            "result": result,
            "resourceChanges": summaries[-1]["resourceChanges"] if summaries else {},
            "resourceCount": len(deployment.get("resources") or ()),
        }
        packed = gzip.compress(json.dumps(deployment).encode(), compresslevel=1)
        with self._database.changing() as database:
            database.execute(
                "UPDATE done SET told = ? WHERE stack = ? AND version = ?", (json.dumps(told), self.stack, version)
            )
            database.execute("INSERT OR REPLACE INTO checkpoint VALUES (?, ?, ?)", (self.stack, version, packed))
            for table in ("checkpoint", "event"):
                database.execute(f"DELETE FROM {table} WHERE stack = ? AND version <= ?", (self.stack, version - KEPT))  # noqa: S608 - one of two

    def updates(self) -> Sequence[Json]:
        """Return what is known of each update, the newest first."""
        rows = self._rows("SELECT told FROM done WHERE stack = ? ORDER BY version DESC", self.stack)
        return [json.loads(told) for (told,) in rows]

    def events(self, version: int) -> Sequence[Json]:
        """Return the events of an update, in their order."""
        rows = self._rows(
            "SELECT told FROM event WHERE stack = ? AND version = ? ORDER BY sequence", self.stack, version
        )
        return [json.loads(gzip.decompress(told)) for (told,) in rows]

    def deployment(self, version: int) -> Json | None:
        """Return the state that an update left; none where it is not kept any more."""
        rows = self._rows("SELECT deployment FROM checkpoint WHERE stack = ? AND version = ?", self.stack, version)
        deployment: Json | None = json.loads(gzip.decompress(rows[0][0])) if rows else None
        return deployment

    def remove(self) -> None:
        """Forget all of it."""
        if not self.file.exists():
            return
        with self._database.changing() as database:
            for table in ("done", "checkpoint", "event"):
                database.execute(f"DELETE FROM {table} WHERE stack = ?", (self.stack,))  # noqa: S608 - one of three

    def _rows(self, query: str, *values: Any) -> list[Any]:
        return self._database.rows(query, *values)

    @property
    def _database(self) -> Database:
        return Database(self.file, _TABLES)
