"""Where states are kept: one checkpoint for each stack, and the journal of the update that is under way.

Checkpoints lie where a ``file://`` backend has them and in its form (package ``backend/diy`` of Pulumi 3.259)::

    .pulumi/stacks/<project>/<stack>.json
    .pulumi/journals/<project>/<stack>.jsonl
"""

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NamedTuple

import psutil

from rehearsal.error import RehearsalError
from rehearsal.home import private, write_private
from rehearsal.pulumi_cloud.replay import Json, features, replayed

STACKS = ".pulumi/stacks"
"""The folder of checkpoints, in that of all states."""
_ENGINE = "pulumi"
"""Name of the engine's process."""


@dataclass(frozen=True, slots=True)
class Update:
    """An update that is under way."""

    id: str
    """Its id."""
    token: str
    """What its engine proves itself with."""
    pid: int
    """Process of its engine; 0 when it is not known."""
    version: int = 0
    """Its number among the stack's updates."""

    def is_dead(self) -> bool:
        """Whether its engine is gone: its number may have gone to another program since."""
        try:
            process = psutil.Process(self.pid)
            return process.name() != _ENGINE or process.status() == psutil.STATUS_ZOMBIE
        except (psutil.NoSuchProcess, ValueError):
            return True


class Mark(NamedTuple):
    """How far a journal was read."""

    update: bytes = b""
    """Its first line, which is another one for each update."""
    offset: int = 0
    """Bytes of it that were read."""


@dataclass(frozen=True, slots=True)
class Kept:
    """What is kept of one stack.

    Args:
        root: directory of all states.
        project: name of the project.
        stack: name of the stack.
    """

    root: Path
    project: str
    stack: str

    @property
    def checkpoint(self) -> Path:
        """The state after the last update that ended."""
        return self.root / STACKS / self.project / f"{self.stack}.json"

    @property
    def journal(self) -> Path:
        """What the update that is under way has done so far; absent when there is none."""
        return self.root / f".pulumi/journals/{self.project}/{self.stack}.jsonl"

    def exists(self) -> bool:
        """Whether there is such a stack."""
        return self.checkpoint.exists()

    def create(self) -> None:
        """Make the stack be there, empty."""
        self._write({})

    def deployment(self) -> Json:
        """Return the state: the checkpoint, and after it what is in the journal.

        Raises:
            RehearsalError: it cannot be read.
        """
        base = dict(read_checkpoint(self.checkpoint))
        entries = [entry for batch in self._batches() for entry in batch]
        return replayed(base, sorted(entries, key=lambda entry: entry["sequenceID"])) if entries else base

    def update(self) -> Update | None:
        """Return the update that is under way."""
        with suppress(OSError, ValueError, TypeError, KeyError), self.journal.open(encoding="utf-8") as file:
            return Update(**json.loads(file.readline()))
        return None

    def since(self, mark: Mark) -> tuple[bytes, Mark]:
        """Return what the update that is under way has written since a mark, in whole lines, and the mark of its end.

        Args:
            mark: how far it was read; that of another update counts as nothing.
        """
        with suppress(FileNotFoundError), self.journal.open("rb") as file:
            update = file.readline()
            begin = max(mark.offset, len(update)) if mark.update == update else len(update)
            file.seek(begin)
            said = file.read()
            said = said[: said.rfind(b"\n") + 1]
            return said, Mark(update, begin + len(said))
        return b"", mark

    def begin(self, update: Update) -> None:
        """Begin a journal, over whatever an update of before has left."""
        self.settle()
        private(self.journal.parent)
        write_private(self.journal, json.dumps(asdict(update)) + "\n")

    def append(self, entries: Sequence[Json]) -> None:
        """Add entries to the journal; they are on the disk when it returns."""
        with self.journal.open("ab") as file:
            file.write(json.dumps(entries, separators=(",", ":")).encode() + b"\n")
            file.flush()
            os.fdatasync(file.fileno())

    def replace(self, deployment: Json) -> None:
        """Make a deployment the state, whatever the journal says."""
        self._write(deployment)
        self._forget_entries()

    def settle(self) -> None:
        """Make the checkpoint say what the journal says, and end the journal."""
        if self.journal.exists():
            self._write(self.deployment())
            self.journal.unlink()

    def remove(self) -> None:
        """Forget the stack."""
        for file in (self.journal, self.checkpoint):
            file.unlink(missing_ok=True)

    def _batches(self) -> Iterator[list[Json]]:
        with suppress(FileNotFoundError), self.journal.open("rb") as file:
            file.readline()
            for line in file:
                if not line.endswith(b"\n"):
                    return  # cut short: the engine was never told that it is kept
                yield json.loads(line)

    def _forget_entries(self) -> None:
        if update := self.update():
            write_private(self.journal, json.dumps(asdict(update)) + "\n")

    def _write(self, deployment: Json) -> None:
        needed = features(deployment)
        document = {
            "version": 4 if needed else 3,
            **({"features": needed} if needed else {}),
            "checkpoint": {"stack": f"organization/{self.project}/{self.stack}", "latest": deployment or None},
        }
        private(self.checkpoint.parent)
        write_private(self.checkpoint, json.dumps(document, separators=(",", ":")))


def read_checkpoint(file: Path) -> Mapping[str, Any]:
    """Return the deployment of a checkpoint, in the engine's own form; empty where nothing was deployed.

    Args:
        file: the checkpoint.

    Raises:
        RehearsalError: it cannot be read.
    """
    try:
        latest: Mapping[str, Any] = json.loads(file.read_bytes())["checkpoint"].get("latest") or {}
        latest.get("resources")
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        # Never the content, which holds secrets and, when damaged, anything.
        stack = file.name.partition(".")[0]
        message = (
            f"{file}: is no checkpoint that can be read ({type(error).__name__}); "
            f"`./sophia down {stack}` removes what is left of the stack"
        )
        raise RehearsalError(message) from None
    return latest
