"""One machine: what is its own, and what it cannot reach."""

import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pytest

from rehearsal.machines.cgroups import confine
from rehearsal.machines.testing import spec

pytestmark = pytest.mark.engine


def outside(setting: str) -> str:
    return Path("/proc/sys", setting).read_text().strip()


def said(lane: Any, machine_id: str, command: str) -> str:
    done: CompletedProcess[str] = lane.room.enter(machine_id, ["sh", "-c", command])
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_a_machine_runs_systemd_and_everything_of_it_is_up(lane):
    assert said(lane, "m1", "systemctl is-system-running --wait") == "running"
    assert said(lane, "m1", "cat /proc/1/comm") == "systemd"
    assert "Started ssh.service" in said(lane, "m1", "journalctl --boot --no-pager --unit ssh")


def test_a_machine_has_a_name_processes_a_disk_and_an_identity_of_its_own(lane):
    assert [said(lane, one, "hostname") for one in ("m1", "m2")] == ["machine-1", "machine-2"]
    assert len({said(lane, one, "cat /etc/machine-id") for one in ("m1", "m2", "m3")}) == 3
    assert len({said(lane, one, "cat /proc/sys/kernel/random/boot_id") for one in ("m1", "m2", "m3")}) == 3
    assert said(lane, "m1", "ps -C sshd -o pid= | wc -l") == "1", "it sees the servers of other machines"
    said(lane, "m1", "touch /srv/mine")
    assert lane.room.enter("m2", ["test", "-e", "/srv/mine"]).returncode == 1


def test_a_person_logs_in_by_key_and_becomes_root(lane):
    done = lane.ssh("203.0.113.1", "id --user --name && sudo --non-interactive id --user")
    assert done.stdout.split() == ["ubuntu", "0"], done.stderr


def test_nobody_logs_in_with_another_key(lane, tmp_path):
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", tmp_path / "key"], check=True)
    done = lane._replace(key=tmp_path / "key").ssh("203.0.113.1", "true")
    assert "Permission denied" in done.stderr


def test_each_machine_has_an_nftables_of_its_own(lane):
    said(lane, "m1", "nft add table inet mine")
    assert said(lane, "m1", "nft list tables") == "table inet mine"
    assert said(lane, "m2", "nft list tables") == ""
    said(lane, "m1", "nft delete table inet mine")


@pytest.mark.parametrize(
    ("setting", "value"), [("vm/overcommit_memory", "1"), ("kernel/pid_max", "301"), ("fs/file-max", "77777")]
)
def test_a_setting_of_the_kernel_is_set_and_read_in_a_machine_alone(lane, setting, value):
    before, name = outside(setting), setting.replace("/", ".")
    beside = said(lane, "m2", f"cat /proc/sys/{setting}")
    said(lane, "m1", f"sysctl --write {name}={value}")
    assert said(lane, "m1", f"cat /proc/sys/{setting}") == value
    assert outside(setting) == before
    assert said(lane, "m2", f"cat /proc/sys/{setting}") == beside


def test_a_setting_in_a_file_is_applied_whole_by_systemd(lane):
    said(lane, "m2", "echo fs.file-max = 4242 > /etc/sysctl.d/60-test.conf && systemctl restart systemd-sysctl")
    assert said(lane, "m2", "cat /proc/sys/fs/file-max") == "4242", "the end of the longer value before is left"


def test_a_machine_can_neither_set_the_clock_nor_load_modules(lane):
    assert lane.room.enter("m1", ["sh", "-c", 'date --set="@$(date +%s)"']).returncode == 1
    for place in ("/proc/self/status", "/proc/1/status"):
        bounds = int(said(lane, "m1", f"sed -n 's/^CapBnd://p' {place}"), 16)
        assert (bounds >> 25 & 1, bounds >> 16 & 1) == (0, 0), "it may set the clock, or load modules"


def test_a_package_is_installed_upgraded_and_removed_without_a_network(lane):
    said(lane, "m3", "apt-get install --yes --quiet auditd tree rehearsal-sample=1.0")
    assert said(lane, "m3", "systemctl is-active auditd") == "active"
    said(lane, "m3", "apt-get update && apt-get install --yes rehearsal-sample")
    assert said(lane, "m3", "cat /usr/share/rehearsal-sample/version") == "1.1"
    said(lane, "m3", "apt-get purge --yes tree rehearsal-sample")
    assert lane.room.enter("m3", ["tree", "--version"]).returncode == 127


def test_a_machine_may_be_given_less_of_the_processors(lane):
    busy = "import time; end = time.monotonic() + 1.5\nwhile time.monotonic() < end: pass\nprint(time.process_time())"
    confine(lane.room.names.tag, "m2", 0.1)
    try:
        done = lane.ssh("203.0.113.2", f"python3 -c '{busy}'")
        assert float(done.stdout) < 0.5, done.stderr
    finally:
        confine(lane.room.names.tag, "m2", os.cpu_count() or 1)


def test_a_reboot_keeps_the_disk_and_the_host_key(lane):
    key = said(lane, "m2", "cat /etc/ssh/ssh_host_ed25519_key.pub; echo here > /var/lib/mine")
    boot = said(lane, "m2", "cat /proc/sys/kernel/random/boot_id")
    lane.room.reboot("m2")
    assert said(lane, "m2", "cat /etc/ssh/ssh_host_ed25519_key.pub /var/lib/mine") == f"{key}\nhere"
    assert said(lane, "m2", "cat /proc/sys/kernel/random/boot_id") != boot
    assert lane.ssh("203.0.113.2", "hostname").stdout == "machine-2\n"


def test_a_machine_that_ends_itself_takes_nothing_else_along(lane):
    lane.room.enter("m2", ["systemctl", "reboot", "--force", "--force"])
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline and any(one.spec.id == "m2" and one.running for one in lane.room.list()):
        time.sleep(0.1)
    assert {one.spec.id: one.running for one in lane.room.list()} == {"m1": True, "m2": False, "m3": True}
    lane.room.boot(lane.room.list()[1].spec)


def test_five_machines_boot_at_once(room, keys, capsys):
    room.open()
    begun = time.monotonic()
    with ThreadPoolExecutor(5) as pool:
        booted = list(pool.map(lambda number: room.boot(spec(number, keys[1])), range(1, 6)))
    seconds = time.monotonic() - begun
    with capsys.disabled():
        sys.stdout.write(f"\n  five machines boot at once: {seconds:.1f} s\n")
    assert all(machine.running for machine in booted)
    assert seconds < 30, "measured: 3.7 s on two cores that did other work too, 12 s on six times overloaded ones"
