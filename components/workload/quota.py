"""What a namespace may use, computed from the nodes of the stack."""

from collections.abc import Iterable

from catalog import Node
from catalog.node import untainted
from catalog.quantity import cpu, memory
from components.workload.pod import Manifest

_DEFAULT_REQUEST = {"cpu": "100m", "memory": "128Mi"}
_DEFAULT_LIMIT = {"cpu": "500m", "memory": "512Mi"}


def resource_quota(nodes: Iterable[Node]) -> Manifest:
    """Return the spec of a ResourceQuota: requests up to what the untainted nodes have, and no way around the gateway.

    It depends on the machines alone, so a new server changes no other object.
    """
    available = [node.allocatable for node in untainted(nodes)]
    return {
        "hard": {
            "requests.cpu": cpu(sum(a.millicores for a in available)),
            "requests.memory": memory(sum(a.mebibytes for a in available)),
            # Only `requests.` items are valid for extended resources.
            "requests.nvidia.com/gpu": str(sum(a.gpus for a in available)),
            "pods": str(sum(a.pods for a in available)),
            "services.loadbalancers": "0",
            "services.nodeports": "0",
        }
    }


def limit_range(nodes: Iterable[Node]) -> Manifest:
    """Return the spec of a LimitRange: no container larger than the largest node; modest defaults, none for GPUs."""
    available = [node.allocatable for node in untainted(nodes)]
    largest = {
        "cpu": cpu(max(a.millicores for a in available)),
        "memory": memory(max(a.mebibytes for a in available)),
    }
    return {
        "limits": [{"type": "Container", "defaultRequest": _DEFAULT_REQUEST, "default": _DEFAULT_LIMIT, "max": largest}]
    }
