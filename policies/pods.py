"""Pods, wherever they are described: by themselves, or in the template of what makes them."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from policies.context import Context, Version
from policies.field import Field
from policies.resources import KubernetesObject, Namespace, Resource, objects, possible_kinds, qualified
from policies.rule import Subjects

SETS: Final = ("initContainers", "containers", "ephemeralContainers")
"""The sets of containers of a pod, in the order in which the admission controller visits them."""

_TEMPLATE = ("spec", "template")
TEMPLATES: Final[Mapping[str, tuple[str, ...]]] = {
    "Pod": (),
    "PodTemplate": ("template",),
    "ReplicationController": _TEMPLATE,
    "apps/ReplicaSet": _TEMPLATE,
    "apps/Deployment": _TEMPLATE,
    "apps/DaemonSet": _TEMPLATE,
    "apps/StatefulSet": _TEMPLATE,
    "extensions/ReplicaSet": _TEMPLATE,
    "extensions/Deployment": _TEMPLATE,
    "extensions/DaemonSet": _TEMPLATE,
    "batch/Job": _TEMPLATE,
    "batch/CronJob": ("spec", "jobTemplate", "spec", "template"),
}
"""Where each kind that bears pods has the template of them; a pod is its own."""

LASTING: Final = frozenset(("apps/Deployment", "apps/StatefulSet", "apps/ReplicaSet", "ReplicationController"))
"""Kinds whose pods run without end, as many as are wanted."""

_ON_EVERY_NODE = "apps/DaemonSet"
_WINDOWS_KNOWN_FROM: Final[Version] = (1, 25)
_USER_NAMESPACES_FROM: Final[Version] = (1, 35)


@dataclass(frozen=True, slots=True)
class Pod:
    """A pod, or the template of some."""

    object: KubernetesObject
    """The object that it is, or that makes it."""
    metadata: Field
    """Its own labels and annotations, which are the template's."""
    spec: Field
    """Its specification."""

    @property
    def resource(self) -> Resource:
        """The resource."""
        return self.object.resource

    @property
    def partial(self) -> bool:
        """Whether only some fields are stated: what is absent is no statement."""
        return self.object.partial

    @property
    def kind(self) -> str:
        """The kind of what makes it, or ``Pod``; empty where that is not known."""
        return qualified(self.object.group, self.object.kind) if self.object.kind else ""

    @property
    def lasts(self) -> bool:
        """Whether it is made to run without end."""
        return self.kind in LASTING or self.on_every_node

    @property
    def on_every_node(self) -> bool:
        """Whether there is one on each node."""
        return self.kind == _ON_EVERY_NODE

    @property
    def namespace(self) -> Namespace:
        """The namespace of what makes it; empty where it names none, None where it is not known yet."""
        return self.object.namespace

    def lasting_containers(self) -> Iterator[Field]:
        """Yield the containers that run as long as the pod: sidecars begin before the others."""
        for container in self.containers("initContainers"):
            if container.text("restartPolicy", unknown=None) == "Always":
                yield container
        yield from self.containers("containers")

    def containers(self, *sets: str) -> Iterator[Field]:
        """Yield its containers.

        Args:
            sets: the fields that have them; all three by default.
        """
        for name in sets or SETS:
            yield from self.spec.items(name)

    def contexts(self) -> Iterator[Field]:
        """Yield the security context of the pod, and then that of every container."""
        yield self.spec.at("securityContext")
        for container in self.containers():
            yield container.at("securityContext")

    def runs_windows(self, version: Version) -> bool:
        """Return whether it says so, from the version on in which that counts.

        Args:
            version: of the Pod Security Standards.
        """
        return version >= _WINDOWS_KNOWN_FROM and self.spec.text("os", "name", unknown="windows") == "windows"

    def has_user_namespace(self, version: Version) -> bool:
        """Return whether its users are none of the host's, from the version on in which that counts.

        Args:
            version: of the Pod Security Standards.
        """
        return version >= _USER_NAMESPACES_FROM and self.spec.flag("hostUsers", unknown=False) is False


def _covers(token: str, context: Context) -> bool:
    found = possible_kinds(token)
    return "*" in found or any(kind in TEMPLATES or kind in context.policy.pod_templates for kind in found)


def pods(resource: Resource, context: Context) -> Iterable[Pod]:
    """Return the pods that a resource is or makes.

    Args:
        resource: the resource.
        context: where kinds of custom resources have them.
    """
    return resource.view("pods", lambda one: _pods(one, context.policy.pod_templates))


def _pods(resource: Resource, custom: Mapping[str, str]) -> Iterator[Pod]:
    for one in objects(resource):
        kind = qualified(one.group, one.kind)
        if not one.kind:
            # Whatever it is, it may be a pod: to ask for its specification notes that it cannot be evaluated.
            yield Pod(one, one.body.at("metadata"), one.body.at("spec"))
            continue
        path = tuple(custom[kind].split(".")) if kind in custom else TEMPLATES.get(kind)
        if path is None:
            continue
        pod = one.body.at(*path)
        if pod.at("spec").value is None and not one.partial and kind != "ReplicationController":
            # The API server refuses it; until then nobody knows what would run.
            pod.at("spec").unreadable("it is absent")
        yield Pod(one, pod.at("metadata"), pod.at("spec"))


PODS: Final = Subjects("pods, and all that makes them", _covers, pods)
"""Every pod: of the kinds that bear them, their patches and lists, and the custom kinds that the catalog names."""
