"""A host behind the table, with its access interface, and the places that it is looked at from."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from subprocess import CompletedProcess
from typing import Any

from providers.host.instants import spelt
from providers.kit.testing import Plugin, Secret, State
from rehearsal.machines import Room
from tests.host.declarations import ROWS
from tests.host.life import Life, declared
from tests.host.peers import KeyPair

RUNNER = "198.19.255.10"
"""Where the provider comes from."""
STRANGER = "198.19.255.20"
FRIEND = "198.19.255.21"
"""Where people come in from."""
BREAK_GLASS = {"cidr": f"{RUNNER}/32", "reason": "the tests", "owner": "tests", "expires": "2099-01-01T00:00:00Z"}
ADDRESS = "10.97.0.1"


def soon(seconds: float) -> str:
    """Return the instant some seconds from now."""
    return spelt(time.time() + seconds)


def configured(process: Plugin, room: Room, key: str) -> Plugin:
    """Return the plugin, configured for the machines of a room."""
    process.configure({"sshPrivateKey": Secret(key), "proxyUrl": room.gate, "fingerprintKey": Secret("f" * 64)})
    return process


@dataclass(frozen=True)
class Ground:
    """One host, and what it is declared as."""

    plugin: Plugin
    room: Room
    machine: Any

    def meet(self) -> Life:
        """Return the life of resources on it, as a run begins it."""
        return declared(self.plugin, self.machine)

    @property
    def private(self) -> str:
        """Its private address."""
        return f"10.16.0.{self.machine.id[1:]}"

    def firewall(self, **changes: Any) -> Mapping[str, Any]:
        """Return what its firewall is declared as."""
        nodes = [self.machine.address, self.private]
        given = {"rows": list(ROWS), "nodes": nodes, "breakGlass": [BREAK_GLASS], "rollbackSeconds": 6}
        return {**given, **changes}

    def access(self, *peers: Mapping[str, Any], **changes: Any) -> Mapping[str, Any]:
        """Return what its access interface is declared as."""
        return {"address": f"{ADDRESS}/24", "peers": list(peers), "rollbackSeconds": 6, **changes}

    def inside(self, command: Sequence[str], text: str = "") -> CompletedProcess[str]:
        """Run a command inside it."""
        return self.room.enter(self.machine.id, command, text=text)


def peer(keys: KeyPair, name: str = "ann", address: str = "10.97.0.50", **more: Any) -> dict[str, Any]:
    """Return a peer as it is declared."""
    return {"name": name, "publicKey": keys.public, "address": address, **more}


def public_key(access: State) -> str:
    """Return the public key of a host's access interface."""
    return str(access.outputs["publicKey"])
