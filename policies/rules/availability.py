"""What keeps a workload up while a machine is away: pods enough, apart, and not all of them at once."""

import math
import re
from collections.abc import Iterator, Sequence
from typing import Final

from catalog.policy import Severity
from policies.context import Context
from policies.field import Field, Problem
from policies.pods import LASTING
from policies.resources import KubernetesObject, Resource, together
from policies.rule import kubernetes, nsa, rule, soc2, stack_rule
from policies.selection import all_objects, selects

_AUTOSCALER: Final = "autoscaling/HorizontalPodAutoscaler"
_BUDGET: Final = "policy/PodDisruptionBudget"
_SCALED: Final = kubernetes(*sorted(LASTING))
_TIER: Final = "sophia.ai/tier"
_LOWER: Final = ("secondary", "tertiary")
_PERCENT = re.compile(r"[0-9]{1,3}%")
_SPREAD: Final = ("topologySpreadConstraints",)
_APART: Final = ("affinity", "podAntiAffinity")


def _autoscalers(resources: Sequence[Resource]) -> Iterator[tuple[KubernetesObject, tuple[str, str]]]:
    """Yield the autoscalers with kind and name of what each scales, but for those of which that cannot be read."""
    for one in all_objects(resources, _AUTOSCALER):
        reference = one.body.at("spec", "scaleTargetRef")
        kind, name = reference.text("kind", unknown=None), reference.text("name", unknown=None)
        if kind and name:
            yield one, (kind, name)


def _scales(autoscaler: KubernetesObject, target: tuple[str, str], one: KubernetesObject) -> bool:
    return target == (one.kind, one.name) and together(autoscaler.namespace, one.namespace)


def _floors(resources: Sequence[Resource]) -> Iterator[tuple[KubernetesObject, float | None]]:
    """Yield what runs without end with the pods that it has at least; None where that is not known."""
    autoscalers = [*_autoscalers(resources)]
    for one in all_objects(resources, *LASTING):
        spec = one.body.at("spec")
        stated = spec.has("replicas", unknown=True)
        scaler = next((scaler for scaler, target in autoscalers if _scales(scaler, target, one)), None)
        if scaler is None or stated:
            floor = spec.number("replicas", unknown=-1)
        else:
            floor = scaler.body.number("spec", "minReplicas", unknown=-1)
        floor = 1 if floor is None else floor
        yield one, None if floor < 0 else floor


@stack_rule(
    "K8S-AVA-1",
    _SCALED,
    title="What runs without end has as many pods as its stack wants",
    severity=Severity.MEDIUM,
    standards=(soc2("A1.1"), soc2("A1.2")),
    also=("deployment-replicas", "deploymentMissingReplicas"),
    remedy="raise the replicas, or the floor of its autoscaler, to bounds.replicas of catalog/policy.yaml",
)
def replicas(resources: Sequence[Resource], context: Context) -> Iterator[Problem]:
    """With one pod every update of its node, and every fault of it, is an outage.

    The platform's own workloads of the lower tiers may have one (platform specification 2.2).
    """
    least = context.policy.bounds.replicas.get(context.stack, 1)
    for one, floor in _floors(resources):
        if floor is None or floor >= least:
            continue
        if one.body.text("metadata", "labels", _TIER, unknown=_LOWER[0]) not in _LOWER:
            yield one.body.problem(f"must be {least} or more (bounds.replicas)", "spec", "replicas")


@stack_rule(
    "K8S-AVA-2",
    kubernetes(*sorted(LASTING), _BUDGET),
    title="What has several pods has a disruption budget, and no budget forbids every disruption",
    severity=Severity.MEDIUM,
    standards=(soc2("A1.2"),),
    also=("pdb-min-available", "pdbDisruptionsIsZero", "poddisruptionbudget-has-policy"),
    remedy="add a PodDisruptionBudget with maxUnavailable: 1",
)
def budget(resources: Sequence[Resource], _: Context) -> Iterator[Problem]:
    """Without one a drain may end all pods at once; with one that allows nothing no node can ever be drained."""
    floors = [*_floors(resources)]
    budgets = [*all_objects(resources, _BUDGET)]
    for one, floor in floors:
        if floor is not None and floor > 1 and not any(_covers(each, one) for each in budgets):
            yield one.body.problem("must be selected by a PodDisruptionBudget")
    for each in budgets:
        selected = [floor for one, floor in floors if _covers(each, one)]
        pods = None if not selected or None in selected else sum(floor for floor in selected if floor is not None)
        yield from _forbidding(each.body.at("spec"), pods)


