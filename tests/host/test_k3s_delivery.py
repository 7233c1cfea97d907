"""A binary comes to a real machine whole or not at all, and what does not become K3s leaves nothing."""

import hashlib
import secrets
import shutil
from pathlib import Path
from typing import Any

import pytest

from providers.kit.testing import PluginError
from tests.host.k3s_declarations import server
from tests.host.life import declared

pytestmark = pytest.mark.engine
TRACES = "/usr/local/bin/k3s /etc/rancher /var/lib/rancher/k3s /etc/systemd/system/k3s.service"


@pytest.fixture
def artefacts(tmp_path):
    """A directory of artefacts that has one: a program that ends at once and is not K3s."""
    content = Path(shutil.which("false") or "").read_bytes()
    digest = hashlib.sha256(content).hexdigest()
    (tmp_path / digest).write_bytes(content)
    return tmp_path, digest


@pytest.fixture
def k3s(process, configuration, artefacts, machine):
    """The life of a K3s on the shared machine."""
    process.configure({**configuration, "artefacts": str(artefacts[0])})
    yield declared(process, machine)
    machine.run(f"rm -rf /usr/local/bin/.k3s* /usr/local/bin/k3s /var/lib/sophia {TRACES}; systemctl daemon-reload")


def given(digest: str, **changes: Any) -> dict[str, Any]:
    """Return what is declared, without what the life adds."""
    inputs = server(artefacts={"amd64": {"sha256": digest}}, patienceSeconds=40, **changes)
    return {name: value for name, value in inputs.items() if name not in {"host", "connection"}}


def left(machine: Any) -> Any:
    """Return what of K3s lies on a machine."""
    return machine.run(f"ls -d {TRACES} /usr/local/bin/.k3s* /var/lib/sophia/* 2>/dev/null || true")


def test_a_program_that_never_becomes_k3s_is_told_with_its_journal_and_all_is_removed(k3s, machine, artefacts):
    with pytest.raises(PluginError, match=r"(?s)k3s.service v1.36.2\+k3s1: k3s.service ends again and again.*status=1"
    ) as told:  # fmt: skip
        k3s.make("K3sServer", given(artefacts[1]))
    assert "nothing was there before, and all was removed again" in str(told.value)
    assert left(machine) == ""
    assert machine.run("systemctl show k3s.service -p LoadState --value").strip() == "not-found"


def test_a_binary_that_is_not_there_or_not_for_the_machine_changes_nothing(k3s, machine):
    with pytest.raises(PluginError, match="no artefact 0000"):
        k3s.make("K3sServer", given("0" * 64))
    inputs = {**given("0" * 64), "artefacts": {"arm64": {"sha256": "0" * 64}}}
    with pytest.raises(PluginError, match=r"no binary of K3s v1.36.2\+k3s1 is locked for amd64; run `./sophia lock`"):
        k3s.make("K3sServer", inputs)
    assert left(machine) == ""


def test_a_machine_without_room_says_so_and_nothing_is_changed(k3s, machine, artefacts):
    content = secrets.token_bytes(3 * 2**20)
    digest = hashlib.sha256(content).hexdigest()
    (artefacts[0] / digest).write_bytes(content)
    machine.run("mkdir -p /var/lib/sophia && mount -t tmpfs -o size=1m,mode=0711 none /var/lib/sophia")
    try:
        with pytest.raises(PluginError, match="make room on its disk"):
            k3s.make("K3sServer", given(digest))
    finally:
        machine.run("umount /var/lib/sophia")
    machine.run("mkdir -p /usr/local/bin && mount -t tmpfs -o size=1m none /usr/local/bin")
    try:
        with pytest.raises(PluginError, match="No space left on device; nothing was changed; make room"):
            k3s.make("K3sServer", given(digest))
        assert machine.run("ls -A /usr/local/bin") == ""
    finally:
        machine.run("umount /usr/local/bin")
    assert left(machine) == ""


def test_tokens_stand_in_no_error_no_log_and_no_command_line(k3s, machine, artefacts, canary, process):
    watch = "while :; do cat /proc/[0-9]*/cmdline >> /run/seen 2>/dev/null; done"
    machine.run(f"rm -f /run/seen; systemd-run -q --unit=watch sh -c '{watch}'")
    secret = {"token": f"server-{canary}", "agentToken": f"agent-{canary}"}
    with pytest.raises(PluginError) as told:
        k3s.make("K3sServer", {**given(artefacts[1]), **secret})
    machine.run("systemctl stop watch.service")
    seen = machine.run("tr '\\0' '\\n' < /run/seen | sort -u; journalctl --no-pager; rm /run/seen")
    assert "k3s" in seen
    assert canary not in str(told.value) + process.printed + seen
