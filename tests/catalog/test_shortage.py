"""Proofs that pods cannot fit, held against every way of placing them, and savings that keep all pods placed."""

import random
from collections.abc import Sequence
from itertools import product

import pytest

from catalog import Node, NodeResources, load
from catalog.placement import pack
from catalog.pod import ROLE, Demand, Pod, Requirement
from catalog.room import Room, admits
from catalog.shortage import shortage

_PATTERN = load().stack("dev", machines=["sophia-development"]).nodes[0]


def _drawn(seed: int) -> tuple[list[Node], list[Demand]]:
    """Return up to three small nodes and six pods."""
    chance = random.Random(seed)  # noqa: S311 - nothing is kept secret by it
    nodes = []
    for number in range(chance.randint(1, 3)):
        room = NodeResources(
            millicores=chance.randint(1, 8),
            mebibytes=chance.randint(1, 8),
            gpus=chance.randint(0, 2),
            pods=chance.randint(1, 5),
            disk_gib=chance.choice((None, 3)),
        )
        role = chance.choice(("mcp", "data"))
        update = {"name": f"n{number}", "role": role, "labels": {ROLE: role}, "allocatable": room, "taints": ()}
        nodes.append(_PATTERN.model_copy(update=update))
    demands = []
    for number in range(chance.randint(1, 4)):
        term = (Requirement(ROLE, "In", (chance.choice(("mcp", "data")),)),)
        pod = Pod(
            millicores=chance.randint(0, 4),
            mebibytes=chance.randint(0, 4),
            gpus=chance.choice((0, 0, 1)),
            disk_gib=chance.choice((0, 0, 2)),
            terms=(term,) if chance.random() < 0.4 else (),
        )
        demands.append(Demand(f"d{number}", pod, chance.choice((1, 1, 2))))
    return nodes, demands


def _some_way(nodes: Sequence[Node], demands: Sequence[Demand]) -> bool:
    """Whether any of all ways to place the pods works."""
    pods = [demand.pod for demand in demands for _ in range(demand.count)]
    for way in product(range(len(nodes)), repeat=len(pods)):
        rooms = [Room(node) for node in nodes]
        for place, pod in zip(way, pods, strict=True):
            if admits(nodes[place], pod) or not rooms[place].has_room(pod):
                break
            rooms[place].add(pod, "")
        else:
            return True
    return False


def test_what_is_told_to_fit_fits_and_a_proof_is_never_wrong() -> None:
    missed = 0
    for seed in range(400):
        nodes, demands = _drawn(seed)
        there_is = _some_way(nodes, demands)
        placed = pack(demands, nodes).unplaced is None
        proof = shortage(demands, nodes)
        assert there_is or not placed, seed
        assert not (there_is and proof), f"seed {seed}: {proof}"
        missed += there_is and not placed
    assert missed <= 4, "first fit finds a way wherever there is one, but for one in a hundred"


def _node(name: str, **has: int) -> Node:
    room = NodeResources(**{"millicores": 4000, "mebibytes": 4096, "gpus": 0, "pods": 110, "disk_gib": None, **has})
    return _PATTERN.model_copy(update={"name": name, "allocatable": room, "taints": ()})


@pytest.mark.parametrize(
    ("pod", "count", "proof"),
    [
        (Pod(millicores=1000), 9, "9 pods ask for 9000 millicores of CPU, and there are 8000 on a, b"),
        (Pod(millicores=2500), 3, "3 pods ask for 2500 millicores of CPU or more, and there are places for 2 on a, b"),
        (Pod(gpus=1), 1, "1 pods ask for 1 GPU shares, and there are 0 on a, b"),
        (Pod(millicores=1000), 8, None),
        (
            Pod(terms=((Requirement("no", "Exists"),),)),
            1,
            "1 pods ask for 1 pods, and there are 0 and no node admits them",
        ),
    ],
)
def test_a_shortage_is_told_as_a_sum(pod: Pod, count: int, proof: str | None) -> None:
    assert shortage([Demand("d", pod, count)], [_node("a"), _node("b")]) == proof


def test_what_runs_on_every_node_takes_its_part_of_each() -> None:
    every = Demand("every", Pod(millicores=100), every_node=True)
    demands = [every, Demand("d", Pod(millicores=4000), 2)]
    assert pack([every], [_node("a"), _node("b")]).pods == {"a": {"every": 1}, "b": {"every": 1}}
    proof = shortage(demands, [_node("a"), _node("b")])
    assert proof == "4 pods ask for 8200 millicores of CPU, and there are 8000 on a, b"
