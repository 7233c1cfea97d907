"""``python -m servers``: the MCP server that the pod's environment names, or the registry of them all."""

import os

from . import registry_v2, serving

if os.environ.get("SERVICE_NAME") == "registry-v2":
    registry_v2.main()
else:
    serving.main()
