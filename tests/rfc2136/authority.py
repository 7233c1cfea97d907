"""A real authority on loopback: Knot, with one zone and one key that may change it."""

import base64
import secrets
import subprocess
from collections.abc import Mapping
from pathlib import Path

import dns.message
import dns.query
import dns.rcode
import dns.tsigkeyring
import dns.update

from rehearsal.waiting import until

ZONE = "example.test"
HOST = "127.0.0.1"
_ZONE_FILE = f"""\
$ORIGIN {ZONE}.
$TTL 300
@ SOA ns hostmaster 1 3600 600 86400 60
@ NS ns
ns A 192.0.2.1
"""
_SECONDS = 10


class Authority:
    """One authority.

    Args:
        command: what starts its program; its configuration follows.
        folder: a folder of its own.
        port: a free port of UDP and TCP.
    """

    def __init__(self, command: tuple[str, ...], folder: Path, port: int) -> None:
        self._command, self._folder, self.port = command, folder, port
        self.key = base64.b64encode(secrets.token_bytes(32)).decode()
        self.other = base64.b64encode(secrets.token_bytes(32)).decode()
        self._process: subprocess.Popen[bytes] | None = None
        (folder / "db").mkdir()
        (folder / "zone").write_text(_ZONE_FILE)

    @property
    def environment(self) -> Mapping[str, str]:
        """What the provider is told."""
        return {
            "DNS_UPDATE_SERVER": HOST,
            "DNS_UPDATE_PORT": str(self.port),
            "DNS_UPDATE_KEYNAME": "updates",
            "DNS_UPDATE_KEYSECRET": self.key,
        }

    def restart(self, action: str = "[update, transfer]") -> None:
        """Make it answer anew, with nothing but what a zone must have.

        Args:
            action: what its key may do.
        """
        self.close()
        (self._folder / "knot.conf").write_text(
            f"""\
server:
    listen: {HOST}@{self.port}
    rundir: {self._folder}
    pidfile: {self._folder}/pid
log:
  - target: stderr
    any: warning
database:
    storage: {self._folder}/db
key:
  - id: updates
    algorithm: hmac-sha256
    secret: {self.key}
  - id: reading
    algorithm: hmac-sha256
    secret: {self.other}
acl:
  - id: updates
    key: updates
    action: {action}
  - id: reading
    key: reading
    action: transfer
zone:
  - domain: {ZONE}
    storage: {self._folder}
    file: zone
    acl: [updates, reading]
    journal-content: none
    zonefile-sync: -1
"""
        )
        log = (self._folder / "log").open("ab")
        self._process = subprocess.Popen(
            [*self._command, "-c", str(self._folder / "knot.conf")], stdout=log, stderr=log, stdin=subprocess.DEVNULL
        )
        log.close()
        until(
            self._answers,
            seconds=_SECONDS,
            failure=(self._folder / "log").read_text,
        )

    def _answers(self) -> bool | None:
        try:
            return self.ask(ZONE, "SOA").rcode() == dns.rcode.NOERROR or None
        except OSError:
            return None

    def close(self) -> None:
        """End it."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(_SECONDS)
            self._process = None

    def ask(self, host: str, kind: str) -> dns.message.Message:
        """Return its answer to a question."""
        return dns.query.tcp(dns.message.make_query(host, kind), HOST, port=self.port, timeout=_SECONDS)

    def values(self, host: str, kind: str) -> list[str]:
        """Return what the records of a type say at a name, sorted."""
        answer = self.ask(host, kind).answer
        return sorted(one.to_text() for rrset in answer for one in rrset)

    def change(self, *steps: tuple[str, ...]) -> None:
        """Change the zone as somebody else with the key does: each step is ``add`` or ``delete`` with its words."""
        ring = dns.tsigkeyring.from_text({"updates": ("hmac-sha256", self.key)})
        update = dns.update.UpdateMessage(ZONE, keyring=ring)
        for verb, host, *words in steps:
            if verb == "add":
                ttl, *rest = words
                update.add(f"{host}.", int(ttl), *rest)
            else:
                update.delete(f"{host}.", *words)
        assert dns.query.tcp(update, HOST, port=self.port, timeout=_SECONDS).rcode() == dns.rcode.NOERROR
