"""A cluster of machines for tests: the stand-in for K3s, put on them and started by hand."""

import io
import json
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import catalog
from catalog.machine import GpuSharing
from catalog.versions import read_versions
from components.k3s import gpu
from rehearsal.machines import MachineSpec, Room, image
from rehearsal.toolchain import Toolchain, ensure, progress_for
from rehearsal.toolchain.machine_programs import STAND_IN

JOINING = "rehearsal-joining"
"""What lets agents in."""
PATIENCE = 240.0
"""Seconds; a server and two agents are Ready after 25 on two cores, and after 100 on ten times overloaded ones."""

UNIT = """\
[Unit]
Description=K3s
[Service]
Type=notify
KillMode=process
Delegate=yes
LimitNOFILE=1048576
TasksMax=infinity
TimeoutStartSec=0
ExecStart=/usr/local/bin/k3s {role}
[Install]
WantedBy=multi-user.target
"""

SERVER = """\
cluster-init: true
flannel-backend: wireguard-native
flannel-external-ip: true
secrets-encryption: true
egress-selector-mode: pod
tls-san: [{public}]
"""


def toolchain() -> Toolchain:
    return ensure(catalog.load(), progress=(told := progress_for(io.StringIO())), root=image.ensure(told))


@dataclass(frozen=True, slots=True)
class Cluster:
    """Machines that K3s was put on; the first is the server, and a node is called as its machine's host."""

    room: Room
    tools: Toolchain
    machines: tuple[MachineSpec, ...]

    def start(self, machine: MachineSpec, *more: str) -> None:
        """Make a machine the server or an agent, with more lines of config.yaml."""
        server = self.machines[0]
        role = "server" if machine is server else "agent"
        lines = [
            f"node-name: {machine.name}",
            f"node-ip: {machine.private}",
            f"node-external-ip: {machine.public}",
            f"token: {JOINING}",
            "kubelet-arg: [fail-cgroupv1=false]",
            SERVER.format(public=server.public) if role == "server" else f"server: https://{server.public}:6443",
            *more,
        ]
        program = self.tools.artefacts / self.tools.k3s[read_versions().k3s]
        home = self.room.folder.disks / machine.id / "volumes/rancher/k3s-program"
        home.write_bytes(program.read_bytes())
        self.shell(machine, "install -D -m 755 /var/lib/rancher/k3s-program /usr/local/bin/k3s")
        self.put(machine, "/etc/rancher/k3s/config.yaml", "\n".join(lines))
        self.put(machine, "/etc/systemd/system/k3s.service", UNIT.format(role=role))
        self.shell(machine, "systemctl daemon-reload && systemctl enable --quiet k3s && systemctl start --no-block k3s")

    def put(self, machine: MachineSpec, path: str, text: str) -> None:
        self.shell(machine, f"install -D -m 600 /dev/stdin {path}", text=text)

    def shell(self, machine: MachineSpec, command: str, *, text: str = "") -> str:
        done = self.room.enter(machine.id, ["sh", "-c", command], text=text, seconds=120)
        assert done.returncode == 0, f"{machine.name}: {command}: {done.stderr}"
        return done.stdout

    def kubectl(self, *arguments: str, text: str = "") -> subprocess.CompletedProcess[str]:
        command = ["/usr/local/bin/k3s", "kubectl", *arguments]
        return self.room.enter(self.machines[0].id, command, text=text, seconds=60)

    def get(self, *what: str) -> Any:
        done = self.kubectl("get", *what, "--output=json")
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def apply(self, *objects: dict[str, Any]) -> None:
        done = self.kubectl(
            "apply", "--filename=-", text=json.dumps({"apiVersion": "v1", "kind": "List", "items": objects})
        )
        assert done.returncode == 0, done.stderr

    def ready_nodes(self) -> list[str]:
        done = self.kubectl("get", "nodes", "--output=json")
        nodes = json.loads(done.stdout)["items"] if done.returncode == 0 else []
        return sorted(node["metadata"]["name"] for node in nodes if is_true(node, "Ready"))

    def pod_on(self, machine: MachineSpec, label: str) -> dict[str, Any]:
        """The one pod with a label on a machine."""
        (pod,) = self.get("pods", f"--selector=app={label}", f"--field-selector=spec.nodeName={machine.name}")["items"]
        return dict(pod)

    def connects(self, machine: MachineSpec, address: str, port: int, *, pod: str = "") -> bool:
        """Whether a connection to an address is taken, from a machine or from its pod of an address of its own."""
        program = f"import socket; socket.create_connection(({address!r}, {port}), 2)"
        inside = f'for n in /run/netns/*; do nsenter --net=$n ip -4 -o address | grep -q "inet {pod}/" && break; done;'
        enter = f"{inside} nsenter --net=$n " if pod else ""
        return self.room.enter(machine.id, ["sh", "-c", f'{enter}python3 -c "{program}"']).returncode == 0

    def ready(self, label: str, count: int) -> bool:
        pods = self.get("pods", f"--selector=app={label}")["items"]
        return sum(is_true(pod, "Ready") for pod in pods) == count == len(pods)

    def journal(self) -> str:
        """What to show when something does not come."""
        tails = (
            self.room.enter(one.id, ["journalctl", "-u", "k3s", "-n", "25", "-o", "cat"]).stdout
            for one in self.machines
        )
        return "\n---\n".join(tails)

    def wait(self, what: str, done: Callable[[], bool], *, seconds: float = PATIENCE) -> None:
        deadline = time.monotonic() + seconds
        while not done():
            assert time.monotonic() < deadline, f"{what}: not after {seconds:.0f} s:\n{self.journal()}"
            time.sleep(0.3)


