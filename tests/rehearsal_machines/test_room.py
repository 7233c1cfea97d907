"""A room's end, and what is left after whoever made it was killed at any point."""

import io
import os
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import pytest

from rehearsal import Rehearsal, RehearsalError
from rehearsal.machines import MachineSpec, Room, image
from rehearsal.machines.testing import spec
from rehearsal.toolchain import progress_for

QUIET = progress_for(io.StringIO())
ROOT = Path(__file__).resolve().parents[2]

BOOT = """
import sys
from pathlib import Path
from rehearsal.machines import Room
from rehearsal.machines.testing import spec
room = Room(Path(sys.argv[1]))
room.open()
room.boot(spec(1))
room.boot(spec(2))
room.client("scanner", "198.19.255.20")
room.stop("m1")
print("all of it", flush=True)
"""


@pytest.mark.engine
def test_a_machine_that_is_stopped_leaves_nothing(room, left):
    room.boot(spec(1))
    before = left(room)
    room.boot(spec(2))
    room.stop("m2")
    assert left(room) == before
    assert not (room.folder.disks / "m2").exists()
    assert [machine.spec.id for machine in room.list() if machine.running] == ["m1"]


@pytest.mark.engine
def test_a_machine_that_was_stopped_boots_anew_with_an_empty_disk_and_another_host_key(room):
    room.boot(spec(1))
    key = room.enter("m1", ["cat", "/etc/ssh/ssh_host_ed25519_key.pub"]).stdout
    room.enter("m1", ["touch", "/srv/mine"])
    room.stop("m1")
    room.boot(spec(1))
    assert room.enter("m1", ["test", "-e", "/srv/mine"]).returncode == 1
    assert room.enter("m1", ["cat", "/etc/ssh/ssh_host_ed25519_key.pub"]).stdout not in {"", key}


@pytest.mark.engine
def test_the_end_leaves_nothing_but_the_disks_and_closing_not_even_those(room, left):
    room.boot(spec(1))
    room.enter("m1", ["sh", "-c", "echo here > /srv/mine"])
    room.client("scanner", "198.19.255.20")
    room.end()
    assert left(room) == []
    room.boot(spec(1))
    assert room.enter("m1", ["cat", "/srv/mine"]).stdout == "here\n"
    room.close()
    assert left(room) == []
    assert list(room.home.iterdir()) == []


@pytest.mark.engine
@pytest.mark.parametrize("seconds", [0.75, 0.95, 1.1, 1.25, 1.5, 2.0, 2.6])
def test_whoever_makes_machines_may_be_killed_at_any_point(room, left, seconds):
    maker = subprocess.Popen(
        [sys.executable, "-c", BOOT, str(room.home)], env={"PYTHONPATH": str(ROOT)}, start_new_session=True
    )
    time.sleep(seconds)
    os.kill(maker.pid, signal.SIGKILL)
    maker.wait()
    room.open()
    known = {machine.spec.id for machine in room.list()}
    spaces = {name for name in room.names.existing() if "-machine-" in name}
    assert spaces <= {room.names.machine(one) for one in known}, "a network without a disk is left"
    room.boot(spec(1))
    assert room.enter("m1", ["hostname"]).stdout == "machine-1\n"
    room.close()
    assert left(room) == []


@pytest.mark.engine
def test_after_a_crash_machines_that_ran_are_found_again_without_a_record(room):
    machine = room.boot(spec(1))
    for record in room.folder.run.iterdir():
        record.unlink()
    assert Room(room.home).list() == (machine,)


@pytest.mark.engine
def test_a_namespace_that_was_interrupted_while_it_was_made_is_made_again(room, left):
    room.open()
    for name in (room.names.machine("m1"), room.names.machine("m2")):
        (Path("/run/netns") / name).touch()
    room.boot(spec(1))
    assert room.enter("m1", ["ip", "-brief", "link", "show", "eth0"]).returncode == 0
    room.open()
    assert room.names.machine("m2") not in left(room)


@pytest.mark.engine
def test_a_machine_that_cannot_boot_is_named_with_the_end_of_its_console(room, tmp_path):
    with pytest.raises(RehearsalError, match=r"machine m1 ended while it booted; the end of .*m1\.log:\n.*mount: "):
        Room(room.home, tmp_path).boot(spec(1))


@pytest.mark.engine
def test_a_machine_whose_root_was_deleted_says_so(room, tmp_path):
    with pytest.raises(RehearsalError, match=r"machine m1 was made on a root that is gone .*no-root.*sophia setup"):
        Room(room.home, tmp_path / "no-root").boot(spec(1))


@pytest.mark.engine
def test_what_is_not_there_is_named(room):
    room.open()
    for act in (partial(room.enter, "m9", ["true"]), partial(room.reboot, "m9"), partial(room.readdress, "m9", "")):
        with pytest.raises(RehearsalError, match=r"m9.*boot it first"):
            act()


@pytest.mark.parametrize("name", ["", "a/b", "..", "ä", "x" * 64])
def test_a_name_that_could_not_be_a_part_of_a_path_is_refused(name):
    with pytest.raises(RehearsalError, match="letters, digits and hyphens"):
        MachineSpec(id=name, name="machine", region="us-east-3", public="203.0.113.1", private="10.16.0.1")


def test_whoever_is_not_root_is_told_before_anything_is_made(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    for act in (Room(tmp_path / "home").open, partial(Rehearsal(stack="dev", home=tmp_path / "home").start, QUIET)):
        with pytest.raises(RehearsalError, match=r"machines need root: .*nothing was made: run it with sudo"):
            act()
    assert list(tmp_path.iterdir()) == []


def test_a_root_that_was_not_made_is_one_clear_error(tmp_path, monkeypatch):
    monkeypatch.setenv("SOPHIA_CACHE", str(tmp_path))
    with pytest.raises(RehearsalError, match=r"\./sophia setup"):
        image.base()
