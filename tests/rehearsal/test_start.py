"""What a start brings up, with the real account and the room of its machines: it heals, resumes and leaves nothing."""

import io
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from rehearsal import Rehearsal, RehearsalError
from rehearsal.service import ServiceStatus
from rehearsal.toolchain import progress_for

pytestmark = [pytest.mark.engine, pytest.mark.timeout(180)]

Rehearse = Callable[[str], Rehearsal]
QUIET = progress_for(io.StringIO())


def _status(rehearsal: Rehearsal) -> tuple[ServiceStatus, ...]:
    """What a start brings up: the vector store is started by itself."""
    account = rehearsal.account
    return (account.status(), account.machines_status(), account.states_status())


def _pids(rehearsal: Rehearsal) -> dict[str, int]:
    return {service.name: service.pid for service in _status(rehearsal) if service.pid is not None}


def _listeners(address: str) -> set[int]:
    connections = psutil.net_connections("tcp")
    return {c.laddr.port for c in connections if c.laddr and c.laddr.ip == address and c.status == psutil.CONN_LISTEN}


def _places(rehearsal: Rehearsal) -> tuple[str, set[int]]:
    endpoints = [service.endpoint.split(":") for service in _status(rehearsal)]
    (address,) = {address for address, _ in endpoints}
    return address, {int(port) for _, port in endpoints}


def test_a_second_start_changes_nothing_and_takes_under_a_second(lane: Rehearsal) -> None:
    lane.start(QUIET)
    before, told, begun = _pids(lane), io.StringIO(), time.monotonic()
    lane.start(progress_for(told))
    assert time.monotonic() - begun < 1
    assert (_pids(lane), told.getvalue()) == (before, "")


def test_two_starts_at_once_start_everything_once(rehearse: Rehearse) -> None:
    rehearsal = rehearse("dev")
    told = [io.StringIO(), io.StringIO()]
    starts = [threading.Thread(target=rehearsal.start, args=(progress_for(stream),)) for stream in told]
    for start in starts:
        start.start()
    for start in starts:
        start.join(timeout=60)
    assert all(service.running for service in _status(rehearsal))
    assert sum("Starting lambda-cloud" in stream.getvalue() for stream in told) == 1
    assert sum("waiting for it" in stream.getvalue() for stream in told) == 1


def test_two_stacks_share_what_runs_and_end_apart(rehearse: Rehearse) -> None:
    dev, prod = rehearse("dev"), rehearse("prod")
    dev.start(QUIET)
    before = _pids(dev)
    prod.start(QUIET)
    assert _pids(prod) == before
    dev.remove()
    assert _pids(prod) == before, "prod still uses them"
    prod.remove()
    assert not prod.home.exists(), "the last one takes the shared parts with it"


def test_a_removed_rehearsal_leaves_no_process_listener_or_directory(rehearse: Rehearse) -> None:
    rehearsal = rehearse("dev")
    rehearsal.start(QUIET)
    (address, ports), pids = _places(rehearsal), _pids(rehearsal).values()
    assert (len(pids), _listeners(address)) == (3, ports)
    rehearsal.remove()
    alive = [pid for pid in pids if psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE]
    assert (alive, _listeners(address), rehearsal.home.exists()) == ([], set(), False)


@pytest.mark.parametrize("service", ["lambda-cloud", "machines"])
def test_a_start_heals_what_was_killed(lane: Rehearsal, service: str) -> None:
    lane.start(QUIET)
    before = _pids(lane)
    os.kill(before[service], signal.SIGKILL)
    lane.start(QUIET)
    after = _pids(lane)
    assert after.pop(service) != before.pop(service)
    assert after == before


def test_a_reboot_is_resumed_with_the_account_that_is_there(lane: Rehearsal) -> None:
    lane.start(QUIET)
    with lane.account.control() as account:
        held = {one.id for one in account.state().instances}
    killed = _pids(lane)
    assert len(killed) == 3
    for pid in killed.values():
        os.kill(pid, signal.SIGKILL)
    lane.start(QUIET)
    with lane.account.control() as account:
        assert {one.id for one in account.state().instances} == held


STARTER = """
import io, sys
from pathlib import Path
from rehearsal import Rehearsal
from rehearsal.toolchain import progress_for
print("begins", flush=True)
Rehearsal(stack="dev", home=Path(sys.argv[1])).start(progress_for(io.StringIO()))
"""


@pytest.mark.parametrize("seconds", [0.3, 1.0])
def test_a_start_that_was_killed_half_way_is_finished_by_the_next(rehearse: Rehearse, seconds: float) -> None:
    rehearsal = rehearse("dev")
    with psutil.Popen([sys.executable, "-c", STARTER, str(rehearsal.home)], stdout=subprocess.PIPE) as starter:
        starter.stdout.readline()
        time.sleep(seconds)  # where it is then does not matter
        starter.kill()
    rehearsal.start(QUIET)
    address, ports = _places(rehearsal)
    assert all(service.running for service in _status(rehearsal))
    assert _listeners(address) == ports, "a process that nobody remembers would hold a port"


def test_a_port_in_use_is_told_before_anything_starts(rehearse: Rehearse) -> None:
    rehearsal = rehearse("dev")
    address, ports = _places(rehearsal)
    with (
        socket.create_server((address, min(ports))),
        pytest.raises(RehearsalError, match=rf"{min(ports)} \(.*\) is in use by process {os.getpid()}"),
    ):
        rehearsal.start(QUIET)
    assert not any(service.running for service in rehearsal.status())


def test_every_file_of_a_stack_is_its_owners_alone(lane: Rehearsal) -> None:
    lane.start(QUIET)
    files = [path for path in Path(lane.folder.account.path).rglob("*") if path.is_file() and not path.is_symlink()]
    assert len(files) > 3
    assert {path.stat().st_mode & 0o077 for path in files} == {0}
