"""The access interface of a real machine: packets, peers that expire, drift by name, changes that undo themselves."""

import base64
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest

from providers.host.access import Access
from providers.host.access_inputs import AccessInputs
from providers.kit import ProviderError
from providers.kit.testing import PluginError, State
from rehearsal.machines import Client
from rehearsal.machines.within import within
from rehearsal.waiting import until
from tests.host.direct import OPERATION, directly
from tests.host.ground import ADDRESS, FRIEND, Ground, configured, peer, public_key, soon
from tests.host.life import Life
from tests.host.peers import KeyPair, joined

pytestmark = pytest.mark.engine

ANN, BOB, CI = KeyPair.make(), KeyPair.make(), KeyPair.make()
PEERS = (peer(ANN), peer(BOB, "bob", "10.97.0.51"))
SHOWN = "wg show access | sort; systemctl show -P ActiveEnterTimestamp wg-quick@access"
ANY_KEY = base64.b64encode(b"k" * 32).decode()


@dataclass(frozen=True)
class Reached(Ground):
    """A machine with an access interface, which each test leaves as it was."""

    life: Life
    state: State


@pytest.fixture(scope="module")
def reached(process, room, boot, keys):
    ground = Ground(configured(process, room, keys[0]), room, boot())
    life = ground.meet()
    yield Reached(ground.plugin, room, ground.machine, life, life.make("Access", ground.access(*PEERS)))
    room.stop(ground.machine.id)


@pytest.fixture
def bare(process, room, keys, fresh):
    """A machine of its own for a test."""
    return Ground(configured(process, room, keys[0]), room, fresh)


@contextmanager
def coming_in(ground: Ground, state: State, keys: KeyPair, address: str, *, port: int = 51822) -> Iterator[Client]:
    """Let a friend outside come in as a peer."""
    friend = ground.room.client("friend", FRIEND)
    endpoint = f"{ground.machine.address}:{port}"
    with joined(ground.room, friend, keys, address=address, host_key=public_key(state), endpoint=endpoint):
        yield friend


def banner(place: Client, address: str = ADDRESS, seconds: float = 3) -> bytes:
    """Return how SSH greets somebody there; empty where it does not answer."""

    def greeting() -> bytes:
        try:
            with socket.create_connection((address, 22), timeout=seconds) as connection:
                return connection.recv(4)
        except OSError:
            return b""

    return within(place.namespace, greeting)


def test_nothing_differs_after_a_refresh_and_a_second_up_changes_nothing(reached):
    before = reached.machine.run(SHOWN)
    assert reached.life.drift("Access", reached.state) == {}
    reached.life.mend("Access", reached.state)
    assert reached.machine.run(SHOWN) == before


def test_packets_of_a_peer_come_in_and_those_of_nobody_else(reached):
    with coming_in(reached, reached.state, ANN, "10.97.0.50") as friend:
        assert banner(friend) == b"SSH-"
    with coming_in(reached, reached.state, CI, "10.97.0.50") as stranger:
        assert banner(stranger, seconds=1.5) == b""


PEERS_CHANGED = {
    f"wg set access peer {BOB.public} allowed-ips 10.97.0.51/32,10.0.0.0/8": "'10.97.0.51/32, 10.0.0.0/8'",
    f"wg set access peer {ANN.public} remove": "",
    f"wg set access peer {ANY_KEY} allowed-ips 10.97.0.99/32": ANY_KEY,
    "wg set access listen-port 51833": "51833",
    "ip address add 10.55.0.1/24 dev access": "10.97.0.1/24, 10.55.0.1/24",
}
FILES = {
    "systemctl disable -q wg-quick@access": "wg-quick@access.service is not enabled",
    "systemctl stop sophia-access.timer": "sophia-access.timer is not active",
    "echo >> /etc/wireguard/access.conf": "/etc/wireguard/access.conf was changed",
    "rm /etc/wireguard/access.peers": "/etc/wireguard/access.peers is missing",
    "rm /etc/wireguard/access.key": "/etc/wireguard/access.key is missing",
    "echo >> /usr/local/libexec/sophia-access": "/usr/local/libexec/sophia-access was changed",
}
MODE = {"chmod 644 /etc/wireguard/access.key": "/etc/wireguard/access.key is open to others"}
DOWN = {"ip link delete access": "'address': ''"}
STOPPED = {"systemctl stop wg-quick@access": "'address': ''"}


@pytest.mark.parametrize(
    ("changes", "fields"),
    [
        (PEERS_CHANGED, {"peers", "port", "address"}),
        (FILES, {"unpersisted"}),
        (MODE, {"unpersisted"}),
        (DOWN, {"peers", "port", "address"}),
        (STOPPED, {"peers", "port", "address"}),
    ],
    ids=["on the interface", "for the next boot", "mode of the key", "interface deleted", "unit stopped"],
)
def test_whatever_somebody_changed_is_named_and_mended_with_the_same_key(reached, changes, fields):
    life, state = reached.life, reached.state
    for change in changes:
        reached.machine.run(change)
    found = life.read("Access", state)
    assert {path.partition("[")[0] for path in life.differences("Access", found, state.inputs)} == fields
    told = str(found.outputs)
    assert [said for said in changes.values() if said not in told] == []
    assert public_key(life.mend("Access", state)) == public_key(state)


