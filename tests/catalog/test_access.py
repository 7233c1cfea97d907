"""Who may reach the hosts: addresses that are one holder's, peers that end, networks that break the glass."""

from base64 import b64encode
from collections.abc import Iterable
from datetime import UTC, datetime
from ipaddress import IPv4Address, IPv4Network
from typing import Any

import pytest

from catalog import Catalog, CatalogError, Offence, Stack
from catalog.access import BreakGlass, Peer

ACCESS, MACHINES, FIREWALL = "catalog/access.yaml", "catalog/machines.yaml", "catalog/firewall.yaml"
KEY, OTHER_KEY = (b64encode(bytes([number]) * 32).decode() for number in (1, 2))
ADA = {"role": "person", "owner": "ada", "address": "10.97.0.130", "public_key": KEY, "expires": "2027-03-31"}
ENTRY = {"cidr": "203.0.113.7/32", "reason": "locked out", "owner": "ada", "expires": "2026-12-01T12:00:00+01:00"}


def summary(offences: Iterable[Offence]) -> list[tuple[str, str]]:
    return sorted((offence.path, offence.value) for offence in offences)


def choose(committed: Catalog, **choice: Any) -> Stack:
    return committed.stack("dev", machines=["sophia-development"], image_lock="rehearsal", **choice)


def entry(**changes: str) -> BreakGlass:
    return BreakGlass.model_validate({**ENTRY, **changes})


def test_every_machine_and_peer_has_an_address_of_its_own_in_the_network(committed: Catalog) -> None:
    held = [machine.access_address for machine in committed.machines.values()]
    held += [peer.address for peer in committed.access.peers.values()]
    network = IPv4Network(committed.access.network)
    assert len(set(held)) == len(held)
    assert all(IPv4Address(address) in network for address in held)


def test_the_access_interface_listens_where_the_firewall_table_says(committed: Catalog) -> None:
    row = committed.firewall.ports["access"]
    assert (committed.firewall.access_port, row.protocol, row.sources) == (51822, "udp", ("world",))


def test_no_key_of_a_person_is_committed(committed: Catalog) -> None:
    assert {name: peer.role for name, peer in committed.access.peers.items()} == {"ci": "ci"}


@pytest.mark.parametrize("holder", ["10.97.0.1", "10.97.0.250"])
def test_an_access_address_is_one_hosts_or_one_peers(broken, holder):
    offences = broken({"machines.yaml": {"sophia-development": {"access_address": holder}}})
    claims = [path for path, value in summary(offences) if value == holder]
    assert f"{MACHINES}: sophia-development.access_address" in claims
    assert len(claims) == len(offences) == 2, "both who claim it are named, once each"


@pytest.mark.parametrize("address", ["10.98.0.5", "10.97.0.0", "10.97.0.255", "192.0.2.1"])
def test_an_access_address_outside_of_the_network_is_refused_with_a_free_one(broken, address):
    (offence,) = broken({"machines.yaml": {"sophia-development": {"access_address": address}}})
    assert (offence.path, offence.value) == (f"{MACHINES}: sophia-development.access_address", address)
    assert "10.97.0.5" in offence.remedy, "the first that nobody has"


def test_a_machine_without_an_access_address_is_refused(broken):
    offences = broken({"machines.yaml": {"sophia-development": {"access_address": None}}})
    assert f"{MACHINES}: sophia-development.access_address" in {path for path, _ in summary(offences)}


@pytest.mark.parametrize("taken", ["10.42.7.0/24", "10.43.0.0/16"])
def test_the_network_is_apart_from_pods_and_services(broken, taken):
    offences = broken({"access.yaml": {"network": taken}})
    assert (f"{ACCESS}: network", taken) in summary(offences)


def test_a_network_so_wide_that_nobody_could_look_through_it_is_refused(broken):
    (offence,) = broken({"access.yaml": {"network": "10.0.0.0/8"}})
    assert offence.path == f"{ACCESS}: network"


@pytest.mark.parametrize("text", ["2001:db8::/64", "10.97.0.1/24", "somewhere"])
def test_what_is_no_ipv4_network_is_an_offence_and_no_crash(broken, text):
    offences = broken({"access.yaml": {"network": text, "break_glass": [{**ENTRY, "cidr": text}]}})
    assert {path for path, _ in summary(offences)} == {f"{ACCESS}: break_glass[0].cidr", f"{ACCESS}: network"}


def test_a_person_has_a_key_and_an_end(broken):
    bare = {"role": "person", "owner": "ada", "address": "10.97.0.130"}
    assert summary(broken({"access.yaml": {"peers": {"ada": bare}}})) == [
        (f"{ACCESS}: peers.ada.expires", "absent"),
        (f"{ACCESS}: peers.ada.public_key", "absent"),
    ]


def test_the_key_of_ci_comes_with_the_configuration_and_does_not_end(broken):
    offences = broken({"access.yaml": {"peers": {"ci": {"public_key": KEY, "expires": "2027-01-01"}}}})
    assert summary(offences) == [
        (f"{ACCESS}: peers.ci.expires", "stated"),
        (f"{ACCESS}: peers.ci.public_key", "stated"),
    ]


@pytest.mark.parametrize("text", ["ssh-ed25519 AAAA", KEY[:-4], KEY + "A", "*" * 44])
def test_a_peers_key_has_wireguards_form(broken, text):
    (offence,) = broken({"access.yaml": {"peers": {"ada": {**ADA, "public_key": text}}}})
    assert offence.path == f"{ACCESS}: peers.ada.public_key"
    assert "wg pubkey" in offence.rule


