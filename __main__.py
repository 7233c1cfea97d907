"""The picture of the Sophia AI platform: what is loaded, what is built from it, what it exports."""

import atexit
import gc

import pulumi
import pulumi_kubernetes

import catalog
from components import AccountFirewall, Hosts, LambdaCluster, McpFleet
from settings import Settings

# A run keeps nearly all it makes: looking for garbage took half the time of a large one, and 0.4 s at its end.
gc.disable()
atexit.register(gc.freeze)

facts = catalog.load()
settings = Settings.load(facts)
stack = settings.choose(facts)

machines = LambdaCluster("lambda", stack=stack)

hosts = Hosts(
    "hosts",
    stack=stack,
    machines=machines.by_name,
    fingerprint_key=settings.fingerprint_key,
    opts=pulumi.ResourceOptions(depends_on=[machines]),
)

# It closes SSH to the world: only when all hosts can be reached through their access interface.
AccountFirewall("lambda-account", stack=stack, opts=pulumi.ResourceOptions(depends_on=[hosts]))

cluster = pulumi_kubernetes.Provider(
    "cluster",
    kubeconfig=settings.kubeconfig,
    # Credentials and addresses rotate; the cluster stays the same one.
    cluster_identifier=f"sophia-{stack.name}",
    enable_server_side_apply=True,
    # Changed in place: replaced under their fixed names, they would be away for a moment, and no pod could start.
    enable_config_map_mutable=True,
    enable_secret_mutable=True,
)

fleet = McpFleet(
    "sophia-mcp",
    stack=stack,
    secrets=settings.secrets,
    fingerprint_key=settings.fingerprint_key,
    # Where no machine is up there is no cluster to run on; and what runs goes before its machines do. It does not wait
    # for the hosts: one that is down must not keep all the rest from being repaired.
    opts=pulumi.ResourceOptions(providers=[cluster], depends_on=[machines]),
)

pulumi.export("nodes", [node.name for node in stack.nodes])
pulumi.export("mcp_endpoints", fleet.endpoints)
pulumi.export("addresses", machines.addresses)
pulumi.export("access", hosts.access)
pulumi.export("host_firewall", machines.host_firewall)
pulumi.export("hourly_cost_usd", machines.hourly_cost_usd)
pulumi.export("monthly_cost_usd", machines.monthly_cost_usd)
pulumi.export("expected_monthly_cost_usd", machines.expected_monthly_cost_usd)
