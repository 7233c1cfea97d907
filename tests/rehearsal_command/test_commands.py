"""Commands are run when the real plugin would run them, with what it gives them, and on the pinned host alone."""

import time

import pytest

from providers.kit.testing import UNKNOWN, PluginError, Secret
from rehearsal.machines.testing import key_pair
from tests.rehearsal_command.conftest import LOCAL, REMOTE


def test_a_command_is_run_on_the_host_and_says_what_it_said(there, remote):
    made = there.create(REMOTE, remote(create="echo $(whoami) on $(hostname); echo aside >&2"))
    assert (made.outputs["stdout"], made.outputs["stderr"]) == ("ubuntu on machine-1", "aside")
    assert made.id.startswith("sample")


def test_a_program_comes_by_standard_input_and_stands_in_no_command_line(there, remote, machine):
    program = 'tr "\\0" " " < /proc/$$/cmdline; echo; echo "$1"; cat /etc/shadow | wc -l'
    made = there.create(REMOTE, remote(create="sudo -n /bin/sh -s -- word", stdin=program))
    line, word, lines = made.outputs["stdout"].split("\n")
    assert (line.strip(), word) == ("/bin/sh -s -- word", "word")
    assert int(lines) > 5, "it was root"
    assert machine.run("cat /var/log/auth.log 2>/dev/null || true").count("shadow") == 0


def test_a_preview_runs_nothing(there, remote, machine):
    there.create(REMOTE, remote(create="touch /tmp/previewed"), preview=True)
    assert machine.run("ls /tmp/previewed 2>/dev/null || true") == ""


def test_a_change_runs_update_and_create_where_there_is_none(there, remote):
    made = there.create(REMOTE, remote(create="echo made"))
    again = there.update(REMOTE, made.id, made.outputs, remote(create="echo made again"))
    assert again.outputs["stdout"] == "made again"
    changed = there.update(REMOTE, made.id, made.outputs, remote(create="echo made", update="echo changed"))
    assert changed.outputs["stdout"] == "changed"


def test_without_a_command_nothing_is_run_and_nothing_is_connected_to(there, remote, machine):
    silent = remote(machine.connection(host="203.0.113.99"), delete="echo gone")
    made = there.create(REMOTE, silent)
    assert (made.outputs["stdout"], made.outputs["stderr"]) == ("", "")
    without = remote(machine.connection(host="203.0.113.99"))
    there.delete(REMOTE, "x", there.create(REMOTE, without).outputs)


def test_a_deletion_runs_delete_and_nothing_else(there, remote, machine):
    made = there.create(REMOTE, remote(create="echo made > /tmp/made", delete="mv /tmp/made /tmp/unmade"))
    there.delete(REMOTE, made.id, made.outputs)
    assert machine.run("cat /tmp/unmade; ls /tmp/made 2>/dev/null || true") == "made\n"


def test_what_was_done_is_read_as_it_was_recorded(there, remote):
    made = there.create(REMOTE, remote(create="echo made"))
    found = there.read(REMOTE, made.id, made.outputs, made.inputs)
    assert (found.id, found.outputs) == (made.id, made.outputs)


def test_another_trigger_replaces_it_and_another_command_does_not(there, remote):
    made = there.create(REMOTE, remote(create="true", triggers=["v1", 2, {"a": True}]))
    same = there.diff(REMOTE, made.id, made.outputs, remote(create="true", triggers=["v1", 2, {"a": True}]))
    assert not same.changes
    other = there.diff(REMOTE, made.id, made.outputs, remote(create="true", triggers=["v2", 2, {"a": True}]))
    assert other.replaces == ["triggers"]
    command = there.diff(REMOTE, made.id, made.outputs, remote(create=":", triggers=["v1", 2, {"a": True}]))
    assert (command.replaces, command.diffs) == ([], ["create"])
    unknown = there.diff(REMOTE, made.id, made.outputs, remote(create="true", triggers=[UNKNOWN, 2, {"a": True}]))
    assert unknown.changes


def test_a_failure_says_which_command_its_status_and_what_it_said(there, remote):
    with pytest.raises(PluginError) as error:
        there.create(REMOTE, remote(create="echo no room >&2; exit 3"))
    text = str(error.value)
    assert text.startswith("Process exited with status 3: running 'echo no room >&2; exit 3': no room;"), text


