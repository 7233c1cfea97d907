"""The picture of the Sophia AI platform: what is loaded, what is built from it, what it exports."""

import atexit
import gc

import pulumi

import catalog
from catalog.collection import VECTOR_STORE
from catalog.namespace import DATA, SERVERS, SITES
from components import (
    AccountFirewall,
    Addons,
    Backups,
    DataServices,
    Gateway,
    Hosts,
    K3sCluster,
    LambdaCluster,
    McpFleet,
    Memory,
    Sites,
    Zone,
)
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

cluster = K3sCluster(
    "k3s",
    stack=stack,
    machines=machines.by_name,
    hosts=hosts.by_name,
    secrets=settings.secrets,
    opts=pulumi.ResourceOptions(providers=[hosts.provider]),
)

# They wait until all nodes have joined, once; not for the hosts and agents that they are: one that is down must not
# keep all the rest from being repaired. And what runs goes before its machines do.
addons = Addons(
    "addons",
    stack=stack,
    opts=pulumi.ResourceOptions(providers=[cluster.provider], depends_on=[machines, cluster.joined]),
)

gateway = Gateway(
    "gateway", stack=stack, opts=pulumi.ResourceOptions(providers=[cluster.provider], depends_on=[addons])
)

data = DataServices(
    DATA,
    stack=stack,
    secrets=settings.secrets,
    fingerprint_key=settings.fingerprint_key,
    opts=pulumi.ResourceOptions(providers=[cluster.provider], depends_on=[machines, addons.by_name["cert-manager"]]),
)

memory = Memory("memory", stack=stack, server=data.by_name.get(VECTOR_STORE))

# The vector store has made the keys of its users itself.
secrets = {**settings.secrets, **memory.secrets}

Backups(
    "backups",
    stack=stack,
    namespace=data.namespace,
    called=DATA,
    secrets=secrets,
    opts=pulumi.ResourceOptions(providers=[cluster.provider], depends_on=[data]),
)

sites = Sites(
    SITES,
    stack=stack,
    gateway=gateway.host,
    secrets=secrets,
    fingerprint_key=settings.fingerprint_key,
    opts=pulumi.ResourceOptions(providers=[cluster.provider], depends_on=[gateway, addons.by_name["gateway-api"]]),
)

# Last of all: a name leads to what is there.
zone = Zone(
    "zone",
    stack=stack,
    addresses={name: machine.address for name, machine in machines.by_name.items()},
    verifications=sites.verifications,
    opts=pulumi.ResourceOptions(depends_on=[gateway, sites]),
)

fleet = McpFleet(
    SERVERS,
    stack=stack,
    secrets=secrets,
    fingerprint_key=settings.fingerprint_key,
    api_server=cluster.api_server,
    # Its routes are of kinds that this add-on brings; the others may take their time.
    opts=pulumi.ResourceOptions(providers=[cluster.provider], depends_on=[addons.by_name["gateway-api"]]),
)

pulumi.export("nodes", [node.name for node in stack.nodes])
pulumi.export("mcp_endpoints", fleet.endpoints)
pulumi.export("collections", memory.collections)
pulumi.export("gateway", gateway.url)
pulumi.export("dns_records", zone.records)
pulumi.export("dns_proofs", zone.proofs)
pulumi.export("addresses", machines.addresses)
pulumi.export("access", hosts.access)
pulumi.export("host_firewall", machines.host_firewall)
pulumi.export("kubeconfig", cluster.kubeconfig)
pulumi.export("kubernetes", cluster.release)
pulumi.export("hourly_cost_usd", machines.hourly_cost_usd)
pulumi.export("monthly_cost_usd", machines.monthly_cost_usd)
pulumi.export("expected_monthly_cost_usd", machines.expected_monthly_cost_usd)
