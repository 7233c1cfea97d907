"""Kernel parameters on a real machine: set now and for the next boot, read back by name, mended."""

import secrets

import pytest

from providers.host.remote import sysctl
from providers.kit.testing import PluginError

SYN, FORWARD, RMEM = "net.ipv4.tcp_syn_retries", "net.ipv4.ip_forward", "net.ipv4.tcp_rmem"


@pytest.fixture
def name(machine):
    """A name that no file has yet; nothing of it is left."""
    one = f"test-{secrets.token_hex(4)}"
    yield one
    machine.run(f"rm -f /etc/sysctl.d/60-{one}.conf; sysctl -q -w {SYN}=6 {FORWARD}=0")


def running(machine, key: str) -> str:
    text: str = machine.run(f"sysctl -n {key}").strip()
    return text


def test_a_key_is_where_sysctl_has_it():
    assert str(sysctl.parameter("net.ipv4.conf.eth0/7.rp_filter")) == "/proc/sys/net/ipv4/conf/eth0.7/rp_filter"
    assert str(sysctl.parameter("net/ipv4/conf/eth0.7/rp_filter")) == "/proc/sys/net/ipv4/conf/eth0.7/rp_filter"


@pytest.mark.engine
def test_parameters_are_set_now_and_for_the_next_boot(life, machine, name):
    state = life.make("Sysctl", {"name": name, "values": {SYN: "3", FORWARD: "1", RMEM: "4096  131072   6291456"}})
    assert (running(machine, SYN), running(machine, FORWARD)) == ("3", "1")
    machine.run(f"sysctl -q -w {SYN}=6; sysctl -q -p /etc/sysctl.d/60-{name}.conf")
    assert running(machine, SYN) == "3"
    assert life.drift("Sysctl", state) == {}


@pytest.mark.engine
@pytest.mark.parametrize(
    ("change", "key", "actual"),
    [
        (f"sysctl -w {SYN}=9", SYN, "9 (file: 3)"),
        (f"sed -i s/{SYN}.*/{SYN}=9/ /etc/sysctl.d/60-{{}}.conf", SYN, "3 (file: 9)"),
        ("rm /etc/sysctl.d/60-{}.conf", FORWARD, "1 (file: absent)"),
        ("echo net.ipv4.tcp_ecn=2 >> /etc/sysctl.d/60-{}.conf", "net.ipv4.tcp_ecn", "2"),
    ],
)
def test_what_somebody_changed_is_named_with_its_value_and_mended(life, name, change, key, actual):
    state = life.make("Sysctl", {"name": name, "values": {SYN: "3", FORWARD: "1"}})
    life.machine.run(change.format(name))
    found = life.read("Sysctl", state)
    assert found.outputs["values"][key] == actual
    assert f'values["{key}"]' in life.differences("Sysctl", found, state.inputs)
    life.mend("Sysctl", state)


@pytest.mark.engine
@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({SYN: "3", "net.ipv4.nobody_has_it": "1"}, "the kernel has no net.ipv4.nobody_has_it"),
        ({SYN: "3", "net.ipv4.tcp_retries1": "no number"}, "net.ipv4.tcp_retries1 = no number: Invalid argument"),
    ],
)
def test_a_parameter_that_cannot_be_set_leaves_all_as_they_were(life, machine, name, values, told):
    with pytest.raises(PluginError, match=rf"writing /etc/sysctl.d/60-{name}.conf: {told}; nothing was set"):
        life.make("Sysctl", {"name": name, "values": values})
    assert running(machine, SYN) == "6"
    assert machine.run(f"ls /etc/sysctl.d/60-{name}.conf 2>/dev/null || true") == ""


@pytest.mark.engine
def test_deleting_removes_the_file(life, machine, name):
    state = life.make("Sysctl", {"name": name, "values": {SYN: "3"}})
    life.plugin.delete("Sysctl", state.id, state.outputs)
    assert machine.run(f"ls /etc/sysctl.d/60-{name}.conf 2>/dev/null || true") == ""
