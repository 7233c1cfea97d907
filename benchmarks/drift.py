"""What ``drift`` of the whole of prod costs beside the engine's own look at it.

- ``./sophia drift prod``, from its start to its end, against ``pulumi refresh --preview-only`` of the same stack in a
  shell that is ready: in turns, so that both meet the same load, and the best of each.
"""

import subprocess
import time
from collections.abc import Callable

from benchmarks.checkout import Checkout, temporary
from benchmarks.samples import Row, ratio, show

ROUNDS = 5
LIMIT = 1.3
_PLAIN = ("pulumi", "refresh", "--preview-only", "--expect-no-changes", "--non-interactive", "--stack", "prod")


def measure() -> list[Row]:
    """Return the rows of prod, which is brought up for it."""
    with temporary() as checkout:
        checkout.sophia("up", "prod")
        return _of(checkout)


def _of(checkout: Checkout) -> list[Row]:
    environment = checkout.engine_environment("prod")

    def plain() -> None:
        subprocess.run(_PLAIN, cwd=checkout.root, env=environment, check=True, capture_output=True)

    def drift() -> None:
        checkout.sophia("drift", "prod")

    rounds = [(_seconds(plain), _seconds(drift)) for _ in range(ROUNDS)]
    engine, whole = (min(column) for column in zip(*rounds, strict=True))
    return [
        Row("pulumi refresh --preview-only", f"{engine:.1f} s"),
        Row("drift prod", f"{whole:.1f} s"),
        ratio("drift prod / pulumi refresh --preview-only", whole / engine, LIMIT),
    ]


def _seconds(act: Callable[[], None]) -> float:
    begun = time.monotonic()
    act()
    return time.monotonic() - begun


if __name__ == "__main__":
    show("Drift of prod", measure())
