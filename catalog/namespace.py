"""The namespaces of the cluster that what runs on it is in."""

SERVERS = "sophia-mcp"
"""MCP servers, and the central services beside them."""
DATA = "sophia-data"
"""What keeps data."""
SITES = "sophia-sites"
"""The servers of public sites."""
