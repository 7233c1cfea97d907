"""Host keys as text."""

import binascii
import hashlib
from base64 import b64decode, b64encode
from typing import Annotated

from pydantic import AfterValidator

from providers.kit import UndisclosedError


def key_text(line: str) -> str:
    """Return type and key of a line in OpenSSH's form, without its comment.

    Raises:
        UndisclosedError: when it is no public key; nobody repeats it, because it may be a private one.
    """
    match line.split():
        case [kind, text, *_] if "PRIVATE KEY" not in line and _says(text) == kind:
            return f"{kind} {text}"
    message = "this is not one host key in OpenSSH's form; give ssh-ed25519 AAAA... (/etc/ssh/ssh_host_ed25519_key.pub)"
    raise UndisclosedError(message)


def _says(text: str) -> str | None:
    """Return the type that an encoded key names in its first field (RFC 4253, section 6.6); none when it is no key."""
    try:
        blob = b64decode(text, validate=True)
        size = int.from_bytes(blob[:4], "big")
        return blob[4 : 4 + size].decode("ascii")
    except (binascii.Error, ValueError):
        return None


def fingerprint(line: str) -> str:
    """Return the fingerprint of a key as `ssh-keygen -l` shows it."""
    digest = hashlib.sha256(b64decode(line.split()[1])).digest()
    return f"SHA256:{b64encode(digest).decode().rstrip('=')}"


HostKeyText = Annotated[str, AfterValidator(key_text)]
