"""The account's machines: what boots, what ends, and what becomes of both after a crash."""

import io
import json
import os
import shutil
import signal
import socket
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import psutil
import pytest

from rehearsal import Account, Rehearsal, RehearsalError
from rehearsal.home import Folder, remove_shared, write_private
from rehearsal.lambda_cloud import Status
from rehearsal.toolchain import progress_for

pytestmark = pytest.mark.engine

QUIET = progress_for(io.StringIO())


@pytest.fixture(scope="module")
def account() -> Iterator[Account]:
    """An account that is up."""
    home = Path(tempfile.mkdtemp(prefix="sophia-account-"))
    made = Account(home)
    try:
        made.start(QUIET)
        yield made
    finally:
        made.stop()
        shutil.rmtree(home)


@pytest.fixture
def need(account: Account) -> Iterator[Callable[..., None]]:
    """Makes a stack need machines; afterwards no stack needs any."""
    folder = Folder(account.home, "dev")
    folder.create()

    def write(*ids: str) -> None:
        write_private(folder.machines, json.dumps(ids))
        account.settle()

    yield write
    folder.machines.unlink(missing_ok=True)
    account.start(QUIET)
    account.settle()


def names(account: Account) -> list[str]:
    return sorted(machine.spec.name for machine in account.room.list() if machine.running)


def said(account: Account, machine_id: str, command: str) -> str:
    return account.room.enter(machine_id, ["sh", "-c", command]).stdout.strip()


def answered(account: Account, address: str) -> bytes:
    """What answers on the SSH port behind the gate."""
    url = httpx.URL(account.environment()["HOST_PROXY_URL"])
    with socket.create_connection((url.host, int(url.port or 0)), 5) as connection:
        connection.sendall(f"CONNECT {address}:22 HTTP/1.1\r\n\r\n".encode())
        connection.settimeout(3)
        try:
            return connection.recv(4096) + connection.recv(4096)
        except TimeoutError:
            return b""


def test_no_machine_of_the_account_boots_before_a_stack_needs_it(account, need):
    assert names(account) == []
    with account.control() as control:
        need(control.state().instance("sophia-development").id)
    assert names(account) == ["sophia-development"]


def test_a_stack_keeps_the_form_of_its_nodes_while_a_machine_of_it_runs(account, need):
    stack = Rehearsal(stack="dev", home=account.home)
    account.start(QUIET, light=True)
    assert stack.light, "no machine of it runs: the next that boots decides"
    with account.control() as control:
        need(control.state().instance("sophia-development").id)
    account.start(QUIET, light=False)
    assert stack.light, "its vector store would be looked for in a pod that does not run"
    assert not Rehearsal(stack="staging", home=account.home).light
    need()
    assert not stack.light


def test_whoever_holds_the_private_key_gets_in(account, need, tmp_path):
    with account.control() as control:
        one = control.state().instance("sophia-development")
    need(one.id)
    key = write_private(tmp_path / "key", account.secrets()["LAMBDA_SSH_PRIVATE_KEY"])
    options = ["-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null"]
    done = account.room.runner.run(["ssh", "-i", str(key), *options, f"ubuntu@{one.ip}", "sudo hostname"])
    assert done.stdout == "sophia-development\n", done.stderr
    assert b"SSH-2.0" in answered(account, one.ip)


def test_a_machine_that_is_launched_boots_and_ends_with_its_instance(account, need):
    with account.control() as control:
        born = control.state().instance("sophia-development")
        need(born.id)
        launched = control.duplicate(born.id)
        account.settle()
        assert names(account) == ["sophia-development"] * 2
        control.terminate(launched)
        account.settle()
    assert names(account) == ["sophia-development"]
    assert not (account.room.folder.disks / launched).exists()


def test_a_machine_that_is_taken_away_ends(account, need):
    with account.control() as control:
        born = control.state().instance("sophia-development")
        launched = control.duplicate(born.id)
        account.settle()
        control.set_status(launched, Status.PREEMPTED)
        account.settle()
    need()
    assert names(account) == []


