"""A room of its own for whoever tests what is on machines."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from rehearsal.machines.gate import Gate
from rehearsal.machines.machine import MachineSpec, Size
from rehearsal.machines.room import Room


@contextmanager
def temporary_room(programs: Path | None = None) -> Iterator[Room]:
    """Return an open room whose gate is served; nothing of it is left after the block.

    Args:
        programs: directory of what its machines find at /opt/rehearsal.
    """
    home = Path(tempfile.mkdtemp(prefix="sophia-machines-"))
    room = Room(home, programs=programs)
    try:
        room.open()
        with Gate(room):
            yield room
    finally:
        room.close()
        shutil.rmtree(home)


def key_pair() -> tuple[str, str]:
    """Return a new ed25519 key pair, private and public, in OpenSSH's forms."""
    key = Ed25519PrivateKey.generate()
    private = key.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption()).decode()
    return private, key.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()


def spec(
    number: int, public_key: str = "", *, region: str = "us-east-3", name: str = "", size: Size | None = None
) -> MachineSpec:
    """Return a machine with addresses of its own.

    Args:
        number: from 1 to 250; no two machines of a room share it.
        public_key: what opens it.
        region: its region.
        name: its host name; ``machine-NUMBER`` by default.
        size: what it is said to be; this computer by default.
    """
    return MachineSpec(
        id=f"m{number}",
        name=name or f"machine-{number}",
        region=region,
        public=f"203.0.113.{number}",
        private=f"10.16.0.{number}",
        authorized_keys=(public_key,) if public_key else (),
        size=size or Size(),
    )
