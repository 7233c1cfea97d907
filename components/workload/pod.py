"""The pod template of a workload, as a pure function of its catalog entry.

Every pod meets the Pod Security Standard "restricted" (Kubernetes 1.36): not root, no capabilities, the runtime's
default seccomp profile, no privilege escalation. Beyond it, the root file system is read-only.
"""

from collections.abc import Mapping
from typing import Any

from catalog.machine import Role
from catalog.workload import Placement, Probe, Resources, Volume, Workload
from components.workload.labels import labels

Manifest = dict[str, Any]
"""A Kubernetes object or a part of one, spelt as in the API."""

_ROLE = "sophia.ai/role"
_FILES = "files"
_TLS = "tls"
_SECRETS = "secret-files"  # pragma: allowlist secret - a volume's name
_PRE_STOP_SECONDS = 5
"""Seconds between a pod's removal from its Service and its stop signal, so that no request meets a closed port."""


RESTRICTED: Manifest = {
    "allowPrivilegeEscalation": False,
    "capabilities": {"drop": ["ALL"]},
    "readOnlyRootFilesystem": True,
}
"""The security context of every container."""


def security(user: int, group: int) -> Manifest:
    """Return the security context of a pod.

    Args:
        user: numeric user.
        group: numeric group, also that of its volumes.
    """
    return {
        "runAsNonRoot": True,
        "runAsUser": user,
        "runAsGroup": group,
        "fsGroup": group,
        # Or every file of a volume would be given to the group again whenever a pod starts.
        "fsGroupChangePolicy": "OnRootMismatch",
        "seccompProfile": {"type": "RuntimeDefault"},
    }


def template(
    workload: Workload,
    *,
    image: str,
    service_account: str,
    config_map: str,
    secret: str | None,
    secret_files: str | None = None,
    files: str | None = None,
    checksums: Mapping[str, Any],
) -> Manifest:
    """Return the pod template.

    Args:
        workload: the catalog entry.
        image: full image reference.
        service_account: name of the ServiceAccount.
        config_map: name of the ConfigMap with the plain environment.
        secret: name of the Secret with the secret environment; None where the workload uses none.
        secret_files: name of the Secret with its secret files; None where it has none.
        files: name of the ConfigMap with its files; None where it has none.
        checksums: annotations that change with the content of these, so that a change rolls the pods.
    """
    return {
        "metadata": {"labels": labels(workload), "annotations": dict(checksums)},
        "spec": {
            "serviceAccountName": service_account,
            "automountServiceAccountToken": workload.identity.service_account_token,
            "enableServiceLinks": False,
            "terminationGracePeriodSeconds": workload.termination_grace_seconds + _PRE_STOP_SECONDS,
            "securityContext": security(workload.identity.user, workload.identity.group),
            "affinity": {"nodeAffinity": node_affinity(workload)},
            "tolerations": [{"key": key, "operator": "Exists"} for key in workload.placement.tolerated_taints],
            "containers": [
                {
                    **_container(workload, image=image, config_map=config_map, secret=secret),
                    "volumeMounts": _mounts(workload, files=files, secret_files=secret_files),
                }
            ],
            "volumes": [
                *(_empty_directory(volume) for volume in workload.volumes if not volume.persistent),
                *([{"name": _FILES, "configMap": {"name": files}}] if files else []),
                *([{"name": _SECRETS, "secret": {"secretName": secret_files}}] if secret_files else []),
                *([_certificate(workload)] if workload.tls else []),
            ],
        },
    }


def node_affinity(workload: Workload) -> Manifest:
    """Return the node affinity: architectures the image is built for, required roles, preferred roles."""
    placement = workload.placement
    admitted = [a for a in workload.image.platforms if not placement.architectures or a in placement.architectures]
    expressions = [{"key": "kubernetes.io/arch", "operator": "In", "values": [str(a) for a in admitted]}]
    if placement.required_roles:
        expressions.append(_in_roles(placement.required_roles))
    affinity: Manifest = {
        "requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [{"matchExpressions": expressions}]}
    }
    if placement.preferred_roles:
        affinity["preferredDuringSchedulingIgnoredDuringExecution"] = _preference(placement)
    return affinity


def _preference(placement: Placement) -> list[Manifest]:
    return [{"weight": 100, "preference": {"matchExpressions": [_in_roles(placement.preferred_roles)]}}]


def _in_roles(roles: tuple[Role, ...]) -> Manifest:
    return {"key": _ROLE, "operator": "In", "values": [str(role) for role in roles]}


def _mounts(workload: Workload, *, files: str | None, secret_files: str | None) -> list[Manifest]:
    folders = {_FILES: f"/etc/{workload.name}"} if files else {}
    folders |= {_SECRETS: f"/run/secrets/{workload.name}"} if secret_files else {}
    folders |= {_TLS: f"/run/tls/{workload.name}"} if workload.tls else {}
    return [
        *({"name": volume.name, "mountPath": volume.mount_path} for volume in workload.volumes),
        *({"name": name, "mountPath": place, "readOnly": True} for name, place in folders.items()),
    ]


def _container(workload: Workload, *, image: str, config_map: str, secret: str | None) -> Manifest:
    sources: list[Manifest] = [{"configMapRef": {"name": config_map}}]
    if secret is not None:
        sources.append({"secretRef": {"name": secret}})
    probes = workload.probes
    container: Manifest = {
        "name": workload.name,
        "image": image,
        "imagePullPolicy": "IfNotPresent",
        **({"command": list(workload.command)} if workload.command else {}),
        "ports": [{"name": p.name, "containerPort": p.port, "protocol": "TCP"} for p in workload.ports],
        "envFrom": sources,
        # With the version that the API server adds: a reference is one value, and without it two owners would differ.
        "env": [
            {"name": "K3S_NODE_NAME", "valueFrom": {"fieldRef": {"apiVersion": "v1", "fieldPath": "spec.nodeName"}}}
        ],
        "resources": _resources(workload.resources),
        "livenessProbe": _probe(probes.liveness),
        "readinessProbe": _probe(probes.readiness),
        "lifecycle": {"preStop": {"sleep": {"seconds": _PRE_STOP_SECONDS}}},
        "securityContext": RESTRICTED,
    }
    if probes.startup is not None:
        container["startupProbe"] = _probe(probes.startup)
    return container


def _resources(resources: Resources) -> Manifest:
    gpus = {"nvidia.com/gpu": str(resources.gpus)} if resources.gpus else {}
    return {
        "requests": {**resources.requests.model_dump(), **gpus},
        "limits": {**resources.limits.model_dump(), **gpus},
    }


def _probe(probe: Probe) -> Manifest:
    check: dict[str, Manifest] = {
        "http": {"httpGet": {"path": probe.path, "port": probe.port}},
        "tcp": {"tcpSocket": {"port": probe.port}},
        "exec": {"exec": {"command": list(probe.command)}},
    }
    return {
        **check[probe.kind],
        "initialDelaySeconds": probe.initial_delay_seconds,
        "periodSeconds": probe.period_seconds,
        "timeoutSeconds": probe.timeout_seconds,
        "failureThreshold": probe.failure_threshold,
    }


def _certificate(workload: Workload) -> Manifest:
    # For its group alone: PostgreSQL refuses a key that others may read.
    return {"name": _TLS, "secret": {"secretName": f"{workload.object_name}-tls", "defaultMode": 0o440}}


def _empty_directory(volume: Volume) -> Manifest:
    return {"name": volume.name, "emptyDir": {"sizeLimit": volume.size}}
