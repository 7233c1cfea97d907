"""Where the machines of a home are kept."""

import shutil
from dataclasses import dataclass
from pathlib import Path

from typing_extensions import override

from rehearsal.home import Place, private


@dataclass(frozen=True, slots=True)
class MachinesFolder(Place):
    """The directory of a home's machines.

    Args:
        home: directory of all rehearsals, absolute.
    """

    home: Path

    @property
    @override
    def path(self) -> Path:
        """The directory itself."""
        return self.home / "machines"

    @property
    def disks(self) -> Path:
        """One directory per machine."""
        return self.path / "disks"

    @property
    def lock(self) -> Path:
        """Held by whoever changes what all machines share."""
        return self.path / "lock"

    @property
    def clients(self) -> Path:
        """The addresses of clients, by namespace."""
        return self.path / "clients.json"

    @property
    @override
    def title(self) -> str:
        """What it is called in messages."""
        return "the rehearsals' machines"

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
        for place in (self.path, self.logs, self.run, self.disks):
            private(place)

    def remove(self) -> None:
        """Delete the directory; no machine runs."""
        if self.path.exists():
            shutil.rmtree(self.path)
