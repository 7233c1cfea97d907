"""Where a rehearsal keeps everything it owns, so that removing it is removing a directory."""

import os
import re
import shutil
from abc import ABC, abstractmethod
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from typing_extensions import override

from rehearsal.error import RehearsalError

PROJECT = "sophia"
"""The Pulumi project: the namespace of its configuration keys and of its state."""

MACHINES_NEEDED = "machines.json"
"""Name of the file, in a stack's directory, that says which machines it needs beside those that it launches."""

PRIVATE = 0o700
"""Mode of every directory of a rehearsal: they hold keys and state."""


def home() -> Path:
    """Return the directory under which every rehearsal of this person lives; nothing is created.

    ``SOPHIA_HOME`` names it; otherwise it is ``sophia`` in the XDG state directory (XDG Base Directory Specification
    0.8). Rehearsals under different homes share nothing, not even addresses.
    """
    if chosen := os.environ.get("SOPHIA_HOME"):
        return Path(chosen).expanduser().absolute()
    state = os.environ.get("XDG_STATE_HOME", "")
    return (Path(state) if Path(state).is_absolute() else Path.home() / ".local/state") / "sophia"


def stacks(home: Path) -> tuple[str, ...]:
    """Return the names of the stacks that have a rehearsal under a home, running or not."""
    return tuple(sorted(path.name for path in (home / "stacks").glob("*") if path.is_dir()))


class Place(ABC):
    """Where services keep their records and their logs."""

    __slots__ = ()

    @property
    @abstractmethod
    def path(self) -> Path:
        """The directory itself."""

    @property
    @abstractmethod
    def title(self) -> str:
        """What it is called in messages."""

    @property
    @abstractmethod
    def removal(self) -> str:
        """The command that removes it."""

    @property
    def logs(self) -> Path:
        """One log per service, and the one of its previous run."""
        return self.path / "logs"

    @property
    def run(self) -> Path:
        """What runs now: one record per service."""
        return self.path / "run"


@dataclass(frozen=True, slots=True)
class AccountFolder(Place):
    """The directory of the Lambda Cloud account that the rehearsals of one home share.

    Args:
        home: directory of all rehearsals, absolute.
    """

    home: Path

    @property
    @override
    def path(self) -> Path:
        """The directory itself."""
        return self.home / "account"

    @property
    def state(self) -> Path:
        """What the account holds."""
        return self.path / "account.json"

    @property
    def public_key(self) -> Path:
        """The public half of its SSH key, as last seen."""
        return self.path / "ssh-key.pub"

    @property
    def private_key(self) -> Path:
        """The private half of the SSH key that it was born with."""
        return self.path / "ssh-key"

    @property
    def key(self) -> Path:
        """The key that opens it."""
        return self.path / "api-key"

    @property
    def token(self) -> Path:
        """What opens the place where the engine keeps its states."""
        return self.path / "access-token"

    @property
    def programs(self) -> Path:
        """A link to what its machines find at /opt/rehearsal."""
        return self.path / "programs"

    @property
    def evaluator(self) -> Path:
        """A link to Pulumi ESC's own evaluator."""
        return self.path / "evaluator"

    @property
    def names(self) -> Path:
        """Names that exist outside of the machines, one a line."""
        return self.path / "names"

    @property
    def light_nodes(self) -> Path:
        """It exists while the nodes of machines that boot shall be light ones."""
        return self.path / "light-nodes"

    @property
    @override
    def title(self) -> str:
        """What it is called in messages."""
        return "the rehearsals' account"

    @property
    @override
    def removal(self) -> str:
        """The command that removes it."""
        return "./sophia down --all"

    def create(self) -> None:
        """Make every directory, readable by nobody else.

        Raises:
            RehearsalError: when one cannot be made, naming it.
        """
        for place in (self.path, self.logs, self.run):
            private(place)


