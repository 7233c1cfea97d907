"""The plugin's process, and real machines for it: each with its own network, disk and systemd."""

import json
import os
import secrets
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

import catalog
from providers.kit.testing import Plugin, Secret
from rehearsal.machines import Room, image
from rehearsal.machines.testing import key_pair, spec, temporary_room
from rehearsal.toolchain import ensure, progress_for
from tests.host.k3s_ground import Cluster, K3sGround, k3s_ground
from tests.host.life import Life, Machine, declared

FOLDER = Path(__file__).parents[2] / "providers" / "host"


@pytest.fixture(scope="session")
def process() -> Iterator[Plugin]:
    """The plugin's process; nothing of this process's environment reaches it."""
    with Plugin(FOLDER, project="sophia", stack="dev") as running:
        yield running


@pytest.fixture(scope="session")
def keys() -> tuple[str, str]:
    """A key pair, private and public, that all machines admit."""
    return key_pair()


@pytest.fixture(scope="session")
def room() -> Iterator[Room]:
    """A room for the machines of this session."""
    if os.geteuid():
        pytest.skip("not proven: what the provider does on real machines; it takes root to boot them")
    with temporary_room() as opened:
        yield opened


@pytest.fixture(scope="session")
def boot(room: Room, keys: tuple[str, str]) -> Callable[[], Machine]:
    """Boots one more machine."""
    numbers = iter(range(1, 200))

    def booted() -> Machine:
        wanted = spec(next(numbers), keys[1])
        room.boot(wanted)
        return Machine(room, wanted.id, wanted.public, keys[0])

    return booted


@pytest.fixture(scope="session")
def machine(boot: Callable[[], Machine]) -> Machine:
    """A machine that the tests of this session share: each leaves it as it was, but for its own folder."""
    return boot()


@pytest.fixture
def fresh(boot: Callable[[], Machine], room: Room) -> Iterator[Machine]:
    """A machine for one test, which may break it."""
    one = boot()
    yield one
    room.stop(one.id)


@pytest.fixture
def configuration(room: Room, keys: tuple[str, str]) -> Mapping[str, Any]:
    """How the plugin reaches the machines."""
    key = Secret(secrets.token_hex(32))
    return {"sshPrivateKey": Secret(keys[0]), "proxyUrl": room.gate, "fingerprintKey": key}


@pytest.fixture
def plugin(process: Plugin, configuration: Mapping[str, Any]) -> Plugin:
    """The plugin, configured for the machines."""
    process.configure(configuration)
    return process


@pytest.fixture
def life(plugin: Plugin, machine: Machine) -> Life:
    """The life of resources on the shared machine."""
    return declared(plugin, machine)


@pytest.fixture
def folder(machine: Machine) -> Iterator[str]:
    """A folder on the shared machine that is gone after the test."""
    name = f"/srv/test-{secrets.token_hex(4)}"
    machine.run(f"mkdir {name}")
    yield name
    machine.run(f"chattr -R -i {name} 2>/dev/null; rm -rf {name}")


@pytest.fixture
def canary() -> str:
    """A secret nobody else has."""
    return f"canary-{secrets.token_hex(12)}"


@pytest.fixture
def visible() -> Callable[[Any], str]:
    """Gives properties as text, without what is marked secret."""

    def shown(value: Any) -> str:
        return json.dumps(value, default=lambda one: "[secret]" if isinstance(one, Secret) else str(one))

    return shown


@pytest.fixture(scope="session")
def k3s_room(process: Plugin) -> Iterator[K3sGround]:
    """A room whose machines can be nodes, with the stand-in of K3s to deliver."""
    if os.geteuid():
        pytest.skip("not proven: what K3s does on real machines; it takes root to boot them")
    with k3s_ground(
        process, ensure(catalog.load(), progress=progress_for(), root=image.ensure(progress_for()))
    ) as ground:
        yield ground


@pytest.fixture
def k3s(k3s_room: K3sGround) -> K3sGround:
    """The room of nodes, and the provider configured for it."""
    k3s_room.configure()
    return k3s_room


@pytest.fixture(scope="session")
def cluster(k3s_room: K3sGround) -> Cluster:
    """A server and an agent that the tests of this session share: each leaves them as they were."""
    k3s_room.configure()
    server, agent = k3s_room.boot(1), k3s_room.boot(2)
    made = server.life.make("K3sServer", server.server())
    return Cluster(server, agent, made, agent.life.make("K3sAgent", agent.agent(made)))