def test_two_peers_with_one_key_are_refused(broken):
    bob = {**ADA, "owner": "bob", "address": "10.97.0.131"}
    offences = broken({"access.yaml": {"peers": {"ada": ADA, "bob": bob}}})
    assert [path for path, _ in summary(offences)] == [f"{ACCESS}: peers.{n}.public_key" for n in ("ada", "bob")]


def test_networks_that_break_the_glass_do_not_overlap_and_are_narrow(broken):
    entries = [ENTRY, {**ENTRY, "cidr": "203.0.113.0/28"}, {**ENTRY, "cidr": "198.51.0.0/16"}]
    offences = broken({"access.yaml": {"break_glass": entries}})
    assert {value for _, value in summary(offences)} == {"203.0.113.7/32", "198.51.0.0/16"}


@pytest.mark.parametrize("field", ["reason", "owner", "expires"])
def test_what_breaks_the_glass_says_why_for_whom_and_until_when(broken, field):
    bare = {key: value for key, value in ENTRY.items() if key != field}
    (offence,) = broken({"access.yaml": {"break_glass": [bare]}})
    assert offence.path == f"{ACCESS}: break_glass[0].{field}"


def test_an_expiry_names_its_time_zone(broken):
    (offence,) = broken({"access.yaml": {"break_glass": [{**ENTRY, "expires": "2026-12-01T12:00:00"}]}})
    assert offence.path == f"{ACCESS}: break_glass[0].expires"


def test_the_configurations_entries_are_held_against_the_catalogs(committed: Catalog) -> None:
    twice = (entry(), entry(cidr="203.0.113.0/29"))
    with pytest.raises(CatalogError) as error:
        choose(committed, break_glass=twice)
    assert {offence.path for offence in error.value.offences} == {"Pulumi.dev.yaml: sophia:break_glass"}


def test_moments_have_one_spelling_in_utc() -> None:
    assert entry().expires_at == "2026-12-01T11:00:00Z"
    assert Peer.model_validate(ADA).expires_at == "2027-03-31T00:00:00Z", "it may not come in on that day any more"


def test_ci_comes_in_with_the_key_of_the_configuration_and_not_without_one(committed: Catalog) -> None:
    assert choose(committed, access_ci_public_key=KEY).access.peers["ci"].public_key == KEY
    assert choose(committed).access.peers == {}


def test_a_stack_that_nobody_could_enter_is_refused(committed: Catalog) -> None:
    with pytest.raises(CatalogError) as error:
        choose(committed, adopt={})
    assert summary(error.value.offences) == [("Pulumi.dev.yaml: sophia:access_ci_public_key", "absent")]


def test_what_is_no_key_cannot_be_cis(committed: Catalog) -> None:
    with pytest.raises(CatalogError) as error:
        choose(committed, adopt={}, access_ci_public_key="no key at all")
    (offence,) = error.value.offences
    assert offence.path == "Pulumi.dev.yaml: sophia:access_ci_public_key"
    assert "no key at all" not in str(error.value), "it may be a private key that was pasted in the wrong place"


def test_what_has_expired_is_told_by_a_clock_that_is_handed_in(edited) -> None:
    from catalog import load  # noqa: PLC0415 - of the copy

    peers = {"ada": ADA, "bob": {**ADA, "address": "10.97.0.131", "public_key": OTHER_KEY, "expires": "2027-04-01"}}
    access = load(edited({"access.yaml": {"peers": peers, "break_glass": [ENTRY]}})).access
    assert access.expired(datetime(2026, 12, 1, 10, 59, tzinfo=UTC)) == ()
    assert access.expired(datetime(2026, 12, 1, 11, 0, tzinfo=UTC)) == ("break_glass 203.0.113.7/32 (ada)",)
    assert access.expired(datetime(2027, 3, 31, tzinfo=UTC)) == ("peer ada (ada)", "break_glass 203.0.113.7/32 (ada)")


def test_ways_in_cannot_be_left_out_of_the_table(broken):
    def without(tree: dict[str, Any]) -> None:
        del tree["ports"]["ssh"], tree["ports"]["access"]

    assert summary(broken({"firewall.yaml": without})) == [
        (f"{FIREWALL}: ports.access", "absent"),
        (f"{FIREWALL}: ports.ssh", "absent"),
    ]


def test_the_mesh_of_the_table_is_one_it_describes(broken):
    (offence,) = broken({"firewall.yaml": {"mesh": "vxlan"}})
    assert (offence.path, offence.value) == (f"{FIREWALL}: mesh", "vxlan")
    assert "wireguard-native" in offence.remedy


def test_lambda_opens_what_the_world_may_reach_and_what_breaks_the_glass(committed: Catalog) -> None:
    rules = {part: committed.firewall.ruleset(part, [entry()]) for part in ("server", "agent")}
    ssh = {(r.protocol, r.port, r.source) for r in rules["agent"]} - {
        (r.protocol, r.port, r.source) for r in committed.firewall.ruleset("agent")
    }
    assert ssh == {("tcp", 22, "203.0.113.7/32")}
    assert {r.port for r in rules["server"] if r.source == "203.0.113.7/32"} == {22, 6443}


def test_without_an_entry_lambda_opens_neither_ssh_nor_the_kubernetes_api(committed: Catalog) -> None:
    ports = {rule.port for part in ("server", "agent") for rule in committed.firewall.ruleset(part)}
    assert ports == {None, 80, 443, 51822}


def test_a_hosts_rows_are_those_of_its_part_and_mesh(committed: Catalog) -> None:
    everywhere = {"ping", "access", "ssh", "kubelet", "mesh"}
    assert {*committed.firewall.rows("agent")} == everywhere
    assert {*committed.firewall.rows("server")} == {*everywhere, "http", "https", "kubernetes-api"}