def test_a_change_of_peers_cuts_nobody_elses_session(reached):
    life, state = reached.life, reached.state
    with coming_in(reached, state, ANN, "10.97.0.50") as friend:
        connection = within(friend.namespace, lambda: socket.create_connection((ADDRESS, 22), timeout=3))
        with connection:
            assert connection.recv(4) == b"SSH-"
            before = reached.machine.run("wg show access latest-handshakes").splitlines()
            after = life.up("Access", state, {**state.inputs, "peers": [peer(ANN), peer(CI, "ci", "10.97.0.52")]})
            assert life.drift("Access", after) == {}
            shown = reached.machine.run("wg show access latest-handshakes")
            assert next(line for line in before if ANN.public in line) in shown
            assert CI.public in shown
            assert BOB.public not in shown
            connection.sendall(b"nonsense\r\n")
            assert connection.recv(100)
    life.mend("Access", state)


def test_address_and_port_change_in_place(reached):
    life, state = reached.life, reached.state
    started = "systemctl show -P ActiveEnterTimestamp wg-quick@access"
    before = reached.machine.run(started)
    moved = life.up("Access", state, {**state.inputs, "address": "10.97.0.2/24", "port": 51833})
    assert life.drift("Access", moved) == {}
    assert reached.machine.run(started) == before
    with coming_in(reached, state, ANN, "10.97.0.50", port=51833) as friend:
        friend.run(["ip", "route", "replace", "10.97.0.2", "dev", "access"])
    life.mend("Access", state)


def test_a_network_that_another_interface_is_in_is_refused_with_nothing_changed(reached):
    life, state = reached.life, reached.state
    with pytest.raises(PluginError, match=r"10\.16\.0\.0/24 overlaps 10\.16\.0\.\d+/32 of eth0; nothing was changed"):
        life.up("Access", state, {**state.inputs, "address": "10.16.0.250/24", "peers": []})
    assert life.drift("Access", state) == {}


def test_a_peer_that_expires_loses_its_way_in_and_stays_out_after_a_reboot(bare):
    seconds = 15
    end = time.monotonic() + seconds
    life = bare.meet()
    expiring = peer(BOB, "bob", "10.97.0.51", expires=soon(seconds))
    state = life.make("Access", bare.access(peer(ANN), expiring))
    with coming_in(bare, state, BOB, "10.97.0.51") as friend:
        assert banner(friend) == b"SSH-"
        time.sleep(max(0.0, end - time.monotonic()))
        until(
            lambda: BOB.public not in bare.machine.run("wg show access peers") or None,
            seconds=15,
            failure=lambda: "bob is admitted 15 s after he expired",
        )
        assert banner(friend, seconds=1.5) == b""
    assert life.drift("Access", state) == {}
    bare.room.reboot(bare.machine.id)
    bare.inside(["systemctl", "is-system-running", "--wait"])
    assert bare.machine.run("wg show access peers") == f"{ANN.public}\n"
    assert bare.meet().drift("Access", state) == {}
    with coming_in(bare, state, ANN, "10.97.0.50") as friend:
        assert banner(friend) == b"SSH-"


@pytest.mark.parametrize("guarded", [True, False], ids=["with the guard", "without the guard"])
def test_a_list_without_the_peer_that_we_come_in_as_holds_nowhere(bare, keys, guarded):
    life = bare.meet()
    state = life.make("Access", bare.access(peer(ANN), peer(CI, "ci", "10.97.0.9")))

    async def without_us(hosts, connection):
        given = {**bare.access(peer(ANN)), "host": "m", "connection": connection}
        await Access(hosts, guarded=guarded).create(AccessInputs.model_validate(given), OPERATION)

    endpoint = f"{bare.machine.address}:51822"
    runner = bare.room.runner
    with joined(bare.room, runner, CI, address="10.97.0.9", host_key=public_key(state), endpoint=endpoint):
        said = "comes in as the peer 10.97.0.9.*nothing was changed" if guarded else "host rolled back by itself"
        with pytest.raises(ProviderError, match=said):
            directly(bare.room, keys[0], ADDRESS, without_us)
        assert banner(runner) == b"SSH-"
    assert life.drift("Access", state) == {}


def test_the_private_key_never_leaves_the_host_and_stands_in_no_argument_or_log(bare):
    watch = "while :; do cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\\0' ' '; sleep 0.005; done > /run/arguments"
    bare.machine.run(f"systemd-run --quiet --unit=test-arguments /bin/sh -c {watch!r}")
    life = bare.meet()
    state = life.make("Access", bare.access(peer(ANN)))
    bare.machine.run("wg set access peer $(wg pubkey < /etc/wireguard/access.key) remove; rm /etc/wireguard/access.key")
    mended = life.mend("Access", state)
    bare.machine.run("systemctl stop test-arguments")
    (key,) = bare.machine.run("cat /etc/wireguard/access.key").split()
    assert public_key(mended) == public_key(state)
    seen = bare.machine.run(
        "cat /run/arguments; journalctl --no-pager; cat /var/log/*log; cat /run/sophia/*/* 2>/dev/null; true"
    )
    told = f"{seen}{life.plugin.printed}{state}{mended}{life.read('Access', state)}"
    assert "wg-quick" in seen
    assert "sophia-access" in seen
    assert key not in told
    modes = bare.machine.run("stat -c '%a %U %n' /etc/wireguard/access.key /etc/wireguard/access.conf")
    assert modes == "600 root /etc/wireguard/access.key\n600 root /etc/wireguard/access.conf\n"


def test_deleting_it_leaves_nothing_of_it(bare):
    life = bare.meet()
    state = life.make("Access", bare.access(peer(ANN)))
    life.plugin.delete("Access", state.id, state.outputs)
    left = "ls /etc/wireguard /usr/local/libexec; ip link show access 2>&1; systemctl list-units --all 'sophia*' 'wg*'"
    seen: Any = bare.machine.run(f"{left} || true")
    assert "access." not in seen.replace('Device "access"', "")
    assert "sophia-access" not in seen
    life.plugin.delete("Access", state.id, state.outputs)
