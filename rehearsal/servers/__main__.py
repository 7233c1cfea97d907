"""``python -m servers``: the MCP server that the pod's environment names, or the registry of them all."""

import os

if os.environ.get("SERVICE_NAME") == "registry-v2":
    from .registry_v2 import main
else:
    from .serving import main  # what it imports of MCP, the registry does without

main()
