"""What makes GPUs a resource of nodes: NVIDIA's device plugin, as pure functions of the catalog.

Each way of sharing a GPU has a configuration and a DaemonSet, which runs on the nodes whose label names it. So the
plugin needs no right in the cluster; in NVIDIA's chart it reads its node's label from the API server.
"""

import yaml

from catalog.k3s import Gpus
from catalog.machine import GpuSharing
from components.k3s.files import Manifest
from components.workload.labels import PLATFORM
from components.workload.objects import checksum

_NAME = "nvidia-device-plugin"
_CONFIGURATION = "/etc/nvidia-device-plugin"
_SOCKETS = "/var/lib/kubelet/device-plugins"
"""Where a kubelet listens for device plugins (k8s.io/kubelet, deviceplugin/v1beta1); K3s leaves it there."""


def sharing_name(sharing: GpuSharing) -> str:
    """Return what a way of sharing a GPU is called in the device plugin's configuration.

    >>> sharing_name(GpuSharing(mode="time-slicing", shares=4))
    'shared-4'
    """
    return "exclusive" if sharing.mode == "exclusive" else f"shared-{sharing.shares}"


def sharing_config(sharing: GpuSharing) -> str:
    """Return the configuration of NVIDIA's device plugin for a way of sharing a GPU."""
    document: Manifest = {"version": "v1", "flags": {"migStrategy": "none"}}
    if sharing.mode == "time-slicing":
        document["sharing"] = {
            "timeSlicing": {
                # More than one share is not more of the GPU: who asks for two has misunderstood.
                "failRequestsGreaterThanOne": True,
                "resources": [{"name": "nvidia.com/gpu", "replicas": sharing.shares}],
            }
        }
    return yaml.safe_dump(document, sort_keys=False)


def device_plugin_name(sharing: str) -> str:
    """Return what the DaemonSet for a way of sharing is called."""
    return f"{_NAME}-{sharing}"


def device_plugin(gpu: Gpus, *, image: str, sharing: str, configuration: str) -> Manifest:
    """Return the spec of the DaemonSet for a way of sharing.

    Its pods go where the GPU is, whatever the node's taints, and are the last to be evicted. The NVIDIA runtime brings
    all GPUs into them, and the plugin registers again by itself when a kubelet has started anew.

    Args:
        gpu: how GPUs become a resource of nodes.
        image: full reference of the plugin's image.
        sharing: name of the way of sharing.
        configuration: its text, as in the ConfigMap; another one rolls the pods.
    """
    selector = {"app.kubernetes.io/name": _NAME, gpu.label: sharing}
    annotations = {"sophia.ai/config-checksum": checksum({sharing: configuration})}
    container: Manifest = {
        "name": _NAME,
        "image": image,
        "imagePullPolicy": "IfNotPresent",
        "env": [
            {"name": "CONFIG_FILE", "value": f"{_CONFIGURATION}/{sharing}"},
            {"name": "NVIDIA_VISIBLE_DEVICES", "value": "all"},
            {"name": "NVIDIA_DRIVER_CAPABILITIES", "value": "compute,utility"},
        ],
        "resources": {"requests": {"cpu": "10m", "memory": "64Mi"}, "limits": {"memory": "256Mi"}},
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
            "readOnlyRootFilesystem": True,
        },
        "volumeMounts": [
            {"name": "sockets", "mountPath": _SOCKETS},
            {"name": "configuration", "mountPath": _CONFIGURATION, "readOnly": True},
        ],
    }
    pod: Manifest = {
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "priorityClassName": "system-node-critical",
        "runtimeClassName": "nvidia",
        "nodeSelector": {gpu.label: sharing},
        "tolerations": [{"operator": "Exists"}],
        "securityContext": {"seccompProfile": {"type": "RuntimeDefault"}},
        "containers": [container],
        "volumes": [
            {"name": "sockets", "hostPath": {"path": _SOCKETS, "type": "Directory"}},
            {"name": "configuration", "configMap": {"name": gpu.config_map}},
        ],
    }
    return {
        "selector": {"matchLabels": selector},
        "revisionHistoryLimit": 3,
        "template": {
            "metadata": {"labels": {**selector, **PLATFORM}, "annotations": annotations},
            "spec": pod,
        },
    }
