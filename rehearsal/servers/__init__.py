"""The MCP servers of the rehearsal's images: real servers on the ``mcp`` package, over content that never changes.

They run in pods and import nothing of ours. What they offer is what the catalog's entries say; what they answer is made
up, the same for the same question, so that a smoke call can be compared.
"""
