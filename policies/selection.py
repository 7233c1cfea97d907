"""Selectors of labels, as the API server reads them, and what of a stack they select."""

from collections.abc import Iterable, Iterator

from policies.context import Context
from policies.field import Field
from policies.pods import Pod, pods
from policies.resources import KubernetesObject, Resource, objects


def selects(selector: Field, labels: Field) -> bool:
    """Return whether a selector selects what has labels; an empty one selects all, an absent one nothing.

    What cannot be read is noted, and counts as selected.

    Args:
        selector: with ``matchLabels`` and ``matchExpressions``.
        labels: the labels.
    """
    if not selector.has(unknown=True):
        return False
    for key, value in selector.entries("matchLabels"):
        wanted = value.text(unknown=None)
        if wanted is not None and labels.text(key, unknown=wanted) != wanted:
            return False
    return all(_expressed(one, labels) for one in selector.items("matchExpressions"))


def _expressed(expression: Field, labels: Field) -> bool:
    key, operator = expression.text("key", unknown=None), expression.text("operator", unknown=None)
    if key is None or operator is None:
        return True
    there = labels.has(key, unknown=operator != "DoesNotExist")
    if operator in {"Exists", "DoesNotExist"}:
        return there is (operator == "Exists")
    values = [one.text(unknown=None) for one in expression.items("values")]
    if None in values:
        return True
    found = labels.text(key, unknown=values[0] if values and operator == "In" else None)
    return (found in values) is (operator == "In")


def all_objects(resources: Iterable[Resource], *kinds: str) -> Iterator[KubernetesObject]:
    """Yield the whole objects of kinds in a stack; those whose kind is not known are none.

    Args:
        resources: all of the stack.
        kinds: such as ``Pod`` or ``apps/Deployment``.
    """
    wanted = frozenset(kinds)
    for resource in resources:
        for one in objects(resource):
            if one.kind and not one.partial and one.is_of(wanted):
                yield one


def all_pods(resources: Iterable[Resource], context: Context) -> Iterator[Pod]:
    """Yield the whole pods of a stack, and the templates of all others.

    Args:
        resources: all of the stack.
        context: where kinds of custom resources have them.
    """
    for resource in resources:
        yield from (pod for pod in pods(resource, context) if pod.kind and not pod.partial)
