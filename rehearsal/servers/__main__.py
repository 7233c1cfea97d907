"""``python -m servers``: the MCP server that the pod's environment names."""

from .serving import main

main()
