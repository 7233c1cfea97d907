"""What the assistants learned, by meaning."""

from dataclasses import dataclass

TITLE = "AI memory"


@dataclass(frozen=True)
class Memory:
    """One thing that was learned."""

    id: str
    """Its id."""
    text: str
    """What it says."""
    tags: tuple[str, ...]
    """What it is about."""


_KEPT = (
    Memory("m-1", "Releases go out on Tuesdays.", ("delivery",)),
    Memory("m-2", "The gateway's certificate is renewed thirty days before it ends.", ("gateway", "security")),
    Memory("m-3", "Every calendar time is in UTC.", ("convention",)),
)


def recall(query: str, limit: int = 3) -> list[Memory]:
    """Recall what was learned about something, the closest first."""
    words = query.lower().split()
    ranked = sorted(_KEPT, key=lambda kept: -sum(word in kept.text.lower() for word in words))
    return ranked[:limit]


def count() -> int:
    """Count what is remembered."""
    return len(_KEPT)


def remember(text: str, tags: list[str]) -> Memory:
    """Remember something."""
    return Memory(f"m-{len(_KEPT) + 1}", text, tuple(tags))


READS = (recall, count)
WRITES = (remember,)