def is_true(item: dict[str, Any], condition: str) -> bool:
    return any(one["type"] == condition and one["status"] == "True" for one in item["status"].get("conditions", ()))


def daemon_set(name: str, image: str, port: int, *, nodes: Sequence[str] = ()) -> dict[str, Any]:
    """A pod on every node that runs pods, or on some, with the restricted profile and both probes."""
    probe = {"httpGet": {"path": "/health", "port": port}, "periodSeconds": 1}
    affinity: list[dict[str, Any]] = [{"key": "kwok.x-k8s.io/node", "operator": "DoesNotExist"}]
    if nodes:
        affinity.append({"key": "kubernetes.io/hostname", "operator": "In", "values": list(nodes)})
    terms = {"nodeSelectorTerms": [{"matchExpressions": affinity}]}
    container = {
        "name": name,
        "image": image,
        "env": [{"name": "SERVICE_PORT", "value": str(port)}, {"name": "SERVICE_NAME", "value": name}],
        "readinessProbe": probe,
        "livenessProbe": probe,
        "resources": {"requests": {"cpu": "3", "memory": "12Gi"}},
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
            "readOnlyRootFilesystem": True,
        },
    }
    spec = {
        "automountServiceAccountToken": False,
        "affinity": {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": terms}},
        "securityContext": {"runAsNonRoot": True, "runAsUser": 10001, "seccompProfile": {"type": "RuntimeDefault"}},
        "containers": [container],
    }
    labels = {"app": name}
    template = {"metadata": {"labels": labels}, "spec": spec}
    return {
        "apiVersion": "apps/v1",
        "kind": "DaemonSet",
        "metadata": {"name": name, "namespace": "default"},
        "spec": {"selector": {"matchLabels": labels}, "template": template},
    }


def device_plugins(*ways: GpuSharing) -> list[dict[str, Any]]:
    """What a cluster of the program has for ways of sharing GPUs."""
    facts = catalog.load().k3s.gpu
    assert facts.image
    configurations = {gpu.sharing_name(way): gpu.sharing_config(way) for way in ways}

    def named(name: str, kind: str, version: str) -> dict[str, Any]:
        return {"apiVersion": version, "kind": kind, "metadata": {"name": name, "namespace": facts.namespace}}

    sets = [
        {
            **named(gpu.device_plugin_name(name), "DaemonSet", "apps/v1"),
            "spec": gpu.device_plugin(facts, image=facts.image.reference, sharing=name, configuration=configuration),
        }
        for name, configuration in configurations.items()
    ]
    return [{**named(facts.config_map, "ConfigMap", "v1"), "data": configurations}, *sets]


def taking(name: str, shares: str) -> dict[str, Any]:
    """A pod that takes shares of a GPU."""
    pod = daemon_set(name, STAND_IN, 8080)["spec"]["template"]["spec"]
    amounts = {"nvidia.com/gpu": shares}
    pod["containers"][0]["resources"] = {"requests": amounts, "limits": amounts}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "namespace": "default"}, "spec": pod}
