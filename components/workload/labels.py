"""The labels that name a workload and select its pods."""

from catalog.workload import Workload

WORKLOAD = "sophia.ai/workload"
"""Key of the label that selects a workload's pods; its value is the workload's name in the catalog."""

PLATFORM = {"app.kubernetes.io/part-of": "sophia"}
"""Label of every namespace whose pods may be peers of a workload."""


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
