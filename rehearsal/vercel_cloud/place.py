"""Where the stand-in for Vercel is, and what it is told."""

import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from rehearsal import outside
from rehearsal.address import ACCOUNT, address
from rehearsal.home import AccountFolder, private, write_private
from rehearsal.machines import Room
from rehearsal.vercel_cloud.control import Control, answers

NAME: Final = "vercel"
"""The name under which its process is found again, and that of its place."""
API_PORT: Final = 8482
"""The port of its API on loopback."""
EDGE_PORT: Final = 8483
"""The port of its edge on loopback, for browsers on this computer."""


@dataclass(frozen=True, slots=True)
class VercelHost:
    """The stand-in for Vercel; what its team has lies in its folder and outlives it.

    Args:
        home: directory of all rehearsals, absolute.
    """

    home: Path

    @property
    def folder(self) -> Path:
        """Everything it owns on disk."""
        return AccountFolder(self.home).path / NAME

    @property
    def account(self) -> Path:
        """The file that the team's projects are kept in."""
        return self.folder / "account.json"

    @property
    def authority(self) -> Path:
        """The certificate, in PEM, of the authority that signs those of the edge; it is there once it has served."""
        return self.folder / "ca.pem"

    @property
    def loopback(self) -> str:
        """Its address on loopback."""
        return address(self.home, ACCOUNT)

    @property
    def url(self) -> str:
        """Where its API answers."""
        return f"http://{self.loopback}:{API_PORT}"

    @property
    def declared(self) -> bool:
        """Whether it was told what it is."""
        return self._file.exists()

    @property
    def names(self) -> Mapping[str, str]:
        """Addresses of its own names."""
        told = self.told() if self.declared else {}
        return {str(told["alias"]): str(told["address"])} if told else {}

    def declare(self, *, team: str, legacy: Sequence[str], edge: str, alias: str, bundles: Path) -> None:
        """Remember what it is from its next start on.

        Args:
            team: the slug of the team.
            legacy: names of projects that the team has from before.
            edge: the public address of the edge.
            alias: the name that hosts are another one of.
            bundles: the folder of the built bundles.
        """
        private(self.folder)
        if not self._token.exists():
            # In Vercel's form; the beginning lets anyone who meets it know that it opens nothing.
            write_private(self._token, f"rehearsal{secrets.token_hex(8)[:15]}")
        told = {"team": team, "legacy": [*legacy], "address": edge, "alias": alias, "bundles": str(bundles)}
        write_private(self._file, json.dumps(told))

    def told(self) -> Mapping[str, object]:
        """Return what it was told."""
        found: Mapping[str, object] = json.loads(self._file.read_text(encoding="utf-8"))
        return found

    def start(self, room: Room) -> None:
        """Make it answer with what it held; nothing happens before it was declared.

        Args:
            room: where the machines are.

        Raises:
            RehearsalError: when it does not start.
        """
        if not self.declared:
            return
        told = self.told()
        outside.serve(
            AccountFolder(self.home),
            room,
            NAME,
            str(told["address"]),
            "rehearsal.vercel_cloud",
            str(self.home),
            str(told["bundles"]),
            serves=lambda: answers(self.url),
        )

    def variables(self) -> Mapping[str, str]:
        """Return what its provider is told; nothing before it was declared."""
        return {"VERCEL_API_URL": self.url} if self.declared else {}

    def secrets(self) -> Mapping[str, str]:
        """Return what opens it, by canonical name; nothing before it was declared."""
        return {"VERCEL_API_TOKEN": self._token.read_text(encoding="utf-8")} if self._token.exists() else {}

    def control(self) -> Control:
        """Return what changes the account behind the back of whoever manages it; it was started."""
        return Control(self.url, self._token.read_text(encoding="utf-8"))

    @property
    def _file(self) -> Path:
        return self.folder / "declared.json"

    @property
    def _token(self) -> Path:
        return self.folder / "token"
