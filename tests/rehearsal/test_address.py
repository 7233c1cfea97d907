"""Every rehearsal has an address of its own, and says who is in its way."""

import ipaddress
import os
import socket
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rehearsal import RehearsalError
from rehearsal.address import address, require_free

PATHS = st.text(min_size=1).map(lambda text: Path("/") / text.replace("\0", ""))


@given(PATHS, st.text())
def test_an_address_is_on_the_loopback_and_away_from_common_ones(home: Path, stack: str) -> None:
    assert ipaddress.ip_address(address(home, stack)) in ipaddress.ip_network("127.64.0.0/10")


@given(PATHS, st.text())
def test_an_address_is_never_a_networks_own_or_its_broadcast(home: Path, stack: str) -> None:
    assert address(home, stack).rpartition(".")[2] not in {"0", "255"}


def test_the_same_rehearsal_has_the_same_address_every_time() -> None:
    assert address(Path("/home/a"), "dev") == "127.106.175.96"


def test_two_stacks_of_a_home_have_two_addresses() -> None:
    home = Path("/home/a")
    assert address(home, "dev") != address(home, "prod")


def test_two_homes_have_two_addresses_for_one_stack() -> None:
    assert address(Path("/home/a"), "dev") != address(Path("/home/b"), "dev")


def test_a_port_in_use_names_address_port_use_holder_and_remedy(tmp_path: Path) -> None:
    here = address(tmp_path, "dev")
    with socket.create_server((here, 0)) as server:
        port = server.getsockname()[1]
        with pytest.raises(RehearsalError) as error:
            require_free(here, {port: "etcd"})
    told = str(error.value)
    assert f"{here}:{port} (etcd) is in use by process {os.getpid()} " in told
    assert "set SOPHIA_HOME" in told


def test_a_listener_on_every_address_is_in_the_way_too(tmp_path: Path) -> None:
    with socket.create_server(("", 0)) as server, pytest.raises(RehearsalError, match=f"process {os.getpid()}"):
        require_free(address(tmp_path, "dev"), {server.getsockname()[1]: "etcd"})


def test_all_ports_in_use_are_told_at_once(tmp_path: Path) -> None:
    here = address(tmp_path, "dev")
    with socket.create_server((here, 0)) as one, socket.create_server((here, 0)) as two:
        ports = {server.getsockname()[1]: "etcd" for server in (one, two)}
        with pytest.raises(RehearsalError) as error:
            require_free(here, ports)
    assert [str(port) in str(error.value) for port in ports] == [True, True]


def test_a_port_that_was_just_given_up_is_free(tmp_path: Path) -> None:
    here = address(tmp_path, "dev")
    with socket.create_server((here, 0)) as server:
        port = server.getsockname()[1]
        with socket.create_connection((here, port)), server.accept()[0]:
            pass
    require_free(here, {port: "etcd"})
