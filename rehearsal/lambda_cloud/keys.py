"""SSH keys of the account."""

from collections.abc import Mapping
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from rehearsal.lambda_cloud import errors, rules
from rehearsal.lambda_cloud.journal import Journal
from rehearsal.lambda_cloud.records import SshKey, State, new_id


def pair() -> tuple[str, str]:
    """Return a new ed25519 key pair, private and public, in OpenSSH's forms."""
    key = Ed25519PrivateKey.generate()
    private = key.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption()).decode()
    public = key.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()
    return private, public


class SshKeys:
    """The SSH keys of an account.

    Args:
        state: the account's.
        journal: told what happens.
    """

    def __init__(self, state: State, journal: Journal) -> None:
        self._keys = state.ssh_keys
        self._journal = journal

    def all(self) -> list[dict[str, Any]]:
        """Return every key as the API shows it."""
        return [key.model_dump() for key in self._keys.values()]

    def add(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """Add a key, or generate a pair and return its private half, this once.

        Raises:
            ApiError: when the name is taken (launches refer to keys by name) or the key is none.
        """
        name = body["name"]
        if any(key.name == name for key in self._keys.values()):
            raise errors.invalid(because=f"name: an SSH key {name} exists already.")
        private: dict[str, str] = {}
        if "public_key" in body:
            public = rules.public_key(body["public_key"])
        else:
            private["private_key"], public = pair()
        key = SshKey(id=new_id(), name=name, public_key=public)
        self._keys[key.id] = key
        self._journal.record("ssh_key", "created", key.id)
        return key.model_dump() | private

    def delete(self, key_id: str) -> dict[str, Any]:
        """Delete a key; instances keep what they were launched with.

        Raises:
            ApiError: ``global/not-found``, the only 404 that the API documents for keys, when there is none.
        """
        if key_id not in self._keys:
            raise errors.not_found()
        del self._keys[key_id]
        self._journal.record("ssh_key", "deleted", key_id)
        return {}
