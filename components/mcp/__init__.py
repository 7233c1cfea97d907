"""The MCP servers of a stack."""
