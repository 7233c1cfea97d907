"""``lock addons``: digests of what set-up renders of each add-on."""

import re
from collections.abc import Mapping
from pathlib import Path

from ops.results import LockResult

_ENTRIES = re.compile(r"^bundles:.*\Z", re.DOTALL | re.MULTILINE)


def lock_addons(path: Path, digests: Mapping[str, str]) -> LockResult:
    """Write the digests into the lock, and return those that changed.

    Args:
        path: the lock; its comments stay as they are.
        digests: the digest of each add-on, as rendered now.
    """
    text = path.read_text(encoding="utf-8")
    changed = {name: digest for name, digest in digests.items() if digest not in text}
    entries = "".join(f"  {name}: {digest}\n" for name, digest in digests.items())
    path.write_text(_ENTRIES.sub(f"bundles:\n{entries}", text), encoding="utf-8")
    return LockResult(stack="", filled=changed)
