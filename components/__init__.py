"""How things are built: ComponentResources that pour pure plans into resources; none reads config, clock or network."""

from components.mcp.fleet import McpFleet
from components.workload.workload import Workload

__all__ = ["McpFleet", "Workload"]
