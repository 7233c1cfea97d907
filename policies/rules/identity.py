"""As whom pods speak to the API server."""

from collections.abc import Iterator, Sequence
from typing import Final

from catalog.policy import Severity
from policies.context import Context
from policies.field import Problem
from policies.pods import PODS, Pod
from policies.resources import KubernetesObject, Resource, is_listed, together
from policies.rule import cis, nsa, soc2, stack_rule
from policies.selection import all_objects, all_pods

_DEFAULT: Final = "default"
_NOT_KNOWN: Final = "?"


def _accounts(resources: Sequence[Resource], context: Context) -> Iterator[tuple[Pod, str, KubernetesObject | None]]:
    """Yield every pod with the name of its ServiceAccount, and that account where it is declared."""
    accounts = [*all_objects(resources, "ServiceAccount")]
    for pod in all_pods(resources, context):
        name = _account(pod)
        near = (one for one in accounts if one.name == name and together(one.namespace, pod.namespace))
        yield pod, name, next(near, None)


def _account(pod: Pod) -> str:
    """Return the name of a pod's ServiceAccount."""
    for key in ("serviceAccountName", "serviceAccount"):
        if name := pod.spec.text(key, unknown=_NOT_KNOWN):
            return name
    return _DEFAULT


@stack_rule(
    "K8S-SA-1",
    PODS,
    title="Pods hold a token of the API server only where they are listed",
    severity=Severity.MEDIUM,
    standards=(cis("5.1.6"), nsa("C-0034"), soc2("CC6.1")),
    also=("CKV_K8S_38", "KSV-0036"),
    remedy="set it to false, or list the ServiceAccount in bounds.api_tokens of catalog/policy.yaml",
)
def token(resources: Sequence[Resource], context: Context) -> Iterator[Problem]:
    """With the token whoever gets into a pod may do all that its ServiceAccount may.

    What a pod says of it counts before what its ServiceAccount says.
    """
    for pod, name, declared in _accounts(resources, context):
        if name == _NOT_KNOWN or is_listed(pod.namespace, name, context.policy.bounds.api_tokens):
            continue
        mounted = pod.spec.flag("automountServiceAccountToken", unknown=False)
        if mounted is None and declared:
            mounted = declared.body.flag("automountServiceAccountToken", unknown=False)
        if mounted is not False:
            yield pod.spec.problem("must be false, here or for its ServiceAccount", "automountServiceAccountToken")


@stack_rule(
    "K8S-SA-2",
    PODS,
    title="Pods have a ServiceAccount of their own, which is there",
    severity=Severity.MEDIUM,
    standards=(cis("5.1.5"), nsa("C-0189"), soc2("CC6.1")),
    also=("CKV_K8S_41", "CKV_K8S_42", "non-existent-service-account", "default-service-account"),
    remedy="make a ServiceAccount for it, and name that",
)
def account(resources: Sequence[Resource], context: Context) -> Iterator[Problem]:
    """What is granted to the default one is granted to every pod of the namespace; without its own no pod starts."""
    for pod, name, declared in _accounts(resources, context):
        if name == _DEFAULT:
            yield pod.spec.problem("must name a ServiceAccount that is not the default one", "serviceAccountName")
        elif name != _NOT_KNOWN and not declared:
            yield pod.spec.problem("must name a ServiceAccount that is declared", "serviceAccountName")
