"""How the service seals what stacks keep secret: AES-256-GCM (NIST SP 800-38D) under one key, bound to the stack."""

import os
from dataclasses import dataclass
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from rehearsal.error import RehearsalError
from rehearsal.home import private, write_private

_NONCE_BYTES = 12


def key_of(kept: Path) -> bytes:
    """Return the key that seals what is in a file or folder.

    Args:
        kept: the file or folder; the key, of 32 bytes, lies beside it.

    Raises:
        RehearsalError: it is lost.
    """
    file = kept.with_suffix(".key")
    try:
        return bytes.fromhex(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        message = (
            f"{file}: is missing, and with it every secret in {kept} is lost; run `./sophia down --all` and begin "
            "again: a rehearsal holds nothing that cannot be made again"
        )
        raise RehearsalError(message) from None


def draw_key(kept: Path) -> None:
    """Make there be a key for what will be in a file or folder; one that was lost is not made again."""
    file = kept.with_suffix(".key")
    if not kept.exists() and not file.exists():
        private(file.parent)
        write_private(file, AESGCM.generate_key(256).hex())


@dataclass(frozen=True, slots=True)
class Cipher:
    """Seals values of one stack.

    Args:
        kept: the folder of all states, beside which the key lies.
        stack: project and stack: what is sealed for one is not opened for another.
    """

    kept: Path
    stack: str

    def seal(self, plain: bytes) -> bytes:
        """Return a value, sealed under a nonce of its own."""
        nonce = os.urandom(_NONCE_BYTES)
        return nonce + AESGCM(key_of(self.kept)).encrypt(nonce, plain, self.stack.encode())

    def open(self, sealed: bytes) -> bytes:
        """Return what was sealed.

        Raises:
            RehearsalError: it was sealed with another key or for another stack, or it is damaged.
        """
        nonce, text = sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:]
        try:
            return AESGCM(key_of(self.kept)).decrypt(nonce, text, self.stack.encode())
        except (InvalidTag, ValueError):
            message = f"{self.stack}: a secret cannot be opened: it is of another key or stack, or damaged"
            raise RehearsalError(message) from None