@dataclass(frozen=True, slots=True)
class Folder(Place):
    """The directory of one stack's rehearsal and the places in it.

    Args:
        home: directory of all rehearsals, absolute.
        stack: name of the stack, a DNS label, because it becomes a part of paths.

    Raises:
        RehearsalError: when the name is not a DNS label.
    """

    home: Path
    stack: str

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[a-z]([-a-z0-9]{0,61}[a-z0-9])?", self.stack):
            message = (
                f"stack {self.stack!r}: a stack's name must be lower-case letters, digits and inner hyphens; "
                "choose one of the Pulumi.<stack>.yaml files"
            )
            raise RehearsalError(message)

    @property
    @override
    def path(self) -> Path:
        """The directory itself."""
        return self.home / "stacks" / self.stack

    @property
    @override
    def title(self) -> str:
        """What it is called in messages."""
        return f"rehearsal {self.stack}"

    @property
    @override
    def removal(self) -> str:
        """The command that removes it."""
        return f"./sophia down {self.stack}"

    @property
    def account(self) -> AccountFolder:
        """What it shares with the other rehearsals of its home."""
        return AccountFolder(self.home)

    @property
    def lock(self) -> Path:
        """Held by whoever changes this rehearsal; beside the directory, because it outlives it."""
        return self.home / "stacks" / f"{self.stack}.lock"

    @property
    def shared_lock(self) -> Path:
        """Held by whoever makes or removes what the stacks of a home share."""
        return self.home / "stacks/.lock"

    @property
    def machines(self) -> Path:
        """The ids of the machines it needs beside those that it launches."""
        return self.path / MACHINES_NEEDED

    @property
    def first_contact(self) -> Path:
        """The entry that lets the engine in to new hosts."""
        return self.path / "first-contact.json"

    @property
    def asleep(self) -> Path:
        """It exists while the stack sleeps."""
        return self.path / "asleep"

    @property
    def temporary(self) -> Path:
        """Temporary files of the engine and its plugins, which hold credentials and outlive them."""
        return self.path / "tmp"

    @property
    def kubeconfig(self) -> Path:
        """Credentials of the cluster's administrator, for people."""
        return self.path / "kubeconfig"

    @property
    def pulumi_home(self) -> Path:
        """The engine's plugins and workspace, shared by the stacks of one home."""
        return self.home / "pulumi/home"

    @property
    def state(self) -> Path:
        """Where the engine's states are kept, of all stacks of one home."""
        return self.home / "pulumi/state"

    def create(self) -> None:
        """Make every directory, readable by nobody else.

        Raises:
            RehearsalError: when one cannot be made, naming it.
        """
        for place in (self.path, self.logs, self.run, self.temporary, self.pulumi_home, self.state):
            private(place)

    def remove(self) -> None:
        """Delete the directory, and the shared parts when no other stack's directory is left."""
        if self.path.exists():
            shutil.rmtree(self.path)
        self.lock.unlink(missing_ok=True)
        if not stacks(self.home):
            remove_shared(self.home)


def remove_shared(home: Path) -> None:
    """Delete what the stacks of a home share; none of them is left, and nothing of it runs."""
    for shared in (home / "pulumi", home / "machines", AccountFolder(home).path):
        if shared.exists():
            shutil.rmtree(shared)
    (home / "stacks/.lock").unlink(missing_ok=True)
    with suppress(OSError):  # somebody waits for a lock, or the home holds something else
        (home / "stacks").rmdir()
        home.rmdir()


def private(path: Path) -> Path:
    """Make a directory that only its owner can enter, with the parents it lacks; return it.

    Raises:
        RehearsalError: when it cannot be made, naming it.
    """
    try:
        for directory in reversed([path, *path.parents]):
            if not directory.exists():
                directory.mkdir(mode=PRIVATE, exist_ok=True)
        if not path.is_dir():
            raise NotADirectoryError(path)
    except OSError as error:
        why = error.strerror or "it is a file"
        message = f"{path}: cannot be made a directory ({why}); set SOPHIA_HOME to a directory of yours"
        raise RehearsalError(message) from None
    return path


def write_private(path: Path, text: str) -> Path:
    """Write a file that only its owner can read, whole or not at all; return its path."""
    temporary = path.with_name(f".{path.name}.new")
    temporary.unlink(missing_ok=True)
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
    return temporary.replace(path)
