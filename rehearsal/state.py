"""What the engine keeps about one stack in the ``file://`` backend of its home."""

import gzip
import json
import shutil
import socket
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import yaml

from rehearsal.error import RehearsalError
from rehearsal.home import PROJECT, Folder, write_private


def read_checkpoint(file: Path) -> Sequence[Mapping[str, Any]]:
    """Return the resources of a checkpoint of a ``file://`` backend, in the engine's own form.

    Args:
        file: the checkpoint, as it is or compressed by gzip.

    Raises:
        RehearsalError: it cannot be read.
    """
    try:
        content = gzip.decompress(file.read_bytes()) if file.suffix == ".gz" else file.read_bytes()
        latest = json.loads(content)["checkpoint"].get("latest") or {}
        resources: Sequence[Mapping[str, Any]] = latest.get("resources") or ()
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        # Never the content, which holds secrets and, when damaged, anything.
        stack = file.name.partition(".")[0]
        message = (
            f"{file}: is no checkpoint that can be read ({type(error).__name__}); "
            f"`./sophia down {stack}` removes what is left of the stack"
        )
        raise RehearsalError(message) from None
    return resources


@dataclass(frozen=True, slots=True)
class State:
    """The engine's state of one stack.

    The layout is that of Pulumi's project-scoped backends (package ``backend/diy``): ``stacks``, ``backups`` and
    ``history`` by project and stack, ``locks`` by organisation too.

    Args:
        folder: the rehearsal.
    """

    folder: Folder

    def file(self) -> Path | None:
        """Return the checkpoint; absent before the stack was initialised."""
        plain = self._root / f"stacks/{PROJECT}/{self.folder.stack}.json"
        compressed = (plain.with_suffix(f".json{suffix}") for suffix in (".gz", ".zst"))
        return next((file for file in (plain, *compressed) if file.exists()), None)

    def resources(self) -> Sequence[Mapping[str, Any]]:
        """Return the resources that the engine keeps, in its own form; none where there is no state.

        Raises:
            RehearsalError: the state cannot be read.
        """
        file = self.file()
        return read_checkpoint(file) if file else ()

    def initialise(self, pulumi: Path, environment: Mapping[str, str]) -> None:
        """Make the engine know the stack.

        ``pulumi stack init`` writes into the stack file of the project it runs in. It runs in the rehearsal's own
        directory, next to the generated configuration, so that a committed file is never touched and the state is
        encrypted under the configuration's salt: with two salts every command would derive two keys.

        Args:
            pulumi: the program.
            environment: the engine's.

        Raises:
            RehearsalError: when the engine refuses, with what it says.
        """
        if self.file():
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
        """Remove the locks of engines that were killed on this machine, and return their process numbers.

        A lock whose process lives, or that another machine made, stays.
        """
        released = []
        for lock in self._root.glob(f"locks/*/{PROJECT}/{self.folder.stack}/*.json"):
            holder = _Holder.read(lock)
            if holder and holder.is_dead():
                lock.unlink(missing_ok=True)
                released.append(holder.pid)
        return tuple(released)

    def remove(self) -> None:
        """Remove everything the engine keeps about the stack."""
        for path in self._everything():
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink()

    @property
    def _root(self) -> Path:
        return self.folder.state / ".pulumi"

    def _everything(self) -> Iterator[Path]:
        stack = self.folder.stack
        for pattern in (f"stacks/*/{stack}.*", f"backups/*/{stack}", f"history/*/{stack}", f"locks/*/*/{stack}"):
            yield from self._root.glob(pattern)


@dataclass(frozen=True, slots=True)
class _Holder:
    """Who made a lock."""

    hostname: str
    pid: int

    @classmethod
    def read(cls, lock: Path) -> "_Holder | None":
        """Return who made a lock; absent when it went away or does not tell."""
        try:
            content = json.loads(lock.read_text(encoding="utf-8"))
            return cls(str(content["hostname"]), int(content["pid"]))
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def is_dead(self) -> bool:
        """Whether it ran here and is gone: its number may have gone to another program since."""
        if self.hostname != socket.gethostname():
            return False
        try:
            process = psutil.Process(self.pid)
            return process.name() != "pulumi" or process.status() == psutil.STATUS_ZOMBIE
        except psutil.NoSuchProcess:
            return True
