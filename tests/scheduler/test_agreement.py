"""The real scheduler of Kubernetes agrees with what is told of room: it binds what fits, and not what does not."""

from collections.abc import Iterator
from itertools import count
from pathlib import Path

import httpx
import pytest

import catalog
from catalog.placement import ceiling, floor, pack
from catalog.shortage import shortage
from catalog.spreading import stranded
from ops.capacity import ground
from rehearsal.toolchain import ensure, progress_for
from render import render
from tests.scheduler.control_plane import running, schedule
from tests.scheduler.objects import node_object, pod_objects
from tests.scheduler.random_catalogs import Drawn, draw

pytestmark = [pytest.mark.engine, pytest.mark.timeout(900)]


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """A client of an API server that has a scheduler."""
    programs = ensure(catalog.load(), progress=progress_for()).bin
    with running(Path(programs), tmp_path_factory.mktemp("scheduler")) as client:
        yield client


@pytest.mark.parametrize("stack", ["dev", "staging", "prod"])
@pytest.mark.parametrize("how_many", [floor, ceiling], ids=["floors", "full-load"])
def test_the_scheduler_binds_every_pod_of_a_stack_that_fits_and_leaves_one_of_a_stack_that_does_not(
    cluster: httpx.Client, stack: str, how_many: catalog.placement.Count
) -> None:
    on = ground(render(stack))
    told = pack(on.demands, on.nodes, how_many).unplaced
    pods = [*pod_objects(on.demands, on.nodes, how_many)]
    found = schedule(cluster, [node_object(node) for node in on.nodes], pods)
    assert not found.pending or told, f"it was told to fit: {found.pending}"
    assert found.pending or not told, f"it was told not to fit: {told}"
    if how_many is floor:
        assert len(found.bound) == len(pods), "the floors of every committed stack fit"


def _drawn(fits: bool) -> Iterator[tuple[int, Drawn]]:  # noqa: FBT001 - it names the half
    """Yield catalogs that fit, or that do not, by their seeds; one that may strand a pod is told so, and is neither."""
    for seed in count():
        one = draw(seed)
        placed = pack(one.demands, one.nodes).unplaced is None
        if placed is fits and not (placed and stranded(one.demands, one.nodes)):
            yield seed, one


def _agree(cluster: httpx.Client, each: int) -> None:
    for fits in (True, False):
        for _, (seed, one) in zip(range(each), _drawn(fits), strict=False):
            nodes = [node_object(node) for node in one.nodes]
            found = schedule(cluster, nodes, [*pod_objects(one.demands, one.nodes)])
            why = found.pending or shortage(one.demands, one.nodes) or "first fit found no way"
            assert (not found.pending) is fits, f"seed {seed}: {why}"


def test_it_agrees_on_twenty_random_catalogs_half_of_which_do_not_fit(cluster: httpx.Client) -> None:
    _agree(cluster, 10)


@pytest.mark.soak
def test_it_agrees_on_two_hundred_random_catalogs_half_of_which_do_not_fit(cluster: httpx.Client) -> None:
    _agree(cluster, 100)


def test_what_is_told_to_be_stranded_is_left_pending_by_the_scheduler_too(cluster: httpx.Client) -> None:
    # One of the catalogs that fit and have so little room that spreading leaves a pod without a place.
    one = draw(57)
    assert pack(one.demands, one.nodes).unplaced is None
    assert stranded(one.demands, one.nodes) is not None
    assert schedule(cluster, [node_object(node) for node in one.nodes], [*pod_objects(one.demands, one.nodes)]).pending
