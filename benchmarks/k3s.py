"""Configured machines made a cluster, by the real component: alone, with one agent and with five; then nothing to do.

Six machines share the processors of this computer, where six real ones have their own: how agents join beside each
other is measured with a fifth of a core for each agent's machine, and what sharing costs stands beside it.

The machines are hosts already, with their packages, their firewall and the access interface: what is measured is the
`up` that adds K3s. Of the second `up` it is told what K3s takes: what goes on top of the same stack's whose provider is
`benchmarks/still_hosts`, which answers at once, less the same of hosts alone.
"""

import json
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

import yaml

from benchmarks.hosts import ROUNDS, boot, host_provider, share_out, unchanged
from benchmarks.project import UP, Project, environment, project
from benchmarks.samples import Beside, Row, beside, machine, ratio, show
from catalog import load
from ops.access import CI, wg_quick
from ops.access import hosts as reachable
from rehearsal.access import private_key, public_key
from rehearsal.environment import install_plugins
from rehearsal.home import Folder
from rehearsal.machines import image
from rehearsal.machines.names import RUNNER
from rehearsal.machines.testing import key_pair, temporary_room
from rehearsal.pulumi_cloud.store import read_checkpoint
from rehearsal.toolchain import Toolchain, ensure, progress_for

AGENTS = 5
READY_SECONDS = 60.0
GROWTH = 1.5
AGAIN_SECONDS = 2.0
REAL, STILL = "providers/host", "benchmarks/still_hosts"
NODE_PROGRAMS = ("k3s", "containerd", "kubelet", "kube-proxy")

_PROGRAM = """
import json
import os
from dataclasses import replace
from types import SimpleNamespace

import pulumi

import catalog
from catalog.access import BreakGlass
from components import Hosts, K3sCluster

entry = {"reason": "first contact", "owner": "benchmark", "expires": "2099-01-01T00:00:00Z"}
chosen = catalog.load().stack(
    "dev",
    machines=["sophia-development"],
    image_lock="rehearsal",
    k3s_artefacts=json.loads(os.environ["K3S_ARTEFACTS"]),
    access_ci_public_key=os.environ["CI_PUBLIC_KEY"],
    break_glass=[BreakGlass(cidr=os.environ["RUNNER"] + "/32", **entry)],
)
((machine,), (node,)) = (chosen.machines.values(), chosen.nodes)
parts = {f"host-{number}": number for number in range(1, int(os.environ["HOSTS"]) + 1)}
part = {name: "server" if number == 1 else "agent" for name, number in parts.items()}
stack = replace(
    chosen,
    machines={
        name: machine.model_copy(update={"k3s": part[name], "access_address": f"10.97.0.{number}", "gpu_sharing": None})
        for name, number in parts.items()
    },
    nodes=tuple(node.model_copy(update={"name": name, "k3s": part[name]}) for name in parts),
)
machines = {
    name: SimpleNamespace(
        instance=f"m{number}",
        address=pulumi.Output.from_input(f"203.0.113.{number}"),
        private_address=pulumi.Output.from_input(f"10.16.0.{number}"),
    )
    for name, number in parts.items()
}
hosts = Hosts("hosts", stack=stack, machines=machines, fingerprint_key=pulumi.Output.secret(os.environ["TOKEN"]))
pulumi.export("access", hosts.access)
if os.environ["PHASE"] == "cluster":
    secrets = {"K3S_TOKEN": "TOKEN", "K3S_AGENT_TOKEN": "AGENT_TOKEN", "LAMBDA_SSH_PRIVATE_KEY": "HOST_SSH_PRIVATE_KEY"}
    K3sCluster(
        "k3s",
        stack=stack,
        machines=machines,
        hosts=hosts.by_name,
        secrets={name: pulumi.Output.secret(os.environ[variable]) for name, variable in secrets.items()},
        opts=pulumi.ResourceOptions(providers=[hosts.provider]),
    )
"""


