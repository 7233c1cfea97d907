"""The provider as the engine meets it, without a machine: checks, previews, hosts that do not answer, one that does."""

import getpass
import grp
import os
import socket
from typing import Any

import pytest

from providers.kit.testing import PluginError, Secret
from rehearsal.machines.testing import key_pair
from tests.host.loopback import Loopback
from tests.host.peers import KeyPair

KEY, PUBLIC = key_pair()


@pytest.fixture
def loopback():
    """An SSH server that runs what it is told as its own user."""
    with Loopback(PUBLIC).served() as server:
        yield server


@pytest.fixture
def here(process):
    """The plugin, configured for servers on the loopback address."""
    process.configure({"sshPrivateKey": Secret(KEY), "fingerprintKey": Secret("f" * 64)})
    return process


@pytest.fixture
def closed():
    """A port that nobody listens on."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield bound.getsockname()[1]


def host(port: int, **changes: object) -> dict[str, object]:
    declared = {"machine": "m", "addresses": ["127.0.0.1"], "port": port, "user": "root", "patienceSeconds": 2}
    return {**declared, **changes}


def met(here, port: int) -> dict[str, Any]:
    """Return what resources on a host are given, after the host was made."""
    made = here.create("Host", here.check("Host", host(port)).inputs)
    connection = {"addresses": ["127.0.0.1"], "port": port, "user": "root"}
    return {"host": made.id, "connection": {**connection, "hostKey": made.outputs["pinnedHostKey"]}}


def own(path: object, content: str) -> dict[str, object]:
    """Return a file of whoever runs this test."""
    group = grp.getgrgid(os.getegid()).gr_name
    return {"path": str(path), "content": content, "owner": getpass.getuser(), "group": group}


@pytest.mark.parametrize(
    ("kind", "inputs", "path"),
    [
        ("Host", {"machine": "m", "hostKey": "no key"}, ""),
        ("Files", {"files": [{"path": "relative", "content": "a"}]}, "files[0].path"),
        ("Files", {"files": [{"path": "/a/../b", "content": "a"}]}, "files[0].path"),
        ("Files", {"files": [{"path": "/a", "content": "a", "mode": "644"}]}, "files[0].mode"),
        ("Files", {"files": [{"path": "/a", "content": "a"}, {"path": "/a", "content": "b"}]}, "files"),
        ("Files", {"files": [{"path": "/a", "content": "a", "kind": "missing"}]}, "files[0].kind"),
        ("Packages", {"present": ["no name"]}, "present[0]"),
        ("Packages", {"present": ["jq", "jq=1"]}, "present"),
        ("Sysctl", {"name": "a/b", "values": {}}, "name"),
        ("Unit", {"name": "cron"}, "name"),
        ("Unit", {"name": "cron.service", "reachable": False}, "reachable"),
    ],
)
def test_what_no_host_could_be_is_refused_by_its_path(here, kind, inputs, path):
    given = inputs if kind == "Host" else {"host": "m", **inputs}
    assert set(here.check(kind, given).failures) == {path}


@pytest.mark.parametrize(
    ("files", "secret", "told"),
    [
        ([{"path": "/a"}], None, "/a: give its content, or have it in secret_contents"),
        ([{"path": "/a", "content": "a"}], {"/a": "canary"}, "/a: give its content, or have it in secret_contents"),
        ([], {"/b": "canary"}, "secret_contents has /b, which is none of the files"),
    ],
)
def test_content_stands_in_one_place_and_no_secret_is_repeated(here, files, secret, told):
    failures = here.check("Files", {"host": "m", "files": files, "secretContents": secret and Secret(secret)}).failures
    assert told in str(failures)
    assert "canary" not in str(failures)


def test_a_masked_unit_is_nothing_else(here):
    failures = here.check("Unit", {"host": "m", "name": "cron.service", "masked": True}).failures
    assert "a masked unit neither runs nor starts" in str(failures)


def test_the_order_of_files_and_packages_is_no_difference(here, loopback, tmp_path):
    on = met(here, loopback.port)
    files = [own(tmp_path / "b", "b"), own(tmp_path / "a", "a")]
    made = here.create("Files", here.check("Files", {**on, "files": files}).inputs)
    wanted = here.check("Files", {**on, "files": files[::-1]}).inputs
    assert not here.diff("Files", made.id, made.outputs, wanted, old_inputs=made.inputs).changes


def test_another_way_to_the_host_calls_nothing_on_it(here, loopback, tmp_path):
    on = met(here, loopback.port)
    inputs = here.check("Files", {**on, "files": [own(tmp_path / "a", "a")]}).inputs
    made = here.create("Files", inputs)
    (tmp_path / "a").unlink()
    moved = {**inputs, "connection": {**inputs["connection"], "addresses": ["198.51.100.1", "127.0.0.1"]}}
    found = here.diff("Files", made.id, made.outputs, moved, old_inputs=inputs)
    assert (found.changes, found.replaces) == (True, [])
    here.update("Files", made.id, made.outputs, moved, old_inputs=inputs)
    assert not (tmp_path / "a").exists()


def test_another_host_replaces(here):
    inputs = here.check("Sysctl", {"host": "m", "name": "a", "values": {"net.a": "1"}}).inputs
    wanted = here.check("Sysctl", {"host": "n", "name": "a", "values": {"net.a": "1"}}).inputs
    assert here.diff("Sysctl", "m/a", inputs, wanted, old_inputs=inputs).replaces == ["host"]


def test_a_preview_connects_to_nothing(here, closed):
    here.create("Host", here.check("Host", host(closed)).inputs, preview=True)
    unit = here.check("Unit", {"host": "m", "name": "cron.service", "connection": {"addresses": ["127.0.0.1"]}}).inputs
    here.create("Unit", unit, preview=True)


def test_an_import_says_to_declare_it_instead(here):
    for kind in ("Host", "Files", "Packages", "Sysctl", "Unit"):
        with pytest.raises(PluginError, match=rf"a {kind} cannot be imported: .*; declare it and create it"):
            here.read(kind, "m")


def test_a_host_that_nobody_answers_for_is_an_error_to_make_and_a_finding_to_read(here, loopback, closed):
    made = here.create("Host", here.check("Host", host(loopback.port)).inputs)
    gone = {**made.outputs, "port": closed}
    found = here.read("Host", made.id, gone, {**made.inputs, "port": closed})
    assert (found.outputs["reachable"], found.outputs["trouble"]) == (False, "no address answers")
    assert found.outputs["pinnedHostKey"] == made.outputs["pinnedHostKey"]
    with pytest.raises(PluginError, match=r"127\.0\.0\.1: connecting: no address answers; check that the machine runs"):
        here.create("Host", here.check("Host", host(closed, machine="n")).inputs)


def test_the_first_key_that_a_host_shows_is_pinned_and_another_is_refused(here, loopback):
    on = met(here, loopback.port)
    assert on["connection"]["hostKey"] == loopback.host_key
    given = here.check("Host", host(loopback.port, hostKey=f"{key_pair()[1]} a comment")).inputs
    with pytest.raises(PluginError, match="connecting: host key is SHA256:"):
        here.create("Host", given)
    here.create("Host", here.check("Host", host(loopback.port, hostKey=loopback.host_key)).inputs)


def test_an_unreadable_private_key_is_refused_without_being_shown(process, loopback):
    begin, *middle, end = KEY.splitlines()
    broken = "\n".join([begin, *(line[::-1] for line in middle), end])
    process.configure({"sshPrivateKey": Secret(broken), "fingerprintKey": Secret("f" * 64)})
    with pytest.raises(
        PluginError, match="the private key for hosts cannot be read; give HOST_SSH_PRIVATE_KEY"
    ) as told:
        process.create("Host", process.check("Host", host(loopback.port)).inputs)
    assert broken.splitlines()[2] not in str(told.value) + process.printed


def test_files_go_over_one_connection_and_no_content_stands_in_a_command(here, loopback, tmp_path, canary):
    on = met(here, loopback.port)
    inputs = here.check("Files", {**on, "files": [own(tmp_path / "a", canary)]}).inputs
    made = here.create("Files", inputs)
    assert (tmp_path / "a").read_text() == canary
    (tmp_path / "a").write_text("theirs")
    found = here.read("Files", made.id, made.outputs, inputs)
    assert found.outputs["files"][0]["content"] == "theirs"
    assert here.diff("Files", made.id, found.outputs, inputs, old_inputs=found.inputs).details == {
        "files[0].content": "update"
    }
    assert (loopback.sessions, len(loopback.commands)) == (1, 1)
    assert canary not in str(loopback.commands) + here.printed


def test_after_a_cut_the_next_operation_connects_anew(here, loopback, tmp_path):
    on = met(here, loopback.port)
    inputs = here.check("Files", {**on, "files": [own(tmp_path / "a", "a")]}).inputs
    made = here.create("Files", inputs)
    loopback.cut()
    for _ in range(2):
        found = here.read("Files", made.id, made.outputs, inputs)
    assert found.outputs["reachable"]
    assert loopback.sessions == 2


def test_one_machine_per_address_and_per_host_key(here, loopback):
    met(here, loopback.port)
    with pytest.raises(PluginError, match="is that of two machines: m and n; give each machine its own"):
        here.create("Host", here.check("Host", host(loopback.port, machine="n")).inputs)


def test_an_access_interface_keeps_its_name_and_is_not_removed_from_a_host_that_is_gone(here):
    peer = {"name": "ann", "publicKey": KeyPair.make().public, "address": "10.97.0.50"}
    old = here.check("Access", {"host": "one", "address": "10.97.0.1/24", "peers": [peer]}).inputs
    outputs = {**old, "publicKey": peer["publicKey"]}
    with pytest.raises(PluginError, match="is called access; keep interface: access"):
        here.diff("Access", "one/access", outputs, {**old, "interface": "other"}, old_inputs=old)
    moved = here.diff("Access", "one/access", outputs, {**old, "host": "two"}, old_inputs=old)
    assert moved.replaces == ["host"]
    assert not moved.delete_before_replace, "the engine would wait for ever where the whole host is replaced"
