"""The nodes of a stack, as the catalog has them, and which of them a pod can get to."""

from collections.abc import Mapping
from typing import Final

from catalog.machine import Taint
from catalog.node import Node, untainted
from policies.context import Context
from policies.field import Field
from policies.pods import Pod

ARCHITECTURE: Final = "kubernetes.io/arch"
"""Label of a node's architecture."""

_REQUIRED = ("affinity", "nodeAffinity", "requiredDuringSchedulingIgnoredDuringExecution", "nodeSelectorTerms")
_PREFERRED = ("affinity", "nodeAffinity", "preferredDuringSchedulingIgnoredDuringExecution")


def labels(node: Node) -> Mapping[str, str]:
    """Return a node's labels, as far as the catalog knows them."""
    own = {ARCHITECTURE: node.architecture.value, "kubernetes.io/os": "linux", "kubernetes.io/hostname": node.name}
    return {**own, **node.labels}


def reachable(pod: Pod, context: Context) -> tuple[Node, ...]:
    """Return the nodes of the stack that a pod can get to, by its tolerations, its selector and its affinity."""
    free = untainted(context.nodes)
    return tuple(
        node
        for node in context.nodes
        if (node in free or all(_tolerated(pod, taint) for taint in node.taints)) and _chosen(pod, labels(node))
    )


def required(pod: Pod) -> tuple[Field, ...]:
    """Return the terms of which a node must match one."""
    return pod.spec.items(*_REQUIRED)


def preferred(pod: Pod) -> tuple[Field, ...]:
    """Return the terms that nodes had better match."""
    return tuple(item.at("preference") for item in pod.spec.items(*_PREFERRED))


def _tolerated(pod: Pod, taint: Taint) -> bool:
    for one in pod.spec.items("tolerations"):
        key, effect = one.text("key", unknown="unknown"), one.text("effect", unknown="unknown")
        if (key or taint.key) != taint.key or (effect or taint.effect) != taint.effect:
            continue
        if one.text("operator", unknown=None) == "Exists" or (one.text("value", unknown="") or "") == taint.value:
            return True
    return False


def _chosen(pod: Pod, there: Mapping[str, str]) -> bool:
    for key, value in pod.spec.entries("nodeSelector"):
        # What label a node has that the catalog does not know, nobody can tell.
        if key in there and value.text(unknown=there[key]) != there[key]:
            return False
    alternatives = required(pod)
    return not alternatives or any(
        all(_matches(one, there) for one in term.items("matchExpressions")) for term in alternatives
    )


def _matches(expression: Field, there: Mapping[str, str]) -> bool:
    key = expression.text("key", unknown=None)
    if key is None or key not in there:
        return True
    operator = expression.text("operator", unknown="Exists")
    values = [one.text(unknown=there[key]) for one in expression.items("values")]
    if operator in {"In", "NotIn"}:
        return (there[key] in values) is (operator == "In")
    return operator != "DoesNotExist"
