"""Fingerprints of write-only values: a change shows, the value does not."""

import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

_SCHEME = "hmac-sha256"


@dataclass(frozen=True)
class Fingerprints:
    """Makes and compares fingerprints under one key.

    Args:
        key: the key; None where configuration gives none.
    """

    key: str | None = field(repr=False)

    def of(self, value: Any) -> str | None:
        """Return the fingerprint of a value; None without a key.

        It is ``hmac-sha256:<key id>:<digest>``, the key id being a digest under the key itself.
        """
        if self.key is None:
            return None
        canonical = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
        return f"{self._prefix()}{self._digest(canonical)}"

    def of_each(self, values: Mapping[str, Any]) -> dict[str, str] | None:
        """Return the fingerprint of each value of an object, so that a difference names its key; None without a key."""
        found = {key: self.of(value) for key, value in values.items() if value is not None}
        return None if self.key is None else {key: value for key, value in found.items() if value is not None}

    def comparable(self, recorded: Any) -> bool:
        """Return whether a recorded fingerprint was made under this key."""
        return self.key is not None and isinstance(recorded, str) and recorded.startswith(self._prefix())

    def _prefix(self) -> str:
        return f"{_SCHEME}:{self._digest('key id of fingerprints')[:8]}:"

    def _digest(self, text: str) -> str:
        return hmac.new((self.key or "").encode(), text.encode(), hashlib.sha256).hexdigest()
