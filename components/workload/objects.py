"""The objects around a workload's pods, as pure functions of its catalog entry."""

import hashlib
import hmac
import ipaddress
import json
from collections.abc import Iterable, Mapping
from typing import Any

import pulumi

from catalog import egress
from catalog.workload import Egress, Workload
from components.workload.labels import PLATFORM, WORKLOAD, labels, selector
from components.workload.pod import Manifest

_Network = ipaddress.IPv4Network | ipaddress.IPv6Network

_PRIVATE_RANGES = [
    "10.0.0.0/8",  # RFC 1918, with the two below
    "100.64.0.0/10",  # RFC 6598: carrier-grade NAT
    "169.254.0.0/16",  # RFC 3927: link-local, where clouds keep metadata
    "172.16.0.0/12",
    "192.168.0.0/16",
    "fc00::/7",  # RFC 4193: unique local
    "fe80::/10",  # RFC 4291: link-local
]
_DNS_PORT = 53


STORAGE_CLASS = "local-path"
"""The class of volumes that K3s brings: a folder on the disk of the node that the pod was first given."""

NOT_AWAITED = {"pulumi.com/skipAwait": "true"}
"""Annotation of what an `up` makes and does not wait for.

Services: the provider waits a fixed 10 s for each (measured with pulumi-kubernetes 4.25), while the controller's own
readiness check already proves that the pods behind it serve. What runs on every node of a kind: one node that is down
would hold an `up` for ten minutes.
"""


def metadata(workload: Workload, name: str, namespace: Any) -> Manifest:
    """Return the metadata of one of the workload's objects."""
    return {"name": name, "namespace": namespace, "labels": labels(workload)}


def controller(workload: Workload, pod: Manifest, service: str) -> Manifest:
    """Return the spec of the Deployment or StatefulSet.

    A rollout adds a pod before it removes one, so it never falls below the floor. ``replicas`` is left to the
    autoscaler where there is one: a value here would fight it and read as drift.
    """
    spec: Manifest = {"selector": {"matchLabels": selector(workload)}, "template": pod, "revisionHistoryLimit": 3}
    if workload.autoscaling is None:
        spec["replicas"] = workload.replicas.min
    if workload.kind == "Deployment":
        spec["strategy"] = {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 0, "maxSurge": 1}}
        return spec
    spec["serviceName"] = service
    spec["volumeClaimTemplates"] = [
        {
            "metadata": {"name": volume.name},
            "spec": {
                "accessModes": ["ReadWriteOnce"],
                "storageClassName": STORAGE_CLASS,
                "resources": {"requests": {"storage": volume.size}},
            },
        }
        for volume in workload.volumes
        if volume.persistent
    ]
    return spec


def service(workload: Workload) -> Manifest:
    """Return the spec of the Service."""
    ports = [{"name": p.name, "port": p.port, "targetPort": p.name, "protocol": "TCP"} for p in workload.ports]
    return {"type": "ClusterIP", "selector": selector(workload), "ports": ports}


def autoscaler(workload: Workload, target: str) -> Manifest:
    """Return the spec of the HorizontalPodAutoscaler of the controller named ``target``.

    Raises:
        ValueError: the workload declares no autoscaling.
    """
    scaling = workload.autoscaling
    if scaling is None:
        msg = f"{workload.name} declares no autoscaling"
        raise ValueError(msg)
    targets = {"cpu": scaling.cpu_percent, "memory": scaling.memory_percent}
    return {
        "scaleTargetRef": {"apiVersion": "apps/v1", "kind": workload.kind, "name": target},
        "minReplicas": workload.replicas.min,
        "maxReplicas": workload.replicas.max,
        "metrics": [
            {
                "type": "Resource",
                "resource": {"name": name, "target": {"type": "Utilization", "averageUtilization": percent}},
            }
            for name, percent in targets.items()
            if percent is not None
        ],
        "behavior": {"scaleDown": {"stabilizationWindowSeconds": scaling.scale_down_stabilization_seconds}},
    }


def disruption_budget(workload: Workload) -> Manifest:
    """Return the spec of the PodDisruptionBudget; a pod that is not healthy never blocks a drain."""
    disruption = workload.disruption
    bound = (
        {"minAvailable": disruption.min_available}
        if disruption.min_available is not None
        else {"maxUnavailable": disruption.max_unavailable}
    )
    return {
        "selector": {"matchLabels": selector(workload)},
        "unhealthyPodEvictionPolicy": "AlwaysAllow",
        **bound,
    }


def network_policy(workload: Workload, api_server: Manifest | None = None) -> Manifest:
    """Return the spec of the NetworkPolicy: who may connect in, cluster DNS, and each declared destination.

    Args:
        workload: its catalog entry.
        api_server: the rule that lets pods out to the API server, for those that may talk to it.
    """
    common = [p.port for p in workload.ports if not p.only_from]
    names = [*workload.ingress_from, *([workload.backup_name] if workload.backup else [])]
    peers = [*(_pods(name) for name in names), *([_TRAEFIK] if workload.expose else [])]
    ingress = [{"from": peers, "ports": _tcp(common)}] if peers else []
    own = [
        {"from": [_pods(name) for name in p.only_from], "ports": _tcp([p.port])} for p in workload.ports if p.only_from
    ]
    return {
        "podSelector": {"matchLabels": selector(workload)},
        "policyTypes": ["Ingress", "Egress"],
        "ingress": [*ingress, *own],
        "egress": [
            _cluster_dns(),
            *([api_server] if api_server and workload.identity.service_account_token else []),
            *(_destination(use) for use in workload.egress if not use.hosts),
            *([_to_the_proxy(workload)] if egress.is_led_out(workload) else []),
        ],
    }