def _covers(each: KubernetesObject, one: KubernetesObject) -> bool:
    if not together(each.namespace, one.namespace):
        return False
    return selects(each.body.at("spec", "selector"), one.body.at("spec", "template", "metadata", "labels"))


def _forbidding(spec: Field, pods: float | None) -> Iterator[Problem]:
    most, least = _count(spec.at("maxUnavailable"), pods), _count(spec.at("minAvailable"), pods)
    if most == 0:
        yield spec.problem("must let a pod go", "maxUnavailable")
    if least is not None and (least == math.inf or (pods and least >= pods)):
        yield spec.problem("must be less than the pods that there are", "minAvailable")


def _count(field: Field, pods: float | None) -> float | None:
    """Return how many pods a number or a share is; infinite for all of them, None where nothing is said."""
    value = field.value
    if value is None or (isinstance(value, int | float) and not isinstance(value, bool)):
        return value
    if not isinstance(value, str) or not _PERCENT.fullmatch(value):
        return field.unread("a number or a share", None)
    share = int(value[:-1])
    if share in {0, 100}:
        return 0 if share == 0 else math.inf
    return math.ceil(share * pods / 100) if pods else None


@stack_rule(
    "K8S-AVA-3",
    _SCALED,
    title="What has several pods keeps them apart",
    severity=Severity.LOW,
    standards=(soc2("A1.2"),),
    also=("deployment-has-host-podantiaffinity", "no-anti-affinity", "spread-pods"),
    remedy="add topologySpreadConstraints over kubernetes.io/hostname, or podAntiAffinity",
)
def apart(resources: Sequence[Resource], _: Context) -> Iterator[Problem]:
    """Several pods on one machine are lost together."""
    for one, floor in _floors(resources):
        spec = one.body.at("spec", "template", "spec")
        kept = spec.items(*_SPREAD) or spec.at(*_SPREAD).value not in (None, [])
        if floor is not None and floor > 1 and not kept and not spec.has(*_APART, unknown=True):
            yield spec.problem("must keep the pods apart", *_SPREAD)


@rule(
    "K8S-AVA-4",
    kubernetes(_AUTOSCALER),
    title="Autoscalers have a floor, and a ceiling that is not below it",
    severity=Severity.HIGH,
    standards=(soc2("A1.1"),),
    also=("horizontalpodautoscaler-replicas", "hpaMaxAvailability"),
    remedy="set minReplicas to 1 at least, and maxReplicas to as many or more",
)
def range_of_autoscaler(one: KubernetesObject, _: Context) -> Iterator[Problem]:
    """The API server refuses such a one in the middle of a deployment; a floor of 0 is an outage at night."""
    spec = one.body.at("spec")
    most = spec.number("maxReplicas", unknown=math.inf)
    least = spec.number("minReplicas", unknown=1)
    if least is not None and least < 1:
        yield spec.problem("must be 1 or more", "minReplicas")
    if most is not None and most < max(1, least or 1):
        yield spec.problem("must not be less than minReplicas", "maxReplicas")
    if most is None and one.kind and not one.partial:
        yield spec.problem("must be set", "maxReplicas")


@stack_rule(
    "K8S-AVA-5",
    kubernetes(_AUTOSCALER, *sorted(LASTING)),
    title="What an autoscaler scales is there, and states no number of pods itself",
    severity=Severity.HIGH,
    standards=(nsa("C-0270"), soc2("A1.1")),
    also=("horizontalpodautoscaler-has-target", "deployment-targeted-by-hpa-does-not-have-replicas-configured"),
    remedy="name what is declared, and remove its replicas",
)
def target_of_autoscaler(resources: Sequence[Resource], _: Context) -> Iterator[Problem]:
    """Every deployment would put back the number that the autoscaler has changed, under load too."""
    there = [*all_objects(resources, *LASTING)]
    for autoscaler, target in _autoscalers(resources):
        scaled = next((one for one in there if _scales(autoscaler, target, one)), None)
        if scaled is None:
            yield autoscaler.body.problem("must be declared beside it", "spec", "scaleTargetRef")
        elif scaled.body.has("spec", "replicas", unknown=False):
            yield scaled.body.problem("must be unset, because an autoscaler scales it", "spec", "replicas")
