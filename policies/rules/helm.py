"""Charts: what is installed out of sight."""

from collections.abc import Iterator
from typing import Final

from catalog.policy import Severity
from policies.context import Context
from policies.field import Problem
from policies.resources import KubernetesObject, qualified
from policies.rule import kubernetes, rule, soc2

_CONFIG: Final = "helm.cattle.io/HelmChartConfig"


@rule(
    "K8S-HELM-1",
    kubernetes("helm.sh/Release", "helm.cattle.io/HelmChart", _CONFIG, "helm.toolkit.fluxcd.io/HelmRelease"),
    title="No chart is installed out of sight",
    severity=Severity.HIGH,
    standards=(soc2("CC8.1"),),
    remedy="make it an add-on of catalog/addons.yaml, which registers each object",
)
def hidden(one: KubernetesObject, context: Context) -> Iterator[Problem]:
    """Policies, room, cost and drift see what a program registers, and not what a controller makes of a chart later.

    K3s' own Traefik is configured by a HelmChartConfig, which is listed by its name (bounds.helm).
    """
    if not one.kind:
        return
    if qualified(one.group, one.kind) == _CONFIG:
        name = one.body.text("metadata", "name", unknown=None)
        listed = one.is_listed(context.policy.bounds.helm)
        if name is not None and not listed:
            yield one.body.problem("must be one of those that are listed (bounds.helm)", "metadata", "name")
    else:
        yield one.body.problem("must not be a chart")
