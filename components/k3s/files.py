"""The policies that K3s reads at its start, as pure functions of the catalog."""

from collections.abc import Mapping
from typing import Any

import yaml

from catalog.k3s import Audit, AuditRule, EventRateLimit, K3s, PodSecurity
from providers.host.sdk import K3sFileArgs

AUDIT_POLICY = "/etc/rancher/k3s/audit-policy.yaml"
ADMISSION = "/etc/rancher/k3s/admission.yaml"
AUDIT_LOG = "/var/lib/rancher/k3s/server/logs/audit.log"
"""The API server makes its directory, which root alone can enter."""

Manifest = dict[str, Any]
"""A document of Kubernetes."""


def policies(k3s: K3s) -> tuple[K3sFileArgs, ...]:
    """Return the files that a server reads."""
    return (
        _file(ADMISSION, admission(k3s.pod_security, k3s.event_rate_limits)),
        _file(AUDIT_POLICY, audit_policy(k3s.audit)),
    )


def audit_policy(audit: Audit) -> Manifest:
    """Return which accesses the API server records; each once, when it has been answered or has failed."""
    return {
        "apiVersion": "audit.k8s.io/v1",
        "kind": "Policy",
        "omitStages": ["RequestReceived"],
        "rules": [_rule(rule) for rule in audit.rules],
    }


def admission(security: PodSecurity, limits: tuple[EventRateLimit, ...]) -> Manifest:
    """Return how the API server's admission plugins are set."""
    modes = {"enforce": security.enforce, "audit": security.audit, "warn": security.warn}
    versions = {f"{mode}-version": "latest" for mode in modes}
    return {
        "apiVersion": "apiserver.config.k8s.io/v1",
        "kind": "AdmissionConfiguration",
        "plugins": [
            {
                "name": "PodSecurity",
                "configuration": {
                    "apiVersion": "pod-security.admission.config.k8s.io/v1",
                    "kind": "PodSecurityConfiguration",
                    "defaults": {**modes, **versions},
                    "exemptions": {"namespaces": [*security.exempt_namespaces]},
                },
            },
            {
                "name": "EventRateLimit",
                "configuration": {
                    "apiVersion": "eventratelimit.admission.k8s.io/v1alpha1",
                    "kind": "Configuration",
                    "limits": [_limit(limit) for limit in limits],
                },
            },
        ],
    }


def audit_arguments(audit: Audit) -> Mapping[str, str]:
    """Return what the API server is told of its audit log, by flag."""
    return {
        "audit-log-maxage": str(audit.max_age_days),
        "audit-log-maxbackup": str(audit.max_backups),
        "audit-log-maxsize": str(audit.max_size_mib),
        "audit-log-path": AUDIT_LOG,
        "audit-policy-file": AUDIT_POLICY,
    }


def _file(path: str, document: Manifest) -> K3sFileArgs:
    return {"path": path, "content": yaml.safe_dump(document, sort_keys=False, width=1000), "mode": "0600"}


def _rule(rule: AuditRule) -> Manifest:
    told: Manifest = {"level": rule.level}
    told |= {
        key: [*names]
        for key, names in {
            "users": rule.users,
            "userGroups": rule.groups,
            "verbs": rule.verbs,
            "nonResourceURLs": rule.paths,
        }.items()
        if names
    }
    if rule.resources:
        told["resources"] = [
            {"group": group, **({"resources": [*names]} if names else {})} for group, names in rule.resources.items()
        ]
    return told


def _limit(limit: EventRateLimit) -> Manifest:
    told: Manifest = {"type": limit.type, "qps": limit.qps, "burst": limit.burst}
    return told if limit.cache_size is None else {**told, "cacheSize": limit.cache_size}
