"""Where the authority is, and what it is told: Knot DNS, which one key may change."""

import base64
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
from rehearsal.machines.names import AUTHORITY

NAME: Final = "authority"
"""The name under which its process is found again, and that of its place."""
PORT: Final = 8453
"""Its port on loopback, for TCP, which updates come in by."""
DNS: Final = 53
"""Its port where the machines are."""
KEY_NAME: Final = "rehearsal"
"""The name of its key."""

_KEY_BYTES = 32


@dataclass(frozen=True, slots=True)
class AuthorityHost:
    """The host that answers for the zone; what it holds lies in its folder and outlives it.

    Args:
        home: directory of all rehearsals, absolute.
    """

    home: Path

    @property
    def folder(self) -> Path:
        """Everything it owns on disk."""
        return AccountFolder(self.home).path / NAME

    @property
    def configuration(self) -> Path:
        """The file that Knot reads."""
        return self.folder / "knot.conf"

    @property
    def zone(self) -> str:
        """The zone that it answers for; empty before it was declared."""
        return str(self._declared()["zone"]) if self._file.exists() else ""

    @property
    def port(self) -> int:
        """Its port there, for TCP."""
        return PORT

    @property
    def loopback(self) -> str:
        """Its address on loopback."""
        return address(self.home, ACCOUNT)

    def declare(self, zone: str, program: Sequence[str]) -> None:
        """Remember what it is from its next start on.

        Args:
            zone: the zone's name.
            program: what starts Knot.
        """
        private(self.folder)
        if not self._key.exists():
            write_private(self._key, base64.b64encode(secrets.token_bytes(_KEY_BYTES)).decode())
        write_private(self._file, json.dumps({"zone": zone, "program": [*program]}))
        private(self.folder / "data")
        file = self.folder / f"{zone}.zone"
        if not file.exists():
            write_private(file, _empty(zone))
        write_private(self.configuration, self._told(zone))

    def start(self, room: Room) -> None:
        """Make it answer with what it held; nothing happens before it was declared.

        Args:
            room: where the machines are.

        Raises:
            RehearsalError: when it does not start.
        """
        if not self._file.exists():
            return
        declared = self._declared()
        told = (str(self.home), declared["zone"], *declared["program"])
        outside.serve(
            AccountFolder(self.home), room, NAME, AUTHORITY, "rehearsal.authority", *told, serves=self._answers
        )

    def _answers(self) -> bool:
        import dns.exception  # noqa: PLC0415 - a tenth of a second, needed once
        import dns.message  # noqa: PLC0415 - the same
        import dns.query  # noqa: PLC0415 - the same
        import dns.rdatatype  # noqa: PLC0415 - the same

        question = dns.message.make_query(self.zone, dns.rdatatype.SOA)
        try:
            return bool(dns.query.tcp(question, self.loopback, port=PORT, timeout=1).answer)
        except (OSError, EOFError, dns.exception.DNSException):  # whoever leads there is there before it is
            return False

    def variables(self) -> Mapping[str, str]:
        """Return what whoever changes the zone is told; nothing before it was declared."""
        if not self._file.exists():
            return {}
        return {"DNS_UPDATE_SERVER": self.loopback, "DNS_UPDATE_PORT": str(PORT), "DNS_UPDATE_KEYNAME": KEY_NAME}

    def secrets(self) -> Mapping[str, str]:
        """Return what opens it, by variable; nothing before it was declared."""
        return {"DNS_UPDATE_KEYSECRET": self._key.read_text(encoding="utf-8")} if self._key.exists() else {}

    @property
    def _file(self) -> Path:
        return self.folder / "declared.json"

    @property
    def _key(self) -> Path:
        return self.folder / "key"

    def _declared(self) -> Mapping[str, str]:
        found: Mapping[str, str] = json.loads(self._file.read_text(encoding="utf-8"))
        return found

    def _told(self, zone: str) -> str:
        """Knot's configuration; it reads a part of YAML alone, without flow."""
        return f"""\
server:
    listen: {AUTHORITY}@{DNS}
    rundir: {self.folder}
    pidfile: {self.folder}/pid
log:
  - target: stderr
    any: info
database:
    storage: {self.folder}/data
key:
  - id: {KEY_NAME}
    algorithm: hmac-sha256
    secret: {self._key.read_text(encoding="utf-8")}
acl:
  - id: {KEY_NAME}
    key: {KEY_NAME}
    action: [update, transfer]
zone:
  - domain: {zone}
    storage: {self.folder}
    file: {zone}.zone
    acl: {KEY_NAME}
"""


def _empty(zone: str) -> str:
    """A zone with what makes it one."""
    return f"""\
$ORIGIN {zone}.
$TTL 3600
@ SOA ns hostmaster 1 3600 600 86400 60
@ NS ns
ns A {AUTHORITY}
"""
