"""What a machine is said to be, and the programs that it finds."""

import json
from collections.abc import Callable

import pytest

from rehearsal.lambda_cloud.market import capacity, prices
from rehearsal.lambda_cloud.records import Instance, State
from rehearsal.machines import MachineSpec, Room
from rehearsal.machines.machine import Size
from rehearsal.machines.testing import spec
from rehearsal.machines.wanted import wanted

SIZE = Size(architecture="arm64", vcpus=64, memory_mib=442368, disk_gib=4096, gpus=1, gpu="gh200")


def account(instance_type: str) -> State:
    one = Instance(
        id="one",
        type=instance_type,
        region="us-east-3",
        ssh_key_names=(),
        hostname="one",
        launched=0.0,
        active=0.0,
        ip="203.0.113.1",
        ip_known=0.0,
        private_ip="10.16.0.1",
        private_ip_known=0.0,
    )
    return State(prices=prices(), capacity=capacity(), instances={"one": one})


def test_a_machine_of_the_account_is_said_to_be_of_its_instance_type():
    size = wanted(account("gpu_1x_gh200"), set(), light=False)["one"].spec.size
    assert (size.architecture, size.vcpus, size.memory_mib, size.gpus, size.gpu) == ("arm64", 64, 442368, 1, "gh200")
    assert size.nodes == "full"
    assert wanted(account("gpu_1x_gh200"), set(), light=True)["one"].spec.size.nodes == "light"


@pytest.mark.parametrize("size", [Size(), SIZE])
def test_a_machine_is_kept_with_what_it_is_said_to_be(size):
    kept = spec(1, size=size)
    assert MachineSpec.read(kept.text()) == kept


def test_a_machine_that_was_kept_before_machines_had_sizes_is_this_computer():
    kept = json.loads(spec(1).text())
    del kept["size"]
    assert MachineSpec.read(json.dumps(kept)).size == Size()


@pytest.mark.engine
def test_a_machine_reads_what_it_is_said_to_be_and_finds_programs_that_it_cannot_change(
    room: Room, tmp_path, left: Callable[[Room], list[str]]
):
    (tmp_path / "one").write_text("first")
    offering = Room(room.home, programs=tmp_path)
    offering.boot(spec(1, size=SIZE))
    assert json.loads(offering.enter("m1", ["cat", "/etc/rehearsal/machine.json"]).stdout) == json.loads(SIZE.text())
    assert offering.enter("m1", ["cat", "/opt/rehearsal/one"]).stdout == "first"
    assert "Read-only" in offering.enter("m1", ["touch", "/opt/rehearsal/one"]).stderr
    for volume in ("rancher", "kubelet"):
        kind = offering.enter("m1", ["findmnt", "--noheadings", "--output", "FSTYPE", f"/var/lib/{volume}"]).stdout
        assert kind.strip() not in {"", "overlay"}
    room.reboot("m1")
    assert room.enter("m1", ["ls", "/opt/rehearsal"]).stdout == "", "nothing is offered any more"
    room.close()
    assert left(room) == []
    assert (tmp_path / "one").read_text() == "first"


@pytest.mark.engine
def test_a_machine_that_boots_later_finds_what_a_link_leads_to_by_then(room: Room, tmp_path):
    for version in ("old", "new"):
        (tmp_path / version).mkdir()
        (tmp_path / version / "one").write_text(version)
    link = tmp_path / "programs"
    link.symlink_to("old")
    offering = Room(room.home, programs=link)
    offering.boot(spec(1))
    link.unlink()
    link.symlink_to("new")
    offering.boot(spec(2))
    found = [offering.enter(machine, ["cat", "/opt/rehearsal/one"]).stdout for machine in ("m1", "m2")]
    assert found == ["old", "new"]
