from collections.abc import Iterator

import pytest

from benchmarks.checkout import Checkout, copied
from rehearsal.home import Folder
from rehearsal.state import State


@pytest.fixture(scope="session")
def lane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Checkout]:
    """A checkout for all tests that need a stack to be up, and not to come up: that takes minutes."""
    yield from ended(copied(tmp_path_factory.mktemp("lane")))


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Checkout]:
    """A checkout without a running stack; no pod runs there, because its nodes are light ones."""
    yield from ended(copied(tmp_path_factory.mktemp("light"), NODES="light"))


@pytest.fixture(scope="module")
def dev(lane: Checkout, request: pytest.FixtureRequest) -> Checkout:
    """The checkout of all, its dev up."""
    return standing(lane, "dev", request)


@pytest.fixture(scope="module")
def prod(lane: Checkout, request: pytest.FixtureRequest) -> Checkout:
    """The checkout of all, its prod up."""
    return standing(lane, "prod", request)


def standing(checkout: Checkout, stack: str, request: pytest.FixtureRequest) -> Checkout:
    """Bring a stack up, unless it is: files leave it as they found it, but after a failure nobody knows."""
    if request.session.testsfailed or not State(Folder(checkout.home, stack)).resources():
        checkout.sophia("up", stack)
    return checkout


def ended(made: Checkout) -> Iterator[Checkout]:
    """Give a checkout; whatever is brought up there is ended."""
    try:
        yield made
    finally:
        made.sophia("down", "--all")
