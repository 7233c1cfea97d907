"""Network policies: every pod is behind some, and none lets everybody in."""

from collections.abc import Iterator, Sequence
from typing import Final

from catalog.policy import Severity
from policies.context import Context
from policies.field import Field, Problem
from policies.pods import PODS
from policies.resources import KubernetesObject, Resource, together
from policies.rule import cis, kubernetes, nsa, soc2, stack_rule
from policies.selection import all_objects, all_pods, selects

_POLICY: Final = "networking.k8s.io/NetworkPolicy"
_WAYS: Final = ("Ingress", "Egress")
_EVERYBODY: Final = frozenset(("0.0.0.0/0", "::/0"))


def _ways(policy: KubernetesObject) -> frozenset[str]:
    """Return which ways a policy closes but for what it lets through."""
    spec = policy.body.at("spec")
    stated = [one.text(unknown=None) for one in spec.items("policyTypes")]
    if None in stated:
        return frozenset(_WAYS)
    if stated:
        return frozenset(one for one in stated if one)
    return frozenset(_WAYS if spec.items("egress") else _WAYS[:1])


@stack_rule(
    "K8S-NET-1",
    PODS,
    title="Every pod is selected by network policies, for both ways",
    severity=Severity.HIGH,
    standards=(cis("5.3.2"), nsa("C-0030"), soc2("CC6.6")),
    also=("CKV2_K8S_6", "missingNetworkPolicy", "pod-networkpolicy"),
    remedy="declare a NetworkPolicy that selects it, with policyTypes [Ingress, Egress]",
)
def selected(resources: Sequence[Resource], context: Context) -> Iterator[Problem]:
    """What no policy selects may be reached by every pod, and reaches every pod and the world."""
    policies = [*all_objects(resources, _POLICY)]
    for pod in all_pods(resources, context):
        ways: set[str] = set()
        for policy in (one for one in policies if together(one.namespace, pod.namespace)):
            # An absent selector is an empty one here.
            selector = policy.body.at("spec", "podSelector")
            if selector.value is None or selects(selector, pod.metadata.at("labels")):
                ways |= _ways(policy)
        missing = [way for way in _WAYS if way not in ways]
        if missing:
            what = " and ".join(missing)
            yield pod.object.body.problem(f"must be selected by a NetworkPolicy for {what}")


@stack_rule(
    "K8S-NET-2",
    kubernetes("Namespace", _POLICY),
    title="Namespaces deny by default, and no policy lets everybody in everywhere",
    severity=Severity.HIGH,
    standards=(cis("5.3.2"), nsa("C-0049"), soc2("CC6.6")),
    also=("KSV-0038", "add-networkpolicy", "dangling-networkpolicy"),
    remedy="declare a NetworkPolicy with an empty podSelector and both policyTypes; name peers, or the ports",
)
def denied(resources: Sequence[Resource], _: Context) -> Iterator[Problem]:
    """What is added later is open until somebody thinks of it; an entry without peers and ports takes all back."""
    policies = [*all_objects(resources, _POLICY)]
    closed = [policy.namespace for policy in policies if _denies_all(policy)]
    for namespace in all_objects(resources, "Namespace"):
        if namespace.name and not any(together(one, namespace.name) for one in closed):
            yield namespace.body.problem("must have a NetworkPolicy that denies by default")
    for policy in policies:
        for entry in policy.body.items("spec", "ingress"):
            if not entry.items("ports") and entry.at("ports").value in (None, []):
                yield from _open(entry)


def _open(entry: Field) -> Iterator[Problem]:
    peers = entry.items("from")
    if entry.at("from").value in (None, []):
        yield entry.problem("must name peers or ports", "from")
    for peer in peers:
        if peer.text("ipBlock", "cidr", unknown="") in _EVERYBODY:
            yield peer.problem("must be narrower, or have ports", "ipBlock", "cidr")


def _denies_all(policy: KubernetesObject) -> bool:
    spec = policy.body.at("spec")
    selector = spec.at("podSelector")
    everything = not [*selector.entries("matchLabels")] and not selector.items("matchExpressions")
    lets = spec.items("ingress") or spec.items("egress")
    return everything and not lets and _ways(policy) >= {*_WAYS}
