"""What K3s is on each machine of a stack, as plain values: the mesh, its addresses, its flags."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import pulumi

import catalog
from catalog.k3s import FlagValue, K3s, Part, Program
from catalog.machine import Taint
from components.k3s import files, gpu
from providers.host.sdk import ArtefactArgs, K3sFileArgs

ENCAPSULATION = {"wireguard-native": 80, "vxlan": 50, "host-gw": 0}
"""Bytes that each kind of mesh adds to a packet, as flannel counts them."""

API_ROW = "kubernetes-api"
"""The row of the firewall that opens the API server."""

GATEWAY_ROW = "https"
"""The row of the firewall that opens the gateway, on the machines that it is reached at."""

LOAD_BALANCER = "svccontroller.k3s.cattle.io/enablelb"
"""Label of the nodes at whose addresses Services of type LoadBalancer are reached, and no others (K3s' ServiceLB)."""

Config = dict[str, Any]
"""What config.yaml says; addresses may not be known yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NodePlan:
    """One node of the cluster."""

    name: str
    """Its name: the machine's."""
    part: Literal["server", "agent"]
    """Its part in the cluster."""
    access_address: str
    """Its address in the access network."""
    gpu: bool
    """Whether it has a GPU."""
    pinned: bool
    """Whether its machine stays when it leaves the stack."""
    labels: Mapping[str, str]
    """Its labels, the way its GPU is shared among them."""
    taints: tuple[Taint, ...]
    """Its taints."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterPlan:
    """The cluster of a stack."""

    context: str
    """What the cluster is called in kubeconfigs."""
    k3s: K3s
    """What the catalog says of K3s, with the stack's release."""
    mesh: str
    """The kind of mesh: flannel's backend."""
    api_port: int
    """The port of the API server."""
    reserved: str
    """What every node keeps for itself, as the kubelet takes it."""
    max_pods: int
    """Pods per node."""
    nodes: tuple[NodePlan, ...]
    """Its nodes, in the order the machines were chosen."""
    artefacts: Mapping[str, ArtefactArgs]
    """The program of K3s by architecture."""
    sharing: Mapping[str, str]
    """Configurations of the device plugin, by name."""
    device_plugin: str | None
    """Its image, with the digest where one is locked; None where an operator brings the plugin."""

    @property
    def server(self) -> NodePlan:
        """The node that runs the control plane."""
        (server,) = [node for node in self.nodes if node.part == "server"]
        return server

    @property
    def agents(self) -> tuple[NodePlan, ...]:
        """The others."""
        return tuple(node for node in self.nodes if node.part == "agent")

    @property
    def mtu(self) -> int:
        """How large a packet of a pod may be."""
        return self.k3s.network.mtu - ENCAPSULATION[self.mesh]

    @property
    def files(self) -> tuple[K3sFileArgs, ...]:
        """The policies that the server reads."""
        return files.policies(self.k3s)

    def facts(self) -> dict[str, Any]:
        """Return what policies judge, plain and known in a preview."""
        return {
            "context": self.context,
            "version": self.k3s.version,
            "mesh": self.mesh,
            "mtu": self.mtu,
            "server": self.server.name,
            "agents": [node.name for node in self.agents],
            "gpu_mode": self.k3s.gpu.mode,
        }


def cluster(stack: catalog.Stack) -> ClusterPlan:
    """Return the cluster of a stack."""
    shared = [machine.gpu_sharing for machine in stack.machines.values() if machine.gpu_sharing]
    reserved = stack.reserve.reserved
    return ClusterPlan(
        context=f"sophia-{stack.name}",
        k3s=stack.k3s,
        mesh=stack.firewall.mesh,
        api_port=stack.firewall.ports[API_ROW].port or 0,
        reserved=f"cpu={reserved.cpu},memory={reserved.memory}",
        max_pods=stack.reserve.max_pods,
        nodes=tuple(_node(node, stack) for node in stack.nodes),
        artefacts=_artefacts(stack.k3s_programs),
        sharing={gpu.sharing_name(way): gpu.sharing_config(way) for way in sorted(shared, key=gpu.sharing_name)},
        device_plugin=stack.image(stack.k3s.gpu.image) if stack.k3s.gpu.image else None,
    )


def server_config(plan: ClusterPlan, *, public: pulumi.Input[str], internal: pulumi.Input[str]) -> Config:
    """Return what config.yaml of the server says.

    Args:
        plan: the cluster.
        public: its public address, by which the others join and their pods' packets come.
        internal: the address of its own network card.
    """
    node, k3s = plan.server, plan.k3s
    told = _everywhere(plan, node, public=public, internal=internal)
    told |= {
        "cluster-cidr": [k3s.network.pods],
        "service-cidr": [k3s.network.services],
        "flannel-backend": plan.mesh,
        "flannel-external-ip": True,
        # Whoever joins or comes in finds it by one of these names.
        "tls-san": [node.name, node.access_address, public],
        "etcd-snapshot-schedule-cron": k3s.snapshots.schedule,
        "etcd-snapshot-retention": k3s.snapshots.retention,
        **_plain(k3s.flags.server),
        **_passed_on(plan, [part for part in Part if not part.on_agents]),
    }
    if storage := k3s.snapshots.object_storage:
        told |= {"etcd-s3": True, "etcd-s3-config-secret": storage.secret, "etcd-s3-retention": storage.retention}
    return dict(sorted(told.items()))


def agent_config(
    plan: ClusterPlan,
    node: NodePlan,
    *,
    server: pulumi.Input[str],
    public: pulumi.Input[str],
    internal: pulumi.Input[str],
) -> Config:
    """Return what config.yaml of an agent says.

    Args:
        plan: the cluster.
        node: the agent.
        server: where it joins, as :func:`join_url` gives it.
        public: its public address.
        internal: the address of its own network card.
    """
    told = {**_everywhere(plan, node, public=public, internal=internal), "server": server}
    return dict(sorted(told.items()))


def join_url(address: str, port: int) -> str:
    """Return where agents join: by the public address, since regions have no other in common.

    >>> join_url("203.0.113.7", 6443)
    'https://203.0.113.7:6443'
    """
    return f"https://{address}:{port}"


def internal_address(public: str, private: str | None) -> str:
    """Return the address of a machine's own network card; a machine without a private one has its public one there."""
    return private or public


def taint(one: Taint) -> str:
    """Return a taint as K3s takes it.

    >>> taint(Taint(key="sophia.ai/dedicated", value="core", effect="NoSchedule"))
    'sophia.ai/dedicated=core:NoSchedule'
    """
    return f"{one.key}={one.value}:{one.effect}"


def _node(node: catalog.Node, stack: catalog.Stack) -> NodePlan:
    machine = stack.machines[node.name]
    sharing = machine.gpu_sharing
    own = {stack.k3s.gpu.label: gpu.sharing_name(sharing)} if sharing else {}
    if node.k3s == stack.firewall.ports[GATEWAY_ROW].targets:
        own[LOAD_BALANCER] = "true"
    return NodePlan(
        name=node.name,
        part=node.k3s,
        access_address=machine.access_address,
        gpu=sharing is not None,
        pinned=machine.pinned,
        labels={**node.labels, **own},
        taints=node.taints,
    )


def _artefacts(programs: Mapping[Any, Program]) -> Mapping[str, ArtefactArgs]:
    """Return the programs whose digest is known; where none is, all, so that the refusal names them."""
    known = {name: program for name, program in programs.items() if program.sha256} or programs
    return {str(name): {"url": p.url, "sha256": p.sha256} if p.sha256 else {"url": p.url} for name, p in known.items()}


def _everywhere(plan: ClusterPlan, node: NodePlan, *, public: pulumi.Input[str], internal: pulumi.Input[str]) -> Config:
    """Return what every node is told; labels and taints count when it registers, and are the API's from then on."""
    told: Config = {
        "node-name": node.name,
        "node-ip": [internal],
        "node-external-ip": [public],
        "node-label": [f"{key}={value}" for key, value in sorted(node.labels.items())],
        **_plain(plan.k3s.flags.all),
        **(_plain(plan.k3s.flags.gpu) if node.gpu else {}),
        **_passed_on(plan, [part for part in Part if part.on_agents]),
    }
    return told | ({"node-taint": [taint(one) for one in node.taints]} if node.taints else {})


def _passed_on(plan: ClusterPlan, parts: list[Part]) -> Config:
    computed: Mapping[Part, Mapping[str, str]] = {
        Part.API_SERVER: {
            "admission-control-config-file": files.ADMISSION,
            **files.audit_arguments(plan.k3s.audit),
        },
        Part.KUBELET: {"max-pods": str(plan.max_pods), "system-reserved": plan.reserved},
    }
    stated = plan.k3s.arguments
    told = {part: {**stated.get(part, {}), **computed.get(part, {})} for part in parts}
    return {f"{part}-arg": _arguments(told[part]) for part in parts if told[part]}


def _arguments(values: Mapping[str, str | tuple[str, ...]]) -> list[str]:
    return [f"{flag}={value if isinstance(value, str) else ','.join(value)}" for flag, value in sorted(values.items())]


def _plain(flags: Mapping[str, FlagValue]) -> Config:
    return {flag: [*value] if isinstance(value, tuple) else value for flag, value in flags.items()}
