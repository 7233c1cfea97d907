"""WireGuard peers that come in from a place outside of the machines."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from rehearsal.machines import Client, Room
from rehearsal.machines.access import join, leave


@dataclass(frozen=True)
class KeyPair:
    """The keys of a peer."""

    private: str = field(repr=False)
    public: str

    @classmethod
    def make(cls) -> KeyPair:
        """Return a new one."""
        key = X25519PrivateKey.generate()
        raw = key.private_bytes_raw(), key.public_key().public_bytes_raw()
        private, public = (base64.b64encode(one).decode() for one in raw)
        return cls(private, public)


@contextmanager
def joined(room: Room, place: Client, own: KeyPair, *, address: str, host_key: str, endpoint: str) -> Iterator[Client]:
    """Let a place be a peer of a host while the block runs.

    Args:
        room: where both are.
        place: who comes in.
        own: its keys.
        address: its address in the access network.
        host_key: the host's public key.
        endpoint: where the host listens.
    """
    settings = f"[Interface]\nAddress = {address}/32\nPrivateKey = {own.private}\n"
    host = f"[Peer]\nPublicKey = {host_key}\nEndpoint = {endpoint}\nAllowedIPs = 10.97.0.1/32\n"
    join(room.folder, place, settings + host)
    try:
        yield place
    finally:
        leave(room.folder)
