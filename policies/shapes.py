"""What looks like a secret: names that say so, and values whose shape says whose key they are.

Source of the prefixes: the vendors' own documents and GitHub's list of patterns that secret scanning knows (2026-11).
"""

import re
from typing import Final

_NAME: Final = re.compile(
    r"(?i)passw(or)?d|passphrase|secret|token|private_?key|api_?key|access_?key|credential|kubeconfig"
    r"|(^|(?<!public)[_-])(key|pat|pwd|dsn)$"
)

_SHAPES: Final = (
    r"-----BEGIN [A-Z ]*PRIVATE KEY-----",
    r"\bpul-[0-9a-f]{40}\b",
    r"\bAKIA[0-9A-Z]{16}\b",
    r"\bAIza[0-9A-Za-z_-]{35}\b",
    r"\bsk-(?:ant-|or-v1-|proj-)?[A-Za-z0-9_-]{40,}",
    r"\bxox[abprs]-[0-9A-Za-z-]{20,}|\bxapp-[0-9A-Za-z-]{20,}",
    r"\b(?:gh[pousr]_[A-Za-z0-9]{36}|github_pat_[A-Za-z0-9_]{82})\b",
    r"\blin_api_[A-Za-z0-9]{40}\b",
    r"\b(?:ntn_|secret_)[A-Za-z0-9]{43,50}\b",
    r"\bfigd_[A-Za-z0-9_-]{40,}",
    r"\bdckr_pat_[A-Za-z0-9_-]{27}\b",
    r"\bK10[0-9a-f]{64}::(?:server|node):[0-9a-f]+",
    r"PrivateKey\s*=\s*[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=",
    r"\beyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}",
    # A password in an address: of a user that is named, and no placeholder.
    r"\b[a-z][a-z0-9+.-]*://[^\s:/@]+:(?![\$<{%])[^\s:/@]{6,}@",
)
_VALUE: Final = re.compile("|".join(_SHAPES))

PUBLIC: Final = ("NEXT_PUBLIC_", "VITE_", "PUBLIC_", "REACT_APP_", "NUXT_PUBLIC_", "GATSBY_", "EXPO_PUBLIC_")
"""Beginnings of variables that frameworks build into what every browser gets."""


def names_a_secret(name: str) -> bool:
    """Return whether a name says that it is one of a secret.

    Args:
        name: of a variable, an output or a setting.

    >>> [names_a_secret(name) for name in ("kubeconfig", "DB_PASSWORD", "signing_key", "public_key", "AUTH_REQUIRED")]
    [True, True, True, False, False]
    """
    return _NAME.search(name) is not None


def is_a_secret(value: str) -> bool:
    """Return whether a value has the shape of a secret.

    Args:
        value: the value.

    >>> is_a_secret("postgresql://sophia@postgresql:5432/sophia"), is_a_secret("pul-" + "0f" * 20)
    (False, True)
    """
    return _VALUE.search(value) is not None
