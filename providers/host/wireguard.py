"""WireGuard's public keys as inputs."""

import base64
import binascii
from typing import Annotated, Final

from pydantic import AfterValidator

KEY_BYTES: Final = 32


def public_key(text: str) -> str:
    """Return a WireGuard public key.

    Raises:
        ValueError: when it is none; the text is not repeated, because it may be a private key by mistake.
    """
    try:
        raw = base64.b64decode(text, validate=True)
    except binascii.Error:
        raw = b""
    if len(raw) != KEY_BYTES or base64.b64encode(raw).decode() != text or not any(raw):
        message = "it is no WireGuard public key: give the 44 characters that `wg pubkey` prints"
        raise ValueError(message)
    return text


PublicKey = Annotated[str, AfterValidator(public_key)]
"""A WireGuard public key as an input."""
