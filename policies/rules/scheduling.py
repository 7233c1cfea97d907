"""Where pods are placed."""

from collections.abc import Iterator
from typing import Final

from catalog.node import ENVIRONMENT, GPU
from catalog.pod import ROLE
from catalog.policy import Severity
from policies.context import Context
from policies.field import Field, Problem
from policies.nodes import ARCHITECTURE, labels, preferred, required
from policies.pods import PODS, Pod
from policies.rule import rule, soc2

_WORKLOAD: Final = "sophia.ai/workload"
_OURS: Final = (ROLE, GPU, ENVIRONMENT, ARCHITECTURE)


@rule(
    "K8S-SCH-1",
    PODS,
    title="Workloads are placed by labels that nodes have, and tolerate no taint but those that they name",
    severity=Severity.MEDIUM,
    standards=(soc2("A1.1"),),
    also=("no-node-affinity",),
    remedy="ask for sophia.ai/role with a value that a machine of the stack has, and tolerate taints by their key",
)
def placement(pod: Pod, context: Context) -> Iterator[Problem]:
    """A label that no node has is a pod that waits for ever; the GH200's taint keeps off it what was not built for it.

    What is only preferred may be a label of another stack's machines. What runs once, and what runs on every node, need
    not be placed.
    """
    named = [*_named(pod)]
    for key, values, at, needed in named:
        there = {labels(node).get(key) for node in (context.nodes if needed else context.all_nodes)}
        # One that cannot be read is noted, and may be the one that a node has.
        if key in _OURS and there and there.isdisjoint(one.text(unknown=min(map(str, there))) for one in values):
            yield at.problem("must be the value of a label that a node has")
    if not pod.on_every_node:
        for toleration in pod.spec.items("tolerations"):
            every = toleration.text("operator", unknown="Equal") == "Exists"
            if every and not toleration.text("key", unknown="known"):
                yield toleration.problem("must name the taint that it tolerates", "key")
    ours = pod.metadata.has("labels", _WORKLOAD, unknown=False)
    if ours and pod.lasts and not pod.on_every_node and not pod.partial and ROLE not in {key for key, *_ in named}:
        yield pod.spec.problem("must prefer or need nodes of a role", "affinity")


def _named(pod: Pod) -> Iterator[tuple[str, tuple[Field, ...], Field, bool]]:
    """Yield labels that a pod asks nodes for, the values of which one will do, where that is, and if it must be."""
    for key, value in pod.spec.entries("nodeSelector"):
        yield key, (value,), value, True
    for needed, terms in ((True, required(pod)), (False, preferred(pod))):
        for expression in (one for term in terms for one in term.items("matchExpressions")):
            if expression.text("operator", unknown="In") == "In":
                values = expression.at("values")
                yield expression.text("key", unknown="") or "", values.items(), values, needed