def task_policy(name: str, reached: Mapping[str, int]) -> Manifest:
    """Return the spec of the NetworkPolicy of a task: nobody comes in, and it reaches workloads and cluster DNS.

    Args:
        name: the task's name.
        reached: ports of the workloads that it reaches, by name.
    """
    return {
        "podSelector": {"matchLabels": {WORKLOAD: name}},
        "policyTypes": ["Ingress", "Egress"],
        "ingress": [],
        "egress": [_cluster_dns(), *({"to": [_pods(one)], "ports": _tcp([port])} for one, port in reached.items())],
    }


def api_server(address: pulumi.Input[str], port: int) -> Manifest:
    """Return the rule that lets pods out to the API server.

    A policy judges a connection by where it goes at last: not by the address of the Service ``kubernetes``, which the
    node translates, but by the one that the server advertises.

    Args:
        address: the server's address, as it advertises it.
        port: its port there.
    """
    block = {"cidr": pulumi.Output.format("{0}/32", address)}
    return {"to": [{"ipBlock": block}], "ports": [{"port": port, "protocol": "TCP"}]}


TRAEFIK = "traefik"
"""How ``ingress_from`` names the cluster's own Traefik, which is no workload of the catalog."""
_TRAEFIK: Manifest = {
    "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "kube-system"}},
    "podSelector": {"matchLabels": {"app.kubernetes.io/name": "traefik"}},
}
"""The pods that clients from outside come in by."""


def _pods(name: str) -> Manifest:
    if name == TRAEFIK:
        return _TRAEFIK
    return {"namespaceSelector": {"matchLabels": PLATFORM}, "podSelector": {"matchLabels": {WORKLOAD: name}}}


def _cluster_dns() -> Manifest:
    return {
        "to": [
            {
                "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "kube-system"}},
                "podSelector": {"matchLabels": {"k8s-app": "kube-dns"}},
            }
        ],
        "ports": [{"port": _DNS_PORT, "protocol": protocol} for protocol in ("UDP", "TCP")],
    }


def _to_the_proxy(workload: Workload) -> Manifest:
    return {"to": [_pods(egress.PROXY)], "ports": _tcp([egress.port(workload)])}


def _destination(use: Egress) -> Manifest:
    if use.workload is not None:
        return {"to": [_pods(use.workload)], "ports": _tcp(use.ports)}
    return {"to": [_block(cidr) for cidr in use.cidrs], "ports": _tcp(use.ports)}


def _tcp(ports: Iterable[int]) -> list[Manifest]:
    return [{"port": port, "protocol": "TCP"} for port in ports]


def _block(cidr: str) -> Manifest:
    """Return a range without the private ranges inside it: they are reached by naming them, never by the way."""
    network = ipaddress.ip_network(cidr)
    private = [r for r in _PRIVATE_RANGES if _inside(ipaddress.ip_network(r), network)]
    return {"ipBlock": {"cidr": cidr, **({"except": private} if private else {})}}


def _inside(inner: _Network, outer: _Network) -> bool:
    return inner.version == outer.version and inner != outer and inner.subnet_of(outer)  # type: ignore[arg-type]  # one version, as just compared


AUTHORITY = "data-authority"
"""Name of the Issuer that signs the certificates of data services, in their namespace."""


def certificate(workload: Workload, namespace: pulumi.Input[str]) -> Manifest:
    """Return the spec of the Certificate: for every name by which pods reach its Service, and for its own pod.

    It is good for five years, because nothing makes a running server read it anew.
    """
    name = workload.object_name
    service = pulumi.Output.format("{0}.{1}.svc", name, namespace)
    names = [name, service, pulumi.Output.format("{0}.cluster.local", service), "localhost"]
    return {
        "secretName": f"{name}-tls",
        "dnsNames": names,
        "duration": "43800h0m0s",
        "privateKey": {"algorithm": "ECDSA", "size": 256, "rotationPolicy": "Always"},
        "usages": ["digital signature", "key encipherment", "server auth"],
        "issuerRef": {"group": "cert-manager.io", "kind": "Issuer", "name": AUTHORITY},
    }


def checksum(content: Mapping[str, Any]) -> str:
    """Return a short checksum of plain content, equal for equal content whatever its order.

    >>> checksum({"A": "1", "B": "2"}) == checksum({"B": "2", "A": "1"})
    True
    """
    return hashlib.sha256(_canonical(content)).hexdigest()[:16]


def fingerprint(content: Mapping[str, Any], key: str) -> str:
    """Return a short keyed checksum of secret content, which tells nothing about it to who lacks the key.

    >>> fingerprint({"A": "1"}, "k") == fingerprint({"A": "2"}, "k")
    False
    """
    return hmac.new(key.encode(), _canonical(content), hashlib.sha256).hexdigest()[:16]


def _canonical(content: Mapping[str, Any]) -> bytes:
    return json.dumps(dict(content), sort_keys=True).encode()
