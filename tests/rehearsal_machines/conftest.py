"""What the tests of machines share: a room with machines in two regions, and rooms of their own."""

import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from rehearsal.machines import Room
from rehearsal.machines.client import Client
from rehearsal.machines.testing import key_pair, spec, temporary_room


class Lane(NamedTuple):
    room: Room
    key: Path
    """Opens every machine of it."""

    def ssh(self, address: str, command: str) -> subprocess.CompletedProcess[str]:
        """Log in from the runner."""
        return self.room.runner.run(["ssh", *options(self.key), f"ubuntu@{address}", command], seconds=30)


def connects(client: Client, address: str) -> bool:
    """Whether the SSH server of an address is reached from a client, by what every machine of developers has."""
    program = f"import socket; socket.create_connection(('{address}', 22), 5)"
    return client.run(["python3", "-c", program]).returncode == 0


def options(key: Path) -> list[str]:
    given = ("StrictHostKeyChecking=no", "UserKnownHostsFile=/dev/null", "LogLevel=ERROR", "ConnectTimeout=5")
    return ["-i", str(key), *(part for one in given for part in ("-o", one))]


@pytest.fixture(scope="session")
def keys(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """The file of a private key, and the public half."""
    private, public = key_pair()
    file = tmp_path_factory.mktemp("keys") / "key"
    file.touch(mode=0o600)
    file.write_text(private, encoding="utf-8")
    return file, public


@pytest.fixture(scope="module")
def lane(keys: tuple[Path, str]) -> Iterator[Lane]:
    """m1 and m2 in us-east-3 and m3 in us-south-1; a test that changes one leaves it running."""
    file, public = keys
    with temporary_room() as room:
        for number in (1, 2, 3):
            room.boot(spec(number, public, region="us-south-1" if number == 3 else "us-east-3"))
        yield Lane(room, file)


@pytest.fixture
def room() -> Iterator[Room]:
    """A room of this test; it is not open yet."""
    home = Path(tempfile.mkdtemp(prefix="sophia-machines-"))
    try:
        yield Room(home)
    finally:
        Room(home).close()
        shutil.rmtree(home, ignore_errors=True)


@pytest.fixture
def left() -> Callable[[Room], list[str]]:
    """Names everything of a room that is left in the kernel."""
    return traces


def traces(room: Room) -> list[str]:
    tag = room.names.tag
    mounts = [line for line in Path("/proc/self/mounts").read_text().splitlines() if str(room.home) in line]
    hierarchies = Path("/sys/fs/cgroup")
    groups = [str(path) for pattern in (tag, f"*/{tag}") for path in hierarchies.glob(pattern)]
    links = subprocess.run(["ip", "-oneline", "link"], capture_output=True, text=True, check=True).stdout
    return [*room.names.existing(), *mounts, *groups, *_processes(room), *(["link"] if tag in links else [])]


def _processes(room: Room) -> list[str]:
    found = []
    for path in Path("/proc").glob("[0-9]*"):
        try:
            root, environment = (path / "root").readlink(), (path / "environ").read_bytes()
        except OSError:
            continue
        if str(room.home) in str(root) or str(room.home).encode() in environment:
            found.append(str(path))
    return found
