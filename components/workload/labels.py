"""The labels that name a workload and select its pods."""

from catalog.workload import Workload

WORKLOAD = "sophia.ai/workload"
"""Key of the label that selects a workload's pods; its value is the workload's name in the catalog."""

PLATFORM = {"app.kubernetes.io/part-of": "sophia"}
"""Label of every namespace whose pods may be peers of a workload."""


POD_SECURITY = "restricted"
"""The Pod Security Standard that namespaces of the platform enforce (Kubernetes 1.36)."""


def namespace_labels() -> dict[str, str]:
    """Return the labels of a namespace of the platform."""
    modes = ("enforce", "audit", "warn")
    enforced = {f"pod-security.kubernetes.io/{mode}": POD_SECURITY for mode in modes}
    return {**PLATFORM, **enforced, "pod-security.kubernetes.io/enforce-version": "latest"}


def selector(workload: Workload) -> dict[str, str]:
    """Return the label that selects exactly the workload's pods; it never changes while the workload exists."""
    return {WORKLOAD: workload.name}


def labels(workload: Workload) -> dict[str, str]:
    """Return the labels of everything that belongs to the workload."""
    return {
        **selector(workload),
        **PLATFORM,
        "app.kubernetes.io/name": workload.name,
        "sophia.ai/cost-center": workload.cost_center,
        "sophia.ai/owner": workload.owner,
        "sophia.ai/tier": workload.tier.lower(),
    }
