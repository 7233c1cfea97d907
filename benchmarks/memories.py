"""Objects with vectors, such as a collection of memories holds; the same ones every time.

Of the standard library alone: another environment's programs import it too.
"""

import itertools
import random
import uuid
from collections.abc import Iterator, Sequence
from typing import Any

DIMENSIONS = 768
_WORDS = [f"w{number}" for number in range(20_000)]
# As in a language, a word is as rare as its rank: half of what is said are some two hundred words.
_WEIGHTS = list(itertools.accumulate(1 / rank for rank in range(1, len(_WORDS) + 1)))
_LENGTH = 60


def memories(count: int, seed: int = 1) -> Iterator[dict[str, Any]]:
    """Give objects: an ``id``, ``properties`` and a ``vector``.

    Args:
        count: how many.
        seed: other objects for another one.
    """
    chance = random.Random(seed)  # noqa: S311 - no secret
    for _ in range(count):
        yield {
            "id": str(uuid.UUID(int=chance.getrandbits(128), version=4)),
            "properties": {
                "content": words(chance, _LENGTH),
                "source": f"source-{chance.randrange(50)}",
                "importance": chance.randrange(10),
            },
            "vector": vector(chance),
        }


def words(chance: random.Random, count: int) -> str:
    """Return a text of some words."""
    return " ".join(chance.choices(_WORDS, cum_weights=_WEIGHTS, k=count))


def vector(chance: random.Random) -> Sequence[float]:
    """Return a vector: some place in no direction in particular, which is the hardest to find one's way among."""
    return [(byte - 127.5) / 1000 for byte in chance.randbytes(DIMENSIONS)]
