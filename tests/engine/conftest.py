from collections.abc import Iterator

import pytest

from benchmarks.checkout import Checkout, copied


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Checkout]:
    """A checkout without a running stack; whatever a test brings up is ended."""
    made = copied(tmp_path_factory.mktemp("lane"))
    try:
        yield made
    finally:
        made.sophia("down", "--all")


@pytest.fixture(scope="module")
def dev(checkout: Checkout) -> Checkout:
    """A checkout whose dev stack is up."""
    checkout.sophia("up", "dev")
    return checkout