def test_another_address_is_the_machines_and_the_old_one_nobodys(account, need):
    with account.control() as control:
        one = control.state().instance("sophia-mcp-orchestrator")
        need(one.id)
        control.set_address(one.id, "192.0.2.77")
        account.settle()
        assert b"SSH-2.0" in answered(account, "192.0.2.77")
        assert b"SSH-2.0" not in answered(account, one.ip)
        control.set_address(one.id, one.ip)


def test_a_restart_is_a_reboot_with_the_same_disk(account, need):
    with account.control() as control:
        one = control.state().instance("sophia-data-pipeline").id
    need(one)
    boot = said(account, one, "echo here > /srv/mine; cat /proc/sys/kernel/random/boot_id")
    key = {"Authorization": f"Bearer {account.environment()['LAMBDA_CLOUD_API_KEY']}"}
    url = f"{account.url}/api/v1/instance-operations/restart"
    httpx.post(url, headers=key, json={"instance_ids": [one]}, trust_env=False).raise_for_status()
    account.settle()
    assert said(account, one, "cat /srv/mine") == "here"
    assert said(account, one, "cat /proc/sys/kernel/random/boot_id") not in {"", boot}


def test_a_machine_that_reboots_itself_comes_back(account, need):
    with account.control() as control:
        one = control.state().instance("sophia-data-pipeline").id
    need(one)
    boot = said(account, one, "cat /proc/sys/kernel/random/boot_id; sync")
    account.room.enter(one, ["systemctl", "reboot", "--force", "--force"])
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        time.sleep(0.2)
        if names(account) and said(account, one, "cat /proc/sys/kernel/random/boot_id") not in {"", boot}:
            return
    pytest.fail("it does not come back")


def test_the_end_of_a_stack_empties_the_disks_of_what_it_needed(account, need):
    with account.control() as control:
        one = control.state().instance("sophia-development").id
    need(one)
    said(account, one, "echo here > /srv/mine")
    need()
    assert names(account) == []
    need(one)
    assert said(account, one, "ls /srv") == "apt"


def test_after_its_keeper_was_killed_the_next_start_mends_what_changed_meanwhile(account, need):
    with account.control() as control:
        one, other = (control.state().instance(name).id for name in ("sophia-development", "sophia-ai-core"))
        need(one)
        boot = said(account, one, "cat /proc/sys/kernel/random/boot_id")
        os.kill(account.machines_status().pid, signal.SIGKILL)
        extra = control.duplicate(other)
    assert not account.machines_status().running
    account.start(QUIET)
    account.settle()
    assert sorted(machine.spec.id for machine in account.room.list() if machine.running) == sorted([one, extra])
    assert said(account, one, "cat /proc/sys/kernel/random/boot_id") == boot, "a machine that ran was booted again"
    with account.control() as control:
        control.terminate(extra)


def test_after_everything_was_killed_the_next_start_boots_what_should_be_there_with_its_disk(account, need):
    with account.control() as control:
        one = control.state().instance("sophia-development").id
    need(one)
    said(account, one, "echo here > /srv/mine; sync")
    os.kill(account.machines_status().pid, signal.SIGKILL)
    account.stop()
    assert account.room.names.existing() == ()
    account.start(QUIET)
    account.settle()
    assert said(account, one, "cat /srv/mine") == "here"


def test_the_keeper_costs_nothing_while_nothing_happens(account, need):
    with account.control() as control:
        need(control.state().instance("sophia-development").id)
    time.sleep(1)
    keeper = psutil.Process(account.machines_status().pid)
    before = sum(keeper.cpu_times()[:2])
    time.sleep(5)
    assert sum(keeper.cpu_times()[:2]) - before <= 0.05, "measured: 0.03 s in 5 s while other work ran"


def test_an_account_that_is_older_than_its_machines_says_what_to_do(tmp_path):
    old = Account(tmp_path)
    old.folder.create()
    old.folder.state.write_text("{}")
    with pytest.raises(RehearsalError, match=r"older than its machines.*down --all"):
        old.start(QUIET)
    remove_shared(tmp_path)
