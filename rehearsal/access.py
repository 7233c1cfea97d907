"""How the engine comes in to the machines of a rehearsal: first by a network that breaks the glass, then as ``ci``."""

import json
from base64 import b64decode, b64encode
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from rehearsal.home import Folder, write_private
from rehearsal.machines.names import RUNNER

_FIRST_CONTACT = timedelta(hours=24)

_LONGEST_RUN = timedelta(hours=1)
"""An entry that ends sooner would end before the machines that a run launches have been met."""


def private_key() -> str:
    """Return a new WireGuard private key, as ``wg genkey`` prints it; unlike other fake values it has to fit a lock."""
    return b64encode(X25519PrivateKey.generate().private_bytes_raw()).decode()


def public_key(private: str) -> str:
    """Return the public half of a WireGuard private key, as ``wg pubkey`` prints it."""
    return b64encode(X25519PrivateKey.from_private_bytes(b64decode(private)).public_key().public_bytes_raw()).decode()


def choices(folder: Folder, key: str) -> dict[str, Any]:
    """Return what a stack's configuration says of the access to its hosts.

    A new host knows no peer yet, so the engine's own address breaks the glass; the entry stays as it is from run to
    run, so that nothing changes, and is renewed shortly before it expires, because machines may be launched again.

    Args:
        folder: the rehearsal.
        key: ci's.
    """
    return {"access_ci_public_key": public_key(key), "first_contact": [_first_contact(folder)]}


def _first_contact(folder: Folder) -> dict[str, str]:
    now = datetime.now(UTC)
    if folder.first_contact.exists():
        known: dict[str, str] = json.loads(folder.first_contact.read_text(encoding="utf-8"))
        if datetime.fromisoformat(known["expires"]) > now + _LONGEST_RUN:
            return known
    entry = {
        "cidr": f"{RUNNER}/32",
        "reason": "first contact with a new host",
        "owner": "the rehearsal",
        "expires": (now + _FIRST_CONTACT).strftime("%Y-%m-%dT%H:%M:%SZ"),
    }
    write_private(folder.first_contact, json.dumps(entry))
    return entry
