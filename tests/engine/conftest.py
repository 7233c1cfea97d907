from collections.abc import Iterator

import pytest

from benchmarks.checkout import Checkout, copied


@pytest.fixture(scope="session")
def lane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Checkout]:
    """A checkout for all tests that need a stack to be up, and not to come up: that takes minutes."""
    yield from ended(copied(tmp_path_factory.mktemp("lane")))


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Checkout]:
    """A checkout without a running stack; no pod runs there, because its nodes are light ones."""
    yield from ended(copied(tmp_path_factory.mktemp("light"), NODES="light"))


@pytest.fixture(scope="module")
def dev(lane: Checkout) -> Checkout:
    """The checkout of all, its dev up."""
    lane.sophia("up", "dev")
    return lane


@pytest.fixture(scope="module")
def prod(lane: Checkout) -> Checkout:
    """The checkout of all, its prod up."""
    lane.sophia("up", "prod")
    return lane


def ended(made: Checkout) -> Iterator[Checkout]:
    """Give a checkout; whatever is brought up there is ended."""
    try:
        yield made
    finally:
        made.sophia("down", "--all")
