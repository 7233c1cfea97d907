"""Catalogs drawn by a seed: nodes of prod's kinds with any labels and taints, and pods that fit them or do not."""

import random
from dataclasses import dataclass

from catalog import Node, NodeResources, load
from catalog.machine import Architecture, Role, Taint
from catalog.pod import ARCHITECTURE, ROLE, Demand, Pod, Requirement, Toleration

_TAINT = Taint(key="sophia.ai/dedicated", value="core", effect="NoSchedule")
_PATTERN = load().stack("dev", machines=["sophia-development"]).nodes[0]


@dataclass(frozen=True)
class Drawn:
    """Nodes, and what wants to run on them."""

    nodes: tuple[Node, ...]
    demands: tuple[Demand, ...]


def draw(seed: int) -> Drawn:
    """Return the catalog of a seed; how much it asks for differs from less than there is to more."""
    chance = random.Random(seed)  # noqa: S311 - nothing is kept secret by it
    nodes = tuple(_node(chance, number) for number in range(chance.randint(2, 6)))
    demands = [_demand(chance, number) for number in range(chance.randint(4, 14))]
    if chance.random() < 0.5:
        demands.append(_everywhere(chance))
    return Drawn(nodes, tuple(demands))


def _node(chance: random.Random, number: int) -> Node:
    sizes = ((14, 46), (14, 100), (30, 200), (4, 16), (64, 432))
    vcpus, memory = chance.choice(sizes)
    room = NodeResources(
        millicores=vcpus * 1000 - 500,
        mebibytes=(memory - 1) * 1024,
        gpus=chance.choice((0, 0, 1, 2, 4)),
        pods=chance.choice((110, 110, 12, 6)),
        disk_gib=chance.choice((None, 140, 450)),
    )
    role, architecture = chance.choice([*Role]), chance.choice((Architecture.AMD64, *Architecture))
    return _PATTERN.model_copy(
        update={
            "name": f"node-{number}",
            "role": role,
            "architecture": architecture,
            "allocatable": room,
            "capacity": room,
            "labels": {ROLE: role.value},
            "taints": (_TAINT,) if chance.random() < 0.2 else (),
        }
    )


def _demand(chance: random.Random, number: int) -> Demand:
    required = []
    if chance.random() < 0.6:
        required.append(Requirement(ARCHITECTURE, "In", ("amd64",)))
    if chance.random() < 0.3:
        roles = tuple(role.value for role in chance.sample([*Role], k=chance.randint(2, 4)))
        required.append(Requirement(ROLE, chance.choice(("In", "NotIn")), roles))
    wanted = Requirement(ROLE, "In", (chance.choice([*Role]).value,))
    pod = Pod(
        millicores=chance.choice((20, 100, 250, 500, 1000, 2000)),
        mebibytes=chance.choice((64, 512, 1024, 2048, 4096)),
        gpus=1 if chance.random() < 0.15 else 0,
        disk_gib=chance.choice((10, 50, 100)) if chance.random() < 0.15 else 0,
        terms=(tuple(required),) if required else (),
        preferred=((100, (wanted,)),) if chance.random() < 0.5 else (),
        tolerations=(Toleration(_TAINT.key),) if chance.random() < 0.3 else (),
    )
    return Demand(f"w{number}", pod, chance.choice((1, 1, 2, 2, 3, 6)))


def _everywhere(chance: random.Random) -> Demand:
    tolerations = (Toleration(),) if chance.random() < 0.5 else ()
    pod = Pod(millicores=chance.choice((10, 100)), mebibytes=64, tolerations=tolerations)
    return Demand("every-node", pod, every_node=True)