def measure() -> list[Row]:
    """Return how long clusters take to be Ready, what agents add, and what finding nothing to do takes."""
    toolchain = ensure(load(), progress=progress_for(), root=image.ensure(progress_for()))
    alone = _cluster(1, toolchain)
    one = _cluster(2, toolchain)
    many = _cluster(1 + AGENTS, toolchain)
    confined = [_cluster(count, toolchain, confined=True)["first"] for count in (2, 1 + AGENTS)]
    return [
        Row("a server alone, its control plane's start included", f"{alone['first']:.1f} s"),
        Row(
            f"a server and {AGENTS} agents, Ready",
            f"{many['first']:.1f} s",
            f"under {READY_SECONDS:.0f} s",
            many["first"] < READY_SECONDS,
        ),
        Row("what one agent adds", f"{one['first'] - alone['first']:.1f} s"),
        ratio(
            f"{AGENTS} agents against one, each machine with processors of its own", confined[1] / confined[0], GROWTH
        ),
        Row("the same where all share this computer's", f"{many['first'] / one['first']:.2f}"),
        Row(
            "a second up",
            f"{many['again']:.1f} s, {many['own']:.1f} s of it K3s' own",
            f"at most {AGAIN_SECONDS:.0f} s its own",
            many["own"] <= AGAIN_SECONDS,
        ),
        Row("memory of an agent's node without pods", f"{many['memory']:.0f} MiB"),
    ]


def _cluster(count: int, toolchain: Toolchain, *, confined: bool = False) -> Mapping[str, float]:
    private, public = key_pair()
    ci = private_key()
    with (
        tempfile.TemporaryDirectory(prefix="sophia-bench-") as folder,
        temporary_room(toolchain.machine_programs) as room,
    ):
        boot(room, count, public)
        if confined:
            share_out(room, range(2, count + 1))
        place = Folder(Path(folder), "dev")
        install_plugins(place, toolchain)
        digests = {release: {"amd64": digest, "arm64": digest} for release, digest in toolchain.k3s.items()}
        settings = {
            "PULUMI_HOME": str(place.pulumi_home),
            "HOST_ARTEFACTS": str(toolchain.artefacts),
            "HOST_SSH_PRIVATE_KEY": private,
            "HOST_PROXY_URL": room.gate,
            "CI_PUBLIC_KEY": public_key(ci),
            "RUNNER": RUNNER,
            "HOSTS": str(count),
            "K3S_ARTEFACTS": json.dumps(digests),
            "TOKEN": private_key().replace("=", ""),
            "AGENT_TOKEN": private_key().replace("=", ""),
        }
        engine = environment(Path(folder), toolchain.bin, {**settings, "PHASE": "hosts"})
        hosts = project(Path(folder) / "cluster", engine, {"__main__.py": _PROGRAM}, host_provider(REAL))
        cluster = Project(hosts.folder, {**engine, "PHASE": "cluster"})
        hosts.initialise()
        hosts.timed(*UP)
        state = read_checkpoint(Path(folder) / ".pulumi/stacks/cluster/dev.json").get("resources") or ()
        peer = load().access.peers[CI]
        room.join_access(wg_quick(CI, peer, stack="dev", hosts=reachable(state), private_key=ci))
        if confined:
            return {"first": cluster.timed(*UP)[0]}
        without = _again(hosts)
        first = cluster.timed(*UP)[0]
        again = _again(cluster)
        listed = room.enter(f"m{count}", ["ps", "-C", ",".join(NODE_PROGRAMS), "-o", "rss="])
        memory = sum(int(line) for line in listed.stdout.split()) / 1024
        return {"first": first, "again": again.whole, "own": again.own - without.own, "memory": memory}


def _again(stack: Project) -> Beside:
    """Return what a second `up` takes, and what of it is not the engine's."""
    return beside(lambda: _unchanged(stack, REAL), lambda: _unchanged(stack, STILL), runs=ROUNDS)


def _unchanged(stack: Project, provider: str) -> float:
    file = stack.folder / "Pulumi.yaml"
    described = yaml.safe_load(file.read_text(encoding="utf-8"))
    file.write_text(yaml.safe_dump({**described, **host_provider(provider)}), encoding="utf-8")
    return unchanged(stack)


if __name__ == "__main__":
    sys.stdout.write(f"{machine()}\n\n")
    show("K3s", measure())
