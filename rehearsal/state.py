"""What the engine keeps about one stack: read from where the rehearsal's own Pulumi Cloud keeps it."""

import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from rehearsal.error import RehearsalError
from rehearsal.home import PROJECT, Folder, write_private
from rehearsal.pulumi_cloud.history import HISTORY, History
from rehearsal.pulumi_cloud.store import Kept


@dataclass(frozen=True, slots=True)
class State:
    """The engine's state of one stack.

    Args:
        folder: the rehearsal.
    """

    folder: Folder

    @property
    def kept(self) -> Kept:
        """Its checkpoint and its journal."""
        return Kept(self.folder.state, PROJECT, self.folder.stack)

    def resources(self) -> Sequence[Mapping[str, Any]]:
        """Return the resources that the engine keeps, in its own form; none where there is no state.

        Raises:
            RehearsalError: the state cannot be read.
        """
        return self.kept.deployment().get("resources") or () if self.kept.exists() else ()

    def initialise(self, pulumi: Path, environment: Mapping[str, str]) -> None:
        """Make the engine know the stack.

        ``pulumi stack init`` may write into the stack file of the project it runs in. It runs in the rehearsal's own
        directory, so that a committed file is never touched.

        Args:
            pulumi: the program.
            environment: the engine's.

        Raises:
            RehearsalError: when the engine refuses, with what it says.
        """
        if self.kept.exists():
            return
        project = {"name": PROJECT, "runtime": "python"}
        write_private(self.folder.path / "Pulumi.yaml", yaml.safe_dump(project))
        command = [str(pulumi), "stack", "init", self.folder.stack, "--no-select", "--non-interactive"]
        done = subprocess.run(
            command,
            cwd=self.folder.path,
            env=dict(environment),
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        if done.returncode:
            message = (
                f"rehearsal {self.folder.stack}: `pulumi stack init` failed: {done.stderr.strip()}; "
                f"run `./sophia down {self.folder.stack}` and start again from nothing"
            )
            raise RehearsalError(message)

    def release_dead_locks(self) -> tuple[int, ...]:
        """End the update of an engine that was killed, and return its process number.

        One whose process lives stays.
        """
        update = self.kept.update()
        if update is None or not update.is_dead():
            return ()
        self.kept.settle()
        return (update.pid,)

    def remove(self) -> None:
        """Remove everything the engine keeps about the stack."""
        History(self.folder.state / HISTORY, f"{PROJECT}/{self.folder.stack}").remove()
        self.kept.remove()
