"""The access interface: what is refused before anything is done, and what is read back; all without a host."""

from typing import Any

import pytest

from providers.host.access import declared, mirror
from providers.host.access_inputs import AccessInputs
from providers.host.wireguard import public_key
from providers.kit.checking import check
from providers.kit.shape import shape
from providers.kit.values import UNKNOWN, Values
from tests.host.peers import KeyPair

ANN, BOB = KeyPair.make().public, KeyPair.make().public
PEERS = (
    {"name": "ann", "public_key": ANN, "address": "10.97.0.50"},
    {"name": "bob", "public_key": BOB, "address": "10.97.0.51", "expires": "2027-01-01T00:00:00Z"},
)
BEFORE, AFTER = 1_798_761_599, 1_798_761_600
GIVEN = {"host": "m1", "address": "10.97.0.1/24", "peers": list(PEERS)}


def failures(**changes: Any) -> dict[str, str]:
    """Return what the engine is told, by property."""
    given = {"host": "m1", "address": "10.97.0.1/24", "peers": [], **changes}
    return {one.property: one.reason for one in check(shape(AccessInputs), Values(given)).failures}


def one(**changes: Any) -> dict[str, Any]:
    return {"peers": [{"name": "ann", "publicKey": ANN, "address": "10.97.0.50", **changes}]}


def two(**changes: Any) -> dict[str, Any]:
    bob = {"name": "bob", "publicKey": BOB, "address": "10.97.0.51", **changes}
    return {"peers": [*one()["peers"], bob]}


@pytest.mark.parametrize(
    ("changes", "path", "said"),
    [
        (
            {"address": "10.97.0.1"},
            "address",
            "'10.97.0.1' is no address of an interface; write an address and its netw",
        ),
        ({"address": "fd00::1/64"}, "address", "'fd00::1/64' is no address of an interface; write"),
        ({"address": "10.97.0.0/24"}, "address", "names the network itself, not a host in it"),
        ({"address": "10.97.0.1/33"}, "address", "is no address of an interface"),
        ({"port": 51820}, "port", "51820 is the port of the pods' own mesh; take another, such as 51822"),
        ({"port": 0}, "port", "greater than or equal to 1"),
        ({"interface": "a" * 16}, "interface", "pattern"),
        (one(publicKey="short"), "peers[0].publicKey", "no WireGuard public key: give the 44 characters"),
        (one(address="10.98.0.50"), "", "ann has 10.98.0.50, where no answer goes; give it an address of 10.97.0.0/24"),
        (one(address="10.97.0.255"), "", "ann has 10.97.0.255, where no answer goes"),
        (one(address="10.97.0.1"), "", "ann has 10.97.0.1, the host's own address"),
        (one(address="10.97.0.50/32"), "peers[0].address", "is no IPv4 address"),
        (one(expires="2027-01-01"), "peers[0].expires", "does not say its time zone"),
        (two(name="ann"), "peers", "peers ann and ann have the same name, ann; give each its own"),
        (two(publicKey=ANN), "peers", "peers ann and bob have the same public key"),
        (two(address="10.97.0.50"), "peers", "peers ann and bob have the same address, 10.97.0.50"),
        ({"unpersisted": ["x"]}, "", "only a reading fills it"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_its_path(changes, path, said):
    assert said in failures(**changes)[path]


def test_what_is_not_known_yet_refuses_nothing():
    assert failures(address=UNKNOWN, **two()) == {}


def test_a_text_that_is_no_public_key_is_not_repeated():
    with pytest.raises(ValueError, match="44 characters") as refused:
        public_key("c2VjcmV0IGFuZCB3cm9uZyBwbGFjZQ==")
    assert "c2Vj" not in str(refused.value)


@pytest.mark.parametrize(
    "text",
    ["", "A" * 43 + "=", ANN[:-1], ANN + "=", "!" + ANN[1:], ANN[:-2] + "/="],
    ids=["empty", "zeros", "short", "long", "no base64", "loose bits"],
)
def test_a_public_key_is_32_bytes_in_their_one_spelling(text):
    with pytest.raises(ValueError, match="no WireGuard public key"):
        public_key(text)


def answer(**changes: Any) -> dict[str, Any]:
    """Return what a host says that is as declared."""
    peers = {ANN: ["10.97.0.50/32"], BOB: ["10.97.0.51/32"]}
    said = {"now": BEFORE, "addresses": ["10.97.0.1/24"], "port": 51822, "peers": peers, "unpersisted": []}
    return {**said, **changes}


def found(**changes: Any) -> dict[str, Any]:
    """Return what differs from the declaration where the host says something else."""
    inputs = AccessInputs.model_validate(GIVEN)
    seen = mirror(inputs, answer(**changes))
    return {
        name: getattr(seen, name) for name in type(seen).model_fields if getattr(seen, name) != getattr(inputs, name)
    }


def test_a_host_that_is_as_declared_differs_in_nothing():
    assert found() == {}


def test_a_peer_that_has_expired_and_is_gone_differs_in_nothing():
    assert found(now=AFTER, peers={ANN: ["10.97.0.50/32"]}) == {}


def test_a_peer_that_has_expired_and_is_there_still_is_told():
    (_, bob) = found(now=AFTER)["peers"]
    assert bob.expires == "2027-01-01T00:00:00Z, and still admitted"


def test_peers_that_are_gone_changed_or_strange_are_told():
    strange = KeyPair.make().public
    peers = found(peers={ANN: ["10.97.0.50/32", "10.0.0.0/8"], strange: ["10.97.0.77/32"]})["peers"]
    told = [(peer.name, peer.public_key, peer.address) for peer in peers]
    assert told == [("ann", ANN, "10.97.0.50/32, 10.0.0.0/8"), ("", strange, "10.97.0.77/32")]


def test_an_interface_that_is_down_is_told():
    assert found(addresses=[], port=0, peers={}) == {"address": "", "port": 0, "peers": ()}


def test_what_a_reading_found_and_a_state_recorded_can_be_read_again():
    inputs = AccessInputs.model_validate(GIVEN)
    strange = mirror(inputs, answer(now=AFTER, peers={**answer()["peers"], "AAAA": ["0.0.0.0/0"]}))
    recorded = shape(AccessInputs).lenient(shape(AccessInputs).dump(strange))
    assert isinstance(recorded, AccessInputs)
    assert [peer.name for peer in declared(recorded).peers] == ["ann"]
