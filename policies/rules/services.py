"""Services: none opens a port of a machine, and none leads where it should not."""

from collections.abc import Iterator
from typing import Final

from catalog.policy import Severity
from policies.context import Context
from policies.field import Problem
from policies.resources import KubernetesObject
from policies.rule import cis, kubernetes, nsa, rule, soc2

_EVERYBODY: Final = frozenset(("0.0.0.0/0", "::/0", "0.0.0.0/1", "128.0.0.0/1"))
_METADATA: Final = frozenset(("169.254.169.254", "metadata.google.internal", "metadata", "instance-data"))


@rule(
    "K8S-SVC-1",
    kubernetes("Service"),
    title="A Service is a public port only where it is listed, and then for named networks",
    severity=Severity.HIGH,
    standards=(nsa("C-0256"), soc2("CC6.6")),
    also=("exposed-services", "restrict-loadbalancer", "disallow-load-balancer"),
    remedy="use ClusterIP and the gateway; bounds.load_balancers of catalog/policy.yaml lists what may be more",
)
def load_balancer(one: KubernetesObject, context: Context) -> Iterator[Problem]:
    """K3s gives a LoadBalancer ports of the machines themselves, on their public addresses."""
    spec = one.body.at("spec")
    if spec.text("type", unknown=None) != "LoadBalancer":
        return
    if not one.is_listed(context.policy.bounds.load_balancers):
        yield spec.problem("must not be LoadBalancer (bounds.load_balancers)", "type")
        return
    ranges = spec.items("loadBalancerSourceRanges")
    if not ranges and not one.partial:
        yield spec.problem("must name networks", "loadBalancerSourceRanges")
    for each in ranges:
        if each.text(unknown="") in _EVERYBODY:
            yield each.problem("must be narrower than everybody")


@rule(
    "K8S-SVC-2",
    kubernetes("Service"),
    title="No Service takes a port of every node, an address of others, or leads to the metadata of machines",
    severity=Severity.HIGH,
    standards=(cis("1.2.3"), nsa("C-0266"), soc2("CC6.6")),
    also=("KSV-0108", "restrict-nodeport", "restrict-external-ips"),
    remedy="use ClusterIP and the gateway",
)
def reaching(one: KubernetesObject, _: Context) -> Iterator[Problem]:
    """A NodePort is open on every machine; with externalIPs a Service takes the traffic of others (CVE-2020-8554)."""
    spec = one.body.at("spec")
    if spec.text("type", unknown=None) == "NodePort":
        yield spec.problem("must not be NodePort", "type")
    for address in spec.items("externalIPs"):
        if address.has(unknown=False):
            yield address.problem("must be unset")
    if (spec.text("externalName", unknown="") or "").rstrip(".").lower() in _METADATA:
        yield spec.problem("must not be where machines ask for their metadata", "externalName")
