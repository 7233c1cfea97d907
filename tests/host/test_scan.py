"""What is open from each place equals the table: scanned on real machines, over WireGuard too."""

import pytest

from rehearsal.machines import Client, Room
from tests.host.ground import ADDRESS, BREAK_GLASS, FRIEND, STRANGER, Ground, configured, peer, public_key
from tests.host.peers import KeyPair, joined
from tests.host.scan import SCANNED, listening, of_the_table, scan

pytestmark = pytest.mark.engine


@pytest.fixture(scope="module")
def node(boot):
    return boot()


@pytest.fixture(scope="module")
def ann():
    return KeyPair.make()


@pytest.fixture(scope="module")
def ground(process, room, boot, keys, node):
    found = Ground(configured(process, room, keys[0]), room, boot())
    with listening(found.inside):
        yield found
    room.stop(found.machine.id)
    room.stop(node.id)


@pytest.fixture(scope="module")
def host_key(ground, node, ann):
    """Closes the host but for the table, and gives its public key."""
    life = ground.meet()
    access = life.make("Access", ground.access(peer(ann)))
    nodes = [node.address, f"10.16.0.{node.id[1:]}"]
    life.make("Firewall", ground.firewall(nodes=nodes))
    return public_key(access)


def outside(room: Room, address: str) -> Client:
    return room.client(f"from-{address.rpartition('.')[2]}", address)


def knocker(place: Client):
    return lambda command, text: place.run(command, text=text)


def shown(place: str, found: set[str]) -> None:
    print(f"{place}: {', '.join(sorted(found, key=lambda one: (one[:3], int(one[4:]))))}")  # noqa: T201 - the scan


def test_before_there_is_a_table_everything_answers(ground, room):
    assert scan(knocker(outside(room, STRANGER)), ground.machine.address) == SCANNED


@pytest.mark.usefixtures("host_key")
def test_from_outside_what_is_the_worlds_is_open(ground, room):
    found = scan(knocker(outside(room, STRANGER)), ground.machine.address)
    shown("outside", found)
    assert found == of_the_table("world")


@pytest.mark.usefixtures("host_key")
def test_from_a_break_glass_network_what_is_for_access_is_open_too(ground, room):
    found = scan(knocker(room.runner), ground.machine.address)
    shown(f"break-glass {BREAK_GLASS['cidr']}", found)
    assert found == of_the_table("world", "access")


@pytest.mark.usefixtures("host_key")
@pytest.mark.parametrize("way", ["private", "public"])
def test_from_another_node_what_is_for_nodes_is_open_too(ground, room, node, way):
    host = ground.private if way == "private" else ground.machine.address
    found = scan(lambda command, text: room.enter(node.id, command, text=text), host)
    shown(f"another node, {way} address", found)
    assert found == of_the_table("world", "nodes")


def test_from_a_peer_what_is_for_access_is_open_through_wireguard(ground, room, ann, host_key):
    friend = outside(room, FRIEND)
    endpoint = f"{ground.machine.address}:51822"
    with joined(room, friend, ann, address="10.97.0.50", host_key=host_key, endpoint=endpoint):
        found = scan(knocker(friend), ADDRESS)
        beside = scan(knocker(friend), ground.machine.address)
    shown("a peer, through WireGuard", found)
    assert found == of_the_table("world", "access")
    assert beside == of_the_table("world")


@pytest.mark.usefixtures("host_key")
def test_over_ipv6_nothing_answers_but_neighbour_discovery(ground, room):
    link_local = ground.inside(["sh", "-c", "ip -6 -o address show dev eth0 scope link"]).stdout.split()
    if not link_local:
        pytest.skip("not proven: that IPv6 is closed; the machine's eth0 has no IPv6 address")
    router = Client(room.names.internet, "")
    link = router.run(["ip", "-oneline", "route", "get", ground.private]).stdout.split()[2]
    address = link_local[3].partition("/")[0]
    assert scan(knocker(router), f"{address}%{link}") == set()
    assert f"{address} dev {link} lladdr" in router.run(["ip", "-6", "neighbour"]).stdout
