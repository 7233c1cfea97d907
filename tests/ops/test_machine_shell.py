"""By hand on a machine of the rehearsal."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from ops.error import InputError
from ops.exit_code import ExitCode
from ops.machine_shell import chosen
from rehearsal.machines import Machine, MachineSpec, Room
from rehearsal.machines.testing import spec, temporary_room

ROOT = Path(__file__).resolve().parents[2]


def machine(machine_id: str, name: str, *, running: bool = True) -> Machine:
    given = MachineSpec(id=machine_id, name=name, region="us-east-3", public="203.0.113.1", private="10.16.0.1")
    return Machine(given, 1 if running else None)


MACHINES = [machine("1", "core"), machine("2", "agent"), machine("3", "agent"), machine("4", "off", running=False)]


def test_a_machine_is_chosen_by_its_name_or_its_id():
    assert chosen("core", MACHINES, {}) == "1"
    assert chosen("3", MACHINES, {}) == "3"


def test_the_accounts_name_of_a_machine_counts_and_not_what_it_calls_itself():
    assert chosen("sophia-ai-core", MACHINES, {"1": "sophia-ai-core"}) == "1"
    with pytest.raises(InputError, match="choose one of: agent, agent, sophia-ai-core"):
        chosen("core", MACHINES, {"1": "sophia-ai-core"})


def test_of_two_with_one_name_the_ids_are_told():
    with pytest.raises(InputError, match=r"agent: 2 machines have that name; choose by id: 2, 3"):
        chosen("agent", MACHINES, {})


@pytest.mark.parametrize("name", ["off", "nowhere"])
def test_of_one_that_does_not_run_the_others_are_told(name):
    with pytest.raises(InputError, match=r"choose one of: agent, agent, core"):
        chosen(name, MACHINES, {})


def test_without_any_machine_the_command_that_makes_some_is_told():
    with pytest.raises(InputError, match=r"run `\./sophia up dev` first"):
        chosen("core", [], {})


@pytest.fixture(scope="module")
def room() -> Iterator[Room]:
    with temporary_room() as opened:
        opened.boot(spec(1, name="by-hand"))
        yield opened


def sophia(room: Room, *words: str, text: str = "") -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "SOPHIA_HOME": str(room.home)}
    words = (str(ROOT / "sophia"), "machines", "shell", *words)
    return subprocess.run(words, input=text, env=environment, capture_output=True, text=True, check=False, timeout=60)


@pytest.mark.engine
def test_a_command_runs_as_root_on_the_machine_with_its_streams_and_exit_code(room):
    done = sophia(room, "by-hand", "--", "sh", "-c", "hostname; id -u; cat; echo amiss >&2; exit 7", text="given")
    assert (done.returncode, done.stdout, done.stderr) == (7, "by-hand\n0\ngiven", "amiss\n")


@pytest.mark.engine
def test_an_option_of_the_command_is_not_taken_for_one_of_the_verb(room):
    assert sophia(room, "by-hand", "--", "uname", "--help").stdout.startswith("Usage: uname")


@pytest.mark.engine
def test_without_a_command_a_shell_reads_what_it_is_given(room):
    done = sophia(room, "m1", text="hostname\nexit 3\n")
    assert (done.returncode, done.stdout) == (3, "by-hand\n")


@pytest.mark.engine
def test_an_unknown_machine_leaves_with_2(room):
    done = sophia(room, "nowhere", "--", "true")
    assert (done.returncode, done.stdout) == (ExitCode.BAD_INPUT, "")
    assert "choose one of: by-hand" in done.stderr
