"""Namespaces: that there is one, which pods it admits, and that no pod stands alone."""

from collections.abc import Iterator, Sequence
from typing import Final

from catalog.policy import Severity
from policies.context import Context
from policies.field import Problem
from policies.pods import TEMPLATES
from policies.resources import KubernetesObject, Resource
from policies.rule import cis, kubernetes, nsa, rule, soc2, stack_rule
from policies.selection import all_objects

_SHARED: Final = frozenset(("", "default", "kube-system", "kube-public", "kube-node-lease"))
_PLACED: Final = (
    *sorted(TEMPLATES.keys() - {"PodTemplate"}),
    *("ConfigMap", "Service", "ServiceAccount", "PersistentVolumeClaim", "networking.k8s.io/Ingress"),
    *("networking.k8s.io/NetworkPolicy", "policy/PodDisruptionBudget", "autoscaling/HorizontalPodAutoscaler"),
    "Secret",
)
_LEVELS: Final = ("privileged", "baseline", "restricted")
_LABEL = "pod-security.kubernetes.io/"


@stack_rule(
    "K8S-NS-1",
    kubernetes(*_PLACED),
    title="Everything is in a namespace of the platform",
    severity=Severity.MEDIUM,
    standards=(cis("5.7.1"), cis("5.7.4"), nsa("C-0061"), nsa("C-0209"), soc2("CC6.1")),
    also=("CKV_K8S_21", "KSV-0037", "KSV-0110"),
    remedy="name a namespace that is neither default nor the cluster's own",
)
def placed(resources: Sequence[Resource], _: Context) -> Iterator[Problem]:
    """Quotas, network policies and rights are those of a namespace: default has none, kube-system holds the cluster.

    Before its cluster is there, a preview does not know the names of a stack's namespaces, and a render does.
    """
    for one in all_objects(resources, *_PLACED):
        if one.namespace in _SHARED:
            what = "must be a namespace that is neither default nor the cluster's"
            yield one.body.problem(what, "metadata", "namespace")


@rule(
    "K8S-NS-2",
    kubernetes("Namespace"),
    title="Namespaces enforce a Pod Security Standard, by its version",
    severity=Severity.HIGH,
    standards=(cis("5.2.1"), nsa("C-0192"), soc2("CC6.1"), soc2("CC6.8")),
    also=("psa", "add-pod-security-labels"),
    remedy="add the labels: the level of bounds.pod_security_level, and a version or latest",
)
def admission(one: KubernetesObject, context: Context) -> Iterator[Problem]:
    """What is made in the cluster by hand, or by a program in it, meets no policy but the API server's own."""
    if not one.kind:
        return
    labels = one.body.at("metadata", "labels")
    least = context.policy.bounds.pod_security_level
    enforced = labels.text(f"{_LABEL}enforce", unknown=least)
    if (enforced is not None or not one.partial) and enforced not in _LEVELS[_LEVELS.index(least) :]:
        yield labels.problem(f"must be {least} at least (bounds.pod_security_level)", f"{_LABEL}enforce")
    if not labels.has(f"{_LABEL}enforce-version", unknown=True) and not one.partial:
        yield labels.problem("must be a version, or latest", f"{_LABEL}enforce-version")


@rule(
    "K8S-POD-1",
    kubernetes("Pod"),
    title="No pod stands alone",
    severity=Severity.MEDIUM,
    standards=(nsa("C-0073"), soc2("A1.2")),
    also=("nakedPod", "require-pod-owner"),
    remedy="let a Deployment, a StatefulSet or a Job make it",
)
def alone(one: KubernetesObject, _: Context) -> Iterator[Problem]:
    """Nobody makes it anew when its node is lost, and nobody updates it."""
    owners = one.body.at("metadata", "ownerReferences")
    if one.kind and not one.partial and not owners.items() and owners.value in (None, []):
        yield owners.problem("must name what makes it anew")
