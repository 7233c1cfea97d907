"""Pulumi's passphrase encryption, so that thirty secrets are encrypted in one step and no value is ever an argument.

The format is that of `NewPassphraseSecretsManager` and `NewSymmetricCrypterFromPassphrase` in Pulumi 3.259 (packages
`pkg/secrets/passphrase` and `sdk/go/common/resource/config`): AES-256-GCM under a key that PBKDF2-HMAC-SHA256 derives
from the passphrase in 1,000,000 rounds.
"""

import base64
import hashlib
import os

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_ROUNDS = 1_000_000
_SALT_BYTES = 8
_NONCE_BYTES = 12


class Cipher:
    """Encrypts under one passphrase and one salt.

    Args:
        passphrase: the passphrase.
        encryption_salt: what a stack file holds under that name; made anew when it is not given.
    """

    def __init__(self, passphrase: str, encryption_salt: str | None = None) -> None:
        salt = os.urandom(_SALT_BYTES) if encryption_salt is None else base64.b64decode(encryption_salt.split(":")[1])
        self._cipher = AESGCM(hashlib.pbkdf2_hmac("sha256", passphrase.encode(), salt, _ROUNDS, 32))
        self.encryption_salt = encryption_salt or f"v1:{_text(salt)}:{self.encrypt('pulumi')}"
        """The salt, and a known word by which the engine knows that the passphrase is the right one."""

    def encrypt(self, value: str) -> str:
        """Return a value as it stands under ``secure:`` in a stack file."""
        nonce = os.urandom(_NONCE_BYTES)
        return f"v1:{_text(nonce)}:{_text(self._cipher.encrypt(nonce, value.encode(), None))}"


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode()
