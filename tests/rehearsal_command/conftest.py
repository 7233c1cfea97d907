"""The plugin's process, and a real machine for its commands."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from providers.kit.testing import Plugin, Secret
from rehearsal.machines import Room
from rehearsal.machines.testing import key_pair, spec, temporary_room

FOLDER = Path(__file__).parents[2] / "rehearsal" / "command"
REMOTE, LOCAL = "command:remote:Command", "command:local:Command"


class Machine(NamedTuple):
    """A machine, and the key that it admits."""

    room: Room
    private_key: str
    host_key: str

    def connection(self, **other: Any) -> dict[str, Any]:
        """The way to it, as the program gives it; a whole connection is a secret."""
        given = {"host": "203.0.113.1", "user": "ubuntu", "privateKey": self.private_key, "hostKey": self.host_key}
        return {**given, "dialErrorLimit": 0, "perDialTimeout": 5, "port": 22, **other}

    def run(self, command: str) -> str:
        """Run something there as root, without SSH."""
        done = self.room.enter("m1", ["/bin/sh", "-c", command])
        assert done.returncode == 0, done.stderr
        return done.stdout


@pytest.fixture(scope="session")
def machine() -> Iterator[Machine]:
    if os.geteuid():
        pytest.skip("not proven: that commands run on a real machine; it takes root to boot one")
    private, public = key_pair()
    with temporary_room() as room:
        room.boot(spec(1, public))
        shown = room.enter("m1", ["cat", "/etc/ssh/ssh_host_ed25519_key.pub"]).stdout
        yield Machine(room, private, " ".join(shown.split()[:2]))


@pytest.fixture(scope="session")
def here() -> Iterator[Plugin]:
    """The plugin, without a proxy."""
    with Plugin(FOLDER) as plugin:
        plugin.configure()
        yield plugin


@pytest.fixture(scope="session")
def there(machine: Machine) -> Iterator[Plugin]:
    """The plugin, whose connections go through the gate."""
    with Plugin(FOLDER, {"HOST_PROXY_URL": machine.room.gate}) as plugin:
        plugin.configure()
        yield plugin


@pytest.fixture
def remote(machine: Machine) -> Any:
    """Gives the inputs of a command on the machine."""

    def inputs(connection: dict[str, Any] | None = None, **given: Any) -> dict[str, Any]:
        return {"connection": Secret(connection or machine.connection()), **given}

    return inputs
