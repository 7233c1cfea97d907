"""Whether two Kubernetes objects are in one namespace, as far as that is known."""

from policies.resources import KubernetesObject

Namespace = str | None
"""A namespace; None where only the deployment will know it, such as that of a Namespace that is not there yet."""


def namespace(one: KubernetesObject) -> Namespace:
    """Return the namespace of an object; one that is not known yet is left for later.

    Args:
        one: the object.
    """
    told = one.body.later.at("metadata", "namespace")
    text = told.text(unknown=None)
    return text if text is not None else "" if told.value is None else None


def together(one: Namespace, other: Namespace) -> bool:
    """Return whether two namespaces are, or may turn out to be, one.

    Args:
        one: a namespace.
        other: another.

    >>> together("a", "a"), together("a", None), together("a", "")
    (True, True, False)
    """
    return one == other or one is None or other is None
