"""How things are built: ComponentResources that pour pure plans into resources; none reads config, clock or network."""

from components.addons.addon import Addon
from components.addons.addons import Addons
from components.data.backup import Backup
from components.data.backups import Backups
from components.data.services import DataServices
from components.data.task import Task
from components.dns.zone import Zone
from components.gateway.gateway import Gateway
from components.hosts.host import Host
from components.hosts.hosts import Hosts
from components.k3s.cluster import Cluster as K3sCluster
from components.lambda_.account_firewall import AccountFirewall
from components.lambda_.cluster import Cluster as LambdaCluster
from components.lambda_.machine import Machine
from components.mcp.fleet import McpFleet
from components.sites.sites import Sites
from components.vercel.site import Site
from components.weaviate.memory import Memory
from components.workload.workload import Workload

__all__ = [
    "AccountFirewall",
    "Addon",
    "Addons",
    "Backup",
    "Backups",
    "DataServices",
    "Gateway",
    "Host",
    "Hosts",
    "K3sCluster",
    "LambdaCluster",
    "Machine",
    "McpFleet",
    "Memory",
    "Site",
    "Sites",
    "Task",
    "Workload",
    "Zone",
]
