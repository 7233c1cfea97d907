"""The life of resources on a host as the engine leads it: declared, made, read, compared, mended."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from providers.kit.testing import Plugin, State
from rehearsal.machines import Room

Inputs = Mapping[str, Any]


@dataclass(frozen=True)
class Machine:
    """A machine that runs, and the way to it."""

    room: Room
    """Where it is."""
    id: str
    """Its id there."""
    address: str
    """Its public address."""
    key: str
    """The private key it admits."""

    def run(self, command: str, text: str = "") -> str:
        """Return what a command prints inside as root; it must succeed."""
        done = self.room.enter(self.id, ["sh", "-c", command], text=text)
        assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
        return done.stdout

    def host(self, **changes: Any) -> dict[str, Any]:
        """Return what its Host is declared as."""
        return {"machine": self.id, "addresses": [self.address], "patienceSeconds": 15, **changes}


@dataclass(frozen=True)
class Life:
    """A host and the resources on it."""

    plugin: Plugin
    """The provider, configured."""
    host: State
    """The Host as it is recorded."""
    machine: Machine
    """The machine behind it."""

    @property
    def on(self) -> dict[str, Any]:
        """What every resource on the host is given."""
        outputs = self.host.outputs
        connection = {"addresses": outputs["addresses"], "hostKey": outputs["pinnedHostKey"]}
        return {"host": self.host.id, "connection": {**connection, "port": outputs["port"], "user": outputs["user"]}}

    def inputs(self, kind: str, inputs: Inputs) -> dict[str, Any]:
        """Return inputs as the engine goes on with them."""
        checked = self.plugin.check(kind, dict(inputs) if kind == "Host" else {**self.on, **inputs})
        assert not checked.failures, checked.failures
        return dict(checked.inputs)

    def make(self, kind: str, inputs: Inputs) -> State:
        """Make a resource."""
        return self.plugin.create(kind, self.inputs(kind, inputs))

    def read(self, kind: str, state: State) -> State:
        """Read a resource as a refresh does."""
        found = self.plugin.read(kind, state.id, state.outputs, state.inputs)
        assert found.id, "a resource on a host is never gone: what is missing of it differs"
        return found

    def drift(self, kind: str, state: State) -> dict[str, str]:
        """Return what a refresh finds to differ, by path."""
        found = self.read(kind, state)
        return dict(self.differences(kind, found, state.inputs))

    def differences(self, kind: str, found: State, inputs: Inputs) -> Mapping[str, str]:
        """Return what differs between what was read and what is wanted."""
        answer = self.plugin.diff(kind, found.id, found.outputs, inputs, old_inputs=found.inputs)
        return answer.details

    def up(self, kind: str, state: State, inputs: Inputs) -> State:
        """Make a resource what is wanted, from what a refresh finds."""
        found, wanted = self.read(kind, state), self.inputs(kind, inputs)
        if not self.differences(kind, found, wanted):
            return State(state.id, found.outputs, wanted)
        return self.plugin.update(kind, state.id, found.outputs, wanted, old_inputs=found.inputs)

    def mend(self, kind: str, state: State) -> State:
        """Make a resource what it was declared as, and see that nothing differs then."""
        mended = self.up(kind, state, state.inputs)
        assert self.drift(kind, mended) == {}
        return mended


def declared(plugin: Plugin, machine: Machine) -> Life:
    """Return the life of resources on a machine whose Host is made first."""
    checked = plugin.check("Host", machine.host())
    assert not checked.failures, checked.failures
    return Life(plugin, plugin.create("Host", checked.inputs), machine)
