"""References of images, taken apart as container runtimes do."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

_HUB: Final = "docker.io"
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128}")


@dataclass(frozen=True, slots=True)
class Reference:
    """One reference of an image."""

    repository: str
    """Registry and repository, written out: ``docker.io/library/redis``."""
    tag: str
    """Its tag; empty where it has none."""
    digest: str
    """Its digest; empty where it has none, or one that is no digest."""

    def is_of(self, sources: Iterable[str]) -> bool:
        """Return whether it is of one of some registries, or of parts of them."""
        return any(self.repository == source or self.repository.startswith(f"{source}/") for source in sources)


def reference(text: str) -> Reference:
    """Return the parts of a reference.

    >>> reference("redis")
    Reference(repository='docker.io/library/redis', tag='', digest='')
    >>> reference("localhost:5000/a/b:1.0@sha256:" + "0" * 64).tag
    '1.0'
    """
    name, _, digest = text.partition("@")
    host, slash, path = name.partition("/")
    if not slash or not ("." in host or ":" in host or host == "localhost"):
        host, path = _HUB, name if slash else f"library/{name}"
    host = _HUB if host == "index.docker.io" else host
    repository, _, tag = path.partition(":")
    return Reference(f"{host}/{repository}", tag, digest if _DIGEST.fullmatch(digest) else "")
