"""``sophia:k3s:Cluster``."""

from collections.abc import Mapping
from functools import partial
from typing import Any

import pulumi
import pulumi_command
import pulumi_kubernetes
from pulumi_command.remote import ConnectionArgs
from pulumi_kubernetes.apps.v1 import DaemonSet
from pulumi_kubernetes.core.v1 import ConfigMap, NodePatch

import catalog
from components.hosts.host import Host
from components.k3s import acts, gpu, plan
from components.k3s.command import Commands
from components.k3s.plan import ClusterPlan, NodePlan
from components.lambda_.machine import Machine
from components.workload.labels import PLATFORM
from components.workload.objects import NOT_AWAITED
from providers.host import sdk


class Cluster(pulumi.ComponentResource):
    """``sophia:k3s:Cluster``: the machines of a stack are one Kubernetes cluster, and what runs on it can be declared.

    Creates:
        - K3sServer on the machine that runs the control plane.
        - K3sAgent on each of the others, all at the same time.
        - ``command``, the provider of what is done once on the server.
        - Command that takes a snapshot before another release, one that waits for nodes that join, and two for each
          agent: it makes room for its node before it comes, and empties and forgets it before it goes.
        - ``kubernetes``, the provider with the credentials that the server gave.
        - NodePatch for each node, which keeps its labels and taints.
        - ConfigMap that says how GPUs are shared.
        - DaemonSet for each way of sharing, NVIDIA's device plugin, unless an operator brings it.

    Does not create machines or hosts.
    """

    kubeconfig: pulumi.Output[str]
    """Credentials of the cluster's administrator; secret."""
    release: pulumi.Output[str]
    """The release that the server's node reports."""
    api_server: pulumi.Output[str]
    """The address that the API server advertises: its machine's public one, since regions have no other in common."""

    def __init__(
        self,
        name: str,
        *,
        stack: catalog.Stack,
        machines: Mapping[str, Machine],
        hosts: Mapping[str, Host],
        secrets: Mapping[str, pulumi.Output[str]],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Build the cluster.

        Args:
            name: logical name.
            stack: the stack's choice from the catalog: its nodes, its firewall, K3s and its programs.
            machines: its machines by name.
            hosts: its hosts by name.
            secrets: secret values by canonical name: both tokens, and the key that opens SSH sessions.
            opts: resource options.
        """
        planned = plan.cluster(stack)
        super().__init__("sophia:k3s:Cluster", name, planned.facts(), opts)
        child = pulumi.ResourceOptions(parent=self)
        first = planned.server
        act = Commands(
            parent=self,
            name=name,
            provider=pulumi_command.Provider(f"{name}-acts", opts=child),
            connection=_connection(hosts[first.name], first, secrets["LAMBDA_SSH_PRIVATE_KEY"]),
        ).command
        release = planned.k3s.version
        snapshot = act(
            "snapshot",
            acts.SNAPSHOT,
            create=acts.snapshot(release),
            triggers=[release],
            after=[hosts[first.name]],
        )
        public, internal = _addresses(machines[first.name])
        self.api_server = public
        server = sdk.K3sServer(
            f"{name}-{first.name}",
            **_common(planned, hosts[first.name]),
            config=plan.server_config(planned, public=public, internal=internal),
            files=planned.files,
            token=secrets["K3S_TOKEN"],
            agent_token=secrets["K3S_AGENT_TOKEN"],
            address=first.access_address,
            context=planned.context,
            opts=_on(self, first, hosts[first.name], snapshot),
        )
        join = public.apply(lambda address: plan.join_url(address, planned.api_port))
        runs: dict[str, pulumi.Resource] = {first.name: server}
        for node in planned.agents:
            host = hosts[node.name]
            public, internal = _addresses(machines[node.name])
            arrival = act(
                f"{node.name}-arrival",
                acts.ARRIVAL,
                create=public.apply(partial(acts.arrival, node.name)),
                triggers=[host.resource.id],
                after=[server, host],
            )
            runs[node.name] = sdk.K3sAgent(
                f"{name}-{node.name}",
                **_common(planned, host),
                config=plan.agent_config(planned, node, server=join, public=public, internal=internal),
                token=server.join_token,
                opts=_on(self, node, host, server, arrival),
            )
            act(
                f"{node.name}-departure",
                acts.DEPARTURE,
                delete=acts.departure(node.name),
                triggers=[node.name],
                after=[server, runs[node.name]],
            )
        # What runs on the cluster waits for this, not for the agents: one that was there and is down now must not keep
        # what runs on the others from being repaired.
        names = [node.name for node in planned.nodes]
        self.joined = act("joined", acts.JOINED, create=acts.joined(names), triggers=names, after=[server])
        self.provider = pulumi_kubernetes.Provider(
            f"{name}-provider",
            kubeconfig=server.kubeconfig,
            # Credentials and addresses rotate; the cluster stays the same one.
            cluster_identifier=planned.context,
            enable_server_side_apply=True,
            # Changed in place: replaced under their fixed names, they would be away for a moment, and no pod could
            # start.
            enable_config_map_mutable=True,
            enable_secret_mutable=True,
            opts=child,
        )
        for node in planned.nodes:
            _labels(self, f"{name}-{node.name}-labels", node, runs[node.name])
        _gpus(self, name, planned)
        self.kubeconfig, self.release = server.kubeconfig, server.kubelet_version
        self.register_outputs({"kubeconfig": self.kubeconfig, "release": self.release, "api_server": self.api_server})


def _gpus(cluster: Cluster, name: str, planned: ClusterPlan) -> None:
    """Say how GPUs are shared, and have the device plugin offer them, where no operator does."""
    facts = planned.k3s.gpu

    def metadata(called: str) -> dict[str, Any]:
        return {"name": called, "namespace": facts.namespace, "labels": PLATFORM}

    ways = ConfigMap(
        f"{name}-gpu-sharing",
        metadata=metadata(facts.config_map),
        data=planned.sharing,
        opts=pulumi.ResourceOptions(parent=cluster, provider=cluster.provider),
    )
    if planned.device_plugin is None:
        return
    for sharing, configuration in planned.sharing.items():
        DaemonSet(
            f"{name}-{sharing}-device-plugin",
            metadata={**metadata(gpu.device_plugin_name(sharing)), "annotations": NOT_AWAITED},
            spec=gpu.device_plugin(facts, image=planned.device_plugin, sharing=sharing, configuration=configuration),
            opts=pulumi.ResourceOptions(parent=cluster, provider=cluster.provider, depends_on=[ways]),
        )


def _connection(host: Host, node: NodePlan, key: pulumi.Output[str]) -> ConnectionArgs:
    return ConnectionArgs(
        host=node.access_address,
        user="ubuntu",
        private_key=key,
        host_key=host.resource.pinned_host_key,
        dial_error_limit=5,
        per_dial_timeout=10,
    )


def _common(planned: ClusterPlan, host: Host) -> dict[str, Any]:
    return {
        "host": host.resource.id,
        "connection": host.connection,
        "version": planned.k3s.version,
        "artefacts": planned.artefacts,
    }


def _on(parent: pulumi.Resource, node: NodePlan, host: Host, *before: pulumi.Resource) -> pulumi.ResourceOptions:
    """Return the options of what is on a host, once that is whole.

    What is on a machine that is terminated is gone with it; a machine that stays is left without K3s.
    """
    return pulumi.ResourceOptions(
        parent=parent, depends_on=[host, *before], deleted_with=None if node.pinned else host.resource
    )


def _addresses(machine: Machine) -> tuple[pulumi.Output[str], pulumi.Output[str]]:
    """Return a machine's public address, and that of its own network card."""
    both = pulumi.Output.all(machine.address, machine.private_address)
    return machine.address, both.apply(lambda known: plan.internal_address(known[0], known[1]))


def _labels(cluster: Cluster, name: str, node: NodePlan, runs: pulumi.Resource) -> NodePatch:
    """Keep what K3s says at registration alone; a node that goes takes it along."""
    taints = [{"key": one.key, "value": one.value, "effect": one.effect} for one in node.taints]
    return NodePatch(
        name,
        metadata={
            "name": node.name,
            "labels": node.labels,
            # Whoever changes one by hand owns it then; it is ours.
            "annotations": {"pulumi.com/patchForce": "true"},
        },
        # Where there are none of ours, those of the cluster itself are not ours to keep.
        spec={"taints": taints} if taints else None,
        opts=pulumi.ResourceOptions(parent=cluster, provider=cluster.provider, depends_on=[runs], deleted_with=runs),
    )
