"""Addresses and regions: who reaches whom, and as whom."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from subprocess import CompletedProcess
from typing import Protocol

import pytest

from rehearsal.machines import Room
from rehearsal.machines.testing import spec
from tests.rehearsal_machines.conftest import connects

pytestmark = pytest.mark.engine


class Lane(Protocol):
    @property
    def room(self) -> Room: ...

    def ssh(self, address: str, command: str) -> CompletedProcess[str]: ...


def answers(lane: Lane, machine_id: str, address: str) -> bool:
    return lane.room.enter(machine_id, ["ping", "-c", "1", "-W", "1", address]).returncode == 0


def greeted(lane: Lane, machine_id: str, address: str) -> str:
    """What a machine's SSH server knows of who connects."""
    program = f"import socket; s = socket.create_connection(('{address}', 22), 2); print(s.recv(9).decode())"
    return lane.room.enter(machine_id, ["python3", "-c", program]).stdout.strip()


SERVER = """
import socket
with socket.create_server(("", 9999)) as server:
    server.settimeout(10)
    print(server.accept()[1][0])
"""
KNOCK = """
import socket, sys, time
for _ in range(100):
    try:
        socket.create_connection((sys.argv[1], 9999), 2).close()
        break
    except ConnectionRefusedError:
        time.sleep(0.05)
"""


def seen(lane: Lane, machine_id: str, knock: Callable[[list[str]], object], address: str) -> str:
    """The address from which a machine is reached."""
    with ThreadPoolExecutor(1) as pool:
        served = pool.submit(lane.room.enter, machine_id, ["python3", "-c", SERVER])
        knock(["python3", "-c", KNOCK, address])
        return served.result().stdout.strip()


def test_a_machine_sees_its_private_address_alone(lane):
    shown = lane.room.enter("m1", ["ip", "-4", "-oneline", "address"]).stdout
    assert "10.16.0.1/32" in shown
    assert "203.0.113" not in shown


def test_private_addresses_reach_their_own_region_alone(lane):
    assert answers(lane, "m1", "10.16.0.2")
    assert not answers(lane, "m1", "10.16.0.3"), "us-south-1 is another region"
    assert not answers(lane, "m3", "10.16.0.1")


def test_public_addresses_reach_every_region(lane):
    assert answers(lane, "m1", "203.0.113.3")
    assert answers(lane, "m3", "203.0.113.1")
    assert greeted(lane, "m1", "203.0.113.1").startswith("SSH-2.0"), "a machine reaches itself by its public address"


def test_who_is_reached_by_a_public_address_sees_the_public_address_of_the_sender(lane):
    m1 = partial(lane.room.enter, "m1")
    assert seen(lane, "m2", m1, "203.0.113.2") == "203.0.113.1"
    assert seen(lane, "m2", m1, "10.16.0.2") == "10.16.0.1"


def test_a_client_outside_is_seen_as_it_is_and_reaches_no_private_address(lane):
    client = lane.room.client("scanner", "198.19.255.20")
    assert seen(lane, "m3", client.run, "203.0.113.3") == "198.19.255.20"
    assert connects(client, "203.0.113.1")
    assert not connects(client, "10.16.0.1")


def test_a_port_that_is_closed_refuses_also_over_udp(lane):
    program = (
        "import socket; s = socket.socket(type=socket.SOCK_DGRAM); s.settimeout(2); "
        "s.connect(('203.0.113.1', 9)); s.send(b'x'); s.recv(1)"
    )
    assert "ConnectionRefusedError" in lane.room.runner.run(["python3", "-c", program]).stderr


def test_a_machine_cannot_speak_for_another(lane):
    lane.room.enter("m1", ["ip", "address", "add", "10.16.0.77/32", "dev", "eth0"])
    done = lane.room.enter("m1", ["ping", "-c", "1", "-W", "1", "-I", "10.16.0.77", "203.0.113.2"])
    lane.room.enter("m1", ["ip", "address", "del", "10.16.0.77/32", "dev", "eth0"])
    assert done.returncode == 1


@pytest.mark.parametrize("address", ["127.0.0.1", "169.254.1.1"])
def test_nothing_of_this_computer_is_reached(lane, address):
    program = f"import socket; socket.create_connection(('{address}', 8480), 1)"
    assert "Error" in lane.room.enter("m1", ["python3", "-c", program]).stderr


def test_no_real_network_is_reached(lane):
    assert not answers(lane, "m1", "192.0.2.200")
    assert connects(lane.room.runner, "203.0.113.1")
    assert not connects(lane.room.runner, "9.9.9.9")


def test_another_public_address_is_the_machines_at_once_and_the_old_one_nobodys(lane):
    lane.room.readdress("m2", "203.0.113.222")
    try:
        assert answers(lane, "m1", "203.0.113.222")
        assert not answers(lane, "m1", "203.0.113.2")
    finally:
        lane.room.readdress("m2", "203.0.113.2")
    assert answers(lane, "m1", "203.0.113.2")


def test_of_two_machines_with_one_address_one_is_reached_and_the_room_goes_on(lane):
    lane.room.readdress("m2", "203.0.113.3")
    try:
        assert lane.ssh("203.0.113.3", "hostname").stdout.strip() in {"machine-2", "machine-3"}
        assert lane.ssh("203.0.113.1", "hostname").stdout.strip() == "machine-1"
    finally:
        lane.room.readdress("m2", "203.0.113.2")
    assert lane.ssh("203.0.113.2", "hostname").stdout.strip() == "machine-2"


def test_two_homes_with_the_same_addresses_do_not_meet(lane, room, keys):
    room.boot(spec(1, keys[1], name="twin"))
    assert lane.ssh("203.0.113.1", "hostname").stdout == "machine-1\n"
    assert lane._replace(room=room).ssh("203.0.113.1", "hostname").stdout == "twin\n"
