"""Clusters of real machines, with the programs that the rehearsal brings."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from providers.kit.testing import Plugin, Secret, State
from rehearsal.machines import Room
from rehearsal.machines.testing import key_pair, spec, temporary_room
from rehearsal.toolchain import Toolchain
from tests.host.life import Life, Machine, declared

KUBECTL = "/usr/local/bin/k3s kubectl"
POLICY = "/etc/rancher/k3s/audit.yaml"
AUDIT = "apiVersion: audit.k8s.io/v1\nkind: Policy\nrules:\n- level: Metadata\n"


@dataclass(frozen=True)
class K3sGround:
    """A room whose machines can be nodes, and the provider."""

    room: Room
    plugin: Plugin
    toolchain: Toolchain
    keys: tuple[str, str]

    def configure(self, **changes: Any) -> None:
        """Configure the provider for the machines."""
        given = {
            "sshPrivateKey": Secret(self.keys[0]),
            "proxyUrl": self.room.gate,
            "fingerprintKey": Secret("f" * 64),
            "artefacts": str(self.toolchain.artefacts),
        }
        self.plugin.configure({**given, **changes})

    def boot(self, number: int) -> "Installed":
        """Boot a machine and meet it."""
        wanted = spec(number, self.keys[1])
        self.room.boot(wanted)
        machine = Machine(self.room, wanted.id, wanted.public, self.keys[0])
        return Installed(self, machine, declared(self.plugin, machine))

    def binary(self, version: str) -> Mapping[str, Any]:
        """Return what a version is declared by."""
        return {"version": version, "artefacts": {"amd64": {"sha256": self.toolchain.k3s[version]}}}

    @property
    def versions(self) -> tuple[str, str]:
        """The version before, and the version."""
        before, now = sorted(self.toolchain.k3s)
        return before, now


@dataclass(frozen=True)
class Installed:
    """A machine that is, or will be, a node."""

    ground: K3sGround
    machine: Machine
    life: Life

    @property
    def run(self) -> Callable[..., str]:
        """Runs a command there as root."""
        return self.machine.run

    @property
    def config(self) -> dict[str, Any]:
        """What a node of any role is configured with."""
        return {
            "node-name": self.machine.id,
            "node-ip": f"10.16.0.{self.machine.id[1:]}",
            "node-external-ip": self.machine.address,
            "kubelet-arg": ["fail-cgroupv1=false"],
        }

    def server(self, *, config: Mapping[str, Any] | None = None, **changes: Any) -> dict[str, Any]:
        """Return what a server there is declared as."""
        own = {
            "cluster-init": True,
            "secrets-encryption": True,
            "flannel-backend": "wireguard-native",
            "flannel-external-ip": True,
            "tls-san": [self.machine.address],
            "kube-apiserver-arg": [f"audit-policy-file={POLICY}", "audit-log-path=/var/lib/rancher/k3s/audit.log"],
        }
        given = {
            **self.ground.binary(self.ground.versions[1]),
            "config": {**self.config, **own, **(config or {})},
            "files": [{"path": POLICY, "content": AUDIT}],
            "token": Secret("server-token-of-these-tests"),
            "agentToken": Secret("agent-token-of-these-tests"),
            "address": self.machine.address,
            "context": "dev",
            "patienceSeconds": 120,
        }
        return {**given, **changes}

    def agent(self, server: State, *, config: Mapping[str, Any] | None = None, **changes: Any) -> dict[str, Any]:
        """Return what an agent there is declared as."""
        joined = {"server": f"https://{server.outputs['address']}:6443"}
        given = {
            **self.ground.binary(self.ground.versions[1]),
            "config": {**self.config, **joined, **(config or {})},
            "token": server.outputs["joinToken"],
            "patienceSeconds": 60,
        }
        return {**given, **changes}

    def process(self, unit: str) -> str:
        """Return the number of a unit's process."""
        return self.run(f"systemctl show {unit} -p MainPID --value").strip()

    def node(self, name: str) -> Mapping[str, Any]:
        """Return a node as the API, asked on this machine, has it."""
        found: Mapping[str, Any] = yaml.safe_load(self.run(f"{KUBECTL} get node {name} -o yaml"))
        return found

    @contextmanager
    def fault(self, name: str, *versions: str) -> Iterator[None]:
        """Have K3s fail while the block runs."""
        folder = "/etc/rehearsal/k3s-faults"
        self.run(f"mkdir -p {folder}; echo '{' '.join(versions)}' > {folder}/{name}")
        try:
            yield
        finally:
            self.run(f"rm -f {folder}/{name}")


@dataclass(frozen=True)
class Cluster:
    """A server and an agent that joined it."""

    server: Installed
    agent: Installed
    server_state: State
    agent_state: State


@contextmanager
def k3s_ground(plugin: Plugin, toolchain: Toolchain) -> Iterator[K3sGround]:
    """Give a room for nodes; nothing of it is left after the block.

    Args:
        plugin: the provider's process.
        toolchain: the programs.
    """
    with temporary_room(Path(toolchain.machine_programs)) as room:
        ground = K3sGround(room, plugin, toolchain, key_pair())
        ground.configure()
        yield ground