def test_the_way_to_the_host_is_secret_in_all_that_is_recorded(there, remote, machine):
    made = there.create(REMOTE, remote(create="true"))
    assert isinstance(made.outputs["connection"], Secret)
    with pytest.raises(PluginError) as error:
        there.create(REMOTE, remote(machine.connection(user="nobody-of-this-name"), create="true"))
    assert machine.private_key.split("\n")[1] not in str(error.value)


def test_a_host_with_another_key_is_refused_at_once(there, remote, machine):
    other = machine.connection(hostKey=key_pair()[1].strip(), dialErrorLimit=10)
    began = time.monotonic()
    with pytest.raises(PluginError, match=r"host key mismatch"):
        there.create(REMOTE, remote(other, create="touch /tmp/wrong-host"))
    assert time.monotonic() - began < 5
    assert machine.run("ls /tmp/wrong-host 2>/dev/null || true") == ""


def test_a_host_without_a_pinned_key_is_refused_before_anything_is_done(there, remote, machine):
    connection = machine.connection()
    del connection["hostKey"]
    checked = there.check(REMOTE, remote(connection, create="true"))
    assert "no key is pinned" in "".join(checked.failures.values())


def test_a_key_that_the_host_does_not_admit_is_said_to_be_that(there, remote, machine):
    with pytest.raises(PluginError, match=r"sample: ssh: unable to authenticate"):
        there.create(REMOTE, remote(machine.connection(privateKey=key_pair()[0]), create="true"))


def test_a_host_that_does_not_answer_is_tried_as_often_as_is_allowed(there, remote, machine):
    connection = machine.connection(host="203.0.113.99", dialErrorLimit=1, perDialTimeout=1)
    with pytest.raises(PluginError, match=r"sample: after 2 failed attempts"):
        there.create(REMOTE, remote(connection, create="true"))


def test_a_command_ends_with_its_time(there, remote):
    began = time.monotonic()
    with pytest.raises(PluginError, match=r"no end within 2 s"):
        there.create(REMOTE, remote(create="sleep 60"), timeout=2)
    assert time.monotonic() - began < 10


def test_a_variable_that_the_server_takes_arrives_and_another_is_refused(there, remote):
    made = there.create(REMOTE, remote(create="echo $LANG", environment={"LANG": "C.UTF-8"}))
    assert made.outputs["stdout"] == "C.UTF-8"
    with pytest.raises(PluginError, match=r"Unable to set TOKEN.*AcceptEnv"):
        there.create(REMOTE, remote(create="true", environment={"TOKEN": "x"}))


def test_a_local_command_is_told_what_the_one_before_said_unless_that_is_unwanted(here):
    made = here.create(LOCAL, {"create": "echo first"})
    told = {"create": "echo first", "update": "echo was $PULUMI_COMMAND_STDOUT"}
    assert here.update(LOCAL, made.id, made.outputs, told).outputs["stdout"] == "was first"
    alone = {**told, "addPreviousOutputInEnv": False}
    assert here.update(LOCAL, made.id, made.outputs, alone).outputs["stdout"] == "was"


def test_a_local_command_has_its_interpreter_its_directory_and_its_input(here, tmp_path):
    given = {"create": "import sys, os; print(os.getcwd(), sys.stdin.read())", "interpreter": ["python3", "-c"]}
    made = here.create(LOCAL, {**given, "dir": str(tmp_path), "stdin": "text"})
    assert made.outputs["stdout"] == f"{tmp_path} text"


def test_a_local_command_that_takes_too_long_leaves_nothing_running(here, tmp_path):
    with pytest.raises(PluginError, match=r"no end within 1 s"):
        here.create(LOCAL, {"create": f"(sleep 3; touch {tmp_path}/late) & wait"}, timeout=1)
    time.sleep(3)
    assert not (tmp_path / "late").exists()


def test_files_that_a_command_makes_are_refused_in_words(here):
    checked = here.check(LOCAL, {"create": "true", "assetPaths": ["*"]})
    assert "not stood in for" in "".join(checked.failures.values())
