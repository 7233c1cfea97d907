"""Pods on nodes."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catalog import Catalog, Node, NodeResources, load
from catalog.machine import Architecture, Role, Taint
from catalog.placement import Packing, first_fit, pack
from catalog.pod import Demand, Pod
from catalog.room import admits
from catalog.workload import Amount, Placement, Resources, Volume, Workload

_FACTS = load()
_SERVER = _FACTS.mcp["github"]
_NODE = _FACTS.stack("dev", machines=["sophia-development"]).nodes[0]
_TAINT = Taint(key="sophia.ai/dedicated", effect="NoSchedule")


def _room(gpus: int = 0, millicores: int = 4000, mebibytes: int = 4096, pods: int = 110) -> NodeResources:
    return NodeResources(millicores=millicores, mebibytes=mebibytes, gpus=gpus, pods=pods, disk_gib=None)


def _node(name: str, role: Role = Role.MCP, **update: object) -> Node:
    return _NODE.model_copy(update={"name": name, "role": role, "allocatable": _room(), "taints": (), **update})


def _server(name: str = "a", *, cpu: str = "500m", gpus: int = 0, placement: Placement | None = None) -> Workload:
    amount = Amount(cpu=cpu, memory="1Gi")
    resources = Resources(requests=amount, limits=amount, gpus=gpus)
    update = {"name": name, "resources": resources, "placement": placement or Placement()}
    return _SERVER.model_copy(update=update)


def _wanted(server: Workload, count: int) -> Demand:
    return replace(Demand.of(server), count=count)


def test_all_twenty_pods_of_prod_land_on_the_mcp_node(committed: Catalog) -> None:
    own = [name for name, machine in committed.machines.items() if machine.owner == "prod"]
    nodes = committed.stack("prod", machines=own, image_lock="rehearsal").nodes
    packing = pack(map(Demand.of, committed.mcp.values()), nodes)
    assert {node: sum(pods.values()) for node, pods in packing.pods.items() if pods} == {"sophia-mcp-orchestrator": 20}
    assert packing.free["sophia-mcp-orchestrator"].millicores == 13_500 - 10_500


def test_growth_beyond_the_preferred_node_spills_to_the_others() -> None:
    server = _server(placement=Placement(preferred_roles=(Role.MCP,)))
    packing = pack([_wanted(server, 6)], [_node("a-data", Role.DATA), _node("b-mcp")])
    assert packing.pods == {"a-data": {"a": 2}, "b-mcp": {"a": 4}}


def test_a_required_role_is_never_left() -> None:
    server = _server(placement=Placement(required_roles=(Role.MCP,)))
    packing = pack([_wanted(server, 6)], [_node("a-data", Role.DATA), _node("b-mcp")])
    assert str(packing.unplaced) == (
        "a pod of a fits no node (a-data: role data is not mcp; b-mcp: 0 MiB of memory left of the 1024 it needs)"
    )


def test_volumes_take_the_disk_of_their_node_where_its_size_is_known() -> None:
    volume = Volume(name="data", mount_path="/data", size="60Gi", persistent=True)
    server = _server(cpu="100m").model_copy(update={"volumes": (volume,)})
    small = _room().model_copy(update={"disk_gib": 100})
    packing = pack([_wanted(server, 2)], [_node("a", allocatable=small)])
    assert str(packing.unplaced) == "a pod of a fits no node (a: 40 GiB of disk left of the 60 it needs)"
    assert packing.free["a"].disk_gib == 40
    unplaced = pack([_wanted(server, 2)], [_node("a")]).unplaced
    assert unplaced is None, "of an unknown disk nobody can say that it is too small"


@pytest.mark.parametrize(
    ("update", "placement", "reason"),
    [
        ({"taints": (_TAINT,)}, Placement(), "taint sophia.ai/dedicated is not tolerated"),
        ({"taints": (_TAINT,)}, Placement(tolerated_taints=("sophia.ai/dedicated",)), None),
        ({"taints": (_TAINT.model_copy(update={"effect": "PreferNoSchedule"}),)}, Placement(), None),
        (
            {"architecture": Architecture.ARM64},
            Placement(architectures=(Architecture.AMD64,)),
            "architecture arm64 is not amd64",
        ),
        ({"architecture": Architecture.ARM64}, Placement(), None),
    ],
)
def test_a_node_says_why_it_may_not_take_a_pod(
    update: dict[str, object], placement: Placement, reason: str | None
) -> None:
    assert admits(_node("a", **update), Pod.placed(placement)) == reason  # type: ignore[arg-type]  # a table of keywords


@pytest.mark.parametrize(
    ("room", "server", "reason"),
    [
        (_room(gpus=1), _server(gpus=2), "1 GPU shares left of the 2 it needs"),
        (_room(millicores=400), _server(), "400 millicores of CPU left of the 500 it needs"),
        (_room(mebibytes=1000), _server(), "1000 MiB of memory left of the 1024 it needs"),
        (_room(pods=0), _server(), "0 pods left of the 1 it needs"),
    ],
)
def test_what_is_short_is_named(room: NodeResources, server: Workload, reason: str) -> None:
    unplaced = pack([_wanted(server, 1)], [_node("a", allocatable=room)]).unplaced
    assert unplaced is not None
    assert unplaced.reasons == {"a": reason}


def test_without_nodes_nothing_fits() -> None:
    assert str(pack([_wanted(_server(), 1)], []).unplaced) == "a pod of a has no node at all"


_ROLES = st.sampled_from([Role.MCP, Role.DATA])
_ROOMS = st.builds(_room, st.integers(0, 3), st.integers(0, 3000), st.integers(0, 4096), st.integers(0, 6))
_NODES = st.lists(st.tuples(_ROLES, _ROOMS, st.booleans()), max_size=4).map(
    lambda drawn: [
        _node(f"n{index}", role, allocatable=room, taints=(_TAINT,) if tainted else ())
        for index, (role, room, tainted) in enumerate(drawn)
    ]
)
_PLACEMENTS = st.builds(
    Placement,
    required_roles=st.sampled_from([(), (Role.DATA,)]),
    preferred_roles=st.sampled_from([(), (Role.MCP,)]),
    tolerated_taints=st.sampled_from([(), (_TAINT.key,)]),
)
_SERVERS = st.lists(
    st.tuples(st.sampled_from(["250m", "500m", "1"]), st.integers(0, 1), _PLACEMENTS, st.integers(1, 4)), max_size=5
).map(
    lambda drawn: [
        (_server(f"s{index}", cpu=cpu, gpus=gpus, placement=placement), count)
        for index, (cpu, gpus, placement, count) in enumerate(drawn)
    ]
)


@settings(deadline=None)
@given(_SERVERS, _NODES)
def test_no_node_is_overfilled_and_what_is_left_adds_up(servers: list[tuple[Workload, int]], nodes: list[Node]) -> None:
    packing = pack([_wanted(*one) for one in servers], nodes)
    by_name = {server.name: server for server, _ in servers}
    for node in nodes:
        here = [(by_name[name].resources, count) for name, count in packing.pods[node.name].items()]
        used = (
            sum(resources.requests.millicores * count for resources, count in here),
            sum(resources.requests.mebibytes * count for resources, count in here),
            sum(resources.gpus * count for resources, count in here),
            sum(count for _, count in here),
        )
        free, room = packing.free[node.name], node.allocatable
        left = (free.millicores, free.mebibytes, free.gpus, free.pods)
        assert min(left) >= 0
        assert [a + b for a, b in zip(used, left, strict=True)] == [
            room.millicores,
            room.mebibytes,
            room.gpus,
            room.pods,
        ]


@settings(deadline=None)
@given(_SERVERS, _NODES)
def test_every_pod_is_placed_where_it_may_run_or_the_first_that_is_not_is_explained(
    servers: list[tuple[Workload, int]], nodes: list[Node]
) -> None:
    packing = pack([_wanted(*one) for one in servers], nodes)
    by_name, by_node = {server.name: server for server, _ in servers}, {node.name: node for node in nodes}
    for node, pods in packing.pods.items():
        assert not [name for name in pods if admits(by_node[node], Pod.of(by_name[name]))]
    if packing.unplaced is None:
        assert _placed(packing) == Counter({server.name: count for server, count in servers})
    else:
        assert set(packing.unplaced.reasons) == set(by_node)
        assert all(packing.unplaced.reasons.values())


@settings(deadline=None)
@given(_SERVERS, _NODES)
def test_remembering_full_nodes_changes_nothing(servers: list[tuple[Workload, int]], nodes: list[Node]) -> None:
    assert first_fit([_wanted(*one) for one in servers], nodes).pods == _asking_every_node(servers, nodes)


def _placed(packing: Packing) -> Counter[str]:
    return sum((Counter(pods) for pods in packing.pods.values()), Counter[str]())


def _asking_every_node(servers: Sequence[tuple[Workload, int]], nodes: Sequence[Node]) -> dict[str, dict[str, int]]:
    """First fit as its definition has it: every pod asks every node in its order of preference."""
    left = {
        node.name: [
            node.allocatable.gpus,
            node.allocatable.millicores,
            node.allocatable.mebibytes,
            node.allocatable.pods,
        ]
        for node in nodes
    }
    pods: dict[str, dict[str, int]] = {node.name: {} for node in nodes}
    needs = {
        server.name: [server.resources.gpus, server.resources.requests.millicores, 1024, 1] for server, _ in servers
    }

    def order_of(one: tuple[Workload, int]) -> tuple[int, list[int], str]:
        server = one[0]
        able = [node for node in nodes if pack([_wanted(server, 1)], [node]).unplaced is None]
        return len(able), [-need for need in needs[server.name]], server.name

    for server, count in sorted(servers, key=order_of):
        for _ in range(count):
            order = sorted(nodes, key=lambda node: (node.role not in server.placement.preferred_roles, node.name))
            for node in order:
                rest = [a - b for a, b in zip(left[node.name], needs[server.name], strict=True)]
                if admits(node, Pod.of(server)) is None and min(rest) >= 0:
                    left[node.name] = rest
                    pods[node.name][server.name] = pods[node.name].get(server.name, 0) + 1
                    break
            else:
                return pods
    return pods
