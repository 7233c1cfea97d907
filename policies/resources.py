"""One resource as rules see it, whatever told of it, and the Kubernetes objects that it is or lists."""

from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any, Final, TypeVar

from policies.field import Field, Notes, Problem

T = TypeVar("T")

KUBERNETES: Final = "kubernetes:"
_PATCH = "Patch"
_LIST = "List"


Namespace = str | None
"""A namespace; None where only the deployment will know it, such as that of a Namespace that is not there yet."""


class Resource:
    """One resource, read once; all rules share it.

    Args:
        urn: its identity in the stack; of a document, one made of its kind and name.
        token: its type token.
        name: its logical name.
        inputs: tree of what it is given.
        options: tree of its options, by the engine's names; those that the source does not tell are ``NOT_TOLD``.
        parent: URN of its parent; empty at the root, and where the source does not tell.
        provider: URN of its explicit provider; empty for the default one, None where there is none to tell of.
        outputs: tree of what came of it; of a stack, its exports.
        position: where it was declared, as ``file:line``; empty where the source does not tell.
    """

    __slots__ = (
        "_views",
        "inputs",
        "name",
        "notes",
        "options",
        "outputs",
        "parent",
        "position",
        "provider",
        "type",
        "urn",
    )

    def __init__(
        self,
        urn: str,
        token: str,
        name: str,
        inputs: Any,
        *,
        options: Any = None,
        parent: str = "",
        provider: str | None = "",
        outputs: Any = None,
        position: str = "",
    ) -> None:
        self.urn = urn
        self.type = token
        self.name = name
        self.parent = parent
        self.provider = provider
        self.notes = Notes(urn)
        self.inputs = Field(inputs, "", self.notes)
        self.options = Field(options, "options", self.notes)
        self.outputs = Field(outputs, "outputs", self.notes)
        self.position = position
        self._views: dict[Hashable, tuple[Sequence[Any], dict[str, str]]] = {}

    def problem(self, message: str) -> Problem:
        """Return what is wrong with the resource as a whole.

        Args:
            message: what must hold, as a clause; never with a value in it.
        """
        return Problem(message, "", self.urn)

    def view(self, key: Hashable, find: Callable[["Resource"], Iterable[T]]) -> Sequence[T]:
        """Return what is found in it, looked for once; what could not be read on the way is noted each time.

        Args:
            key: what is looked for.
            find: finds it.
        """
        if key not in self._views:
            before = self.notes.taken()
            self._views[key] = tuple(find(self)), self.notes.taken()
            for path, why in before.items():
                self.notes.add(path, why)
        found, notes = self._views[key]
        for path, why in notes.items():
            self.notes.add(path, why)
        return found


@dataclass(frozen=True, slots=True)
class KubernetesObject:
    """One Kubernetes object: the resource itself, or an item of the list that it is."""

    resource: Resource
    """The resource."""
    group: str
    """Its API group; empty for the core."""
    version: str
    """Its version within the group."""
    kind: str
    """Its kind, without ``Patch``; empty where it is not known, and then any rule may be about it."""
    partial: bool
    """Whether only some of its fields are stated, as in a patch: what is absent is no statement."""
    body: Field
    """The object."""

    @property
    def name(self) -> str:
        """Its name; empty where it has none, or one that is not known."""
        return self.body.text("metadata", "name", unknown=None) or ""

    @property
    def namespace(self) -> Namespace:
        """Its namespace; empty where it names none. One that only the deployment will know is left for later."""
        told = self.body.later.at("metadata", "namespace")
        text = told.text(unknown=None)
        return text if text is not None else "" if told.value is None else None

    def is_listed(self, places: Iterable[str]) -> bool:
        """Return whether it is one of some places, or may turn out to be.

        Args:
            places: patterns of a namespace and a name each, such as ``kube-system/traefik``.
        """
        return is_listed(self.namespace, self.name, places)

    def is_of(self, kinds: Iterable[str]) -> bool:
        """Return whether it is of one of some kinds, such as ``Pod`` or ``apps/Deployment``; an unknown one may be."""
        return not self.kind or qualified(self.group, self.kind) in kinds


def together(one: Namespace, other: Namespace) -> bool:
    """Return whether two namespaces are, or may turn out to be, one.

    Args:
        one: a namespace.
        other: another.

    >>> together("a", "a"), together("a", None), together("a", "")
    (True, True, False)
    """
    return one == other or one is None or other is None


def is_listed(namespace: Namespace, name: str, places: Iterable[str]) -> bool:
    """Return whether what is in a namespace is one of some places, or may turn out to be.

    Args:
        namespace: the namespace.
        name: its name there.
        places: patterns of a namespace and a name each.

    >>> is_listed("a", "x", ["a/*"]), is_listed(None, "x", ["a/x"]), is_listed(None, "x", ["a/y"])
    (True, True, False)
    """
    return any(
        fnmatchcase(name, place.partition("/")[2]) if namespace is None else fnmatchcase(f"{namespace}/{name}", place)
        for place in places
    )


def qualified(group: str, kind: str) -> str:
    """Return a kind with its group.

    >>> qualified("apps", "Deployment"), qualified("", "Pod")
    ('apps/Deployment', 'Pod')
    """
    return f"{group}/{kind}" if group else kind


def token_kinds(token: str) -> tuple[str, str, str]:
    """Return the group, version and kind of a type token; empty ones where it is none of Kubernetes'.

    >>> token_kinds("kubernetes:apps/v1:DeploymentPatch")
    ('apps', 'v1', 'DeploymentPatch')
    """
    package, _, rest = token.partition(":")
    api, _, kind = rest.rpartition(":")
    group, _, version = api.rpartition("/")
    return ("" if group == "core" else group, version, kind) if package == "kubernetes" else ("", "", "")


def possible_kinds(token: str) -> tuple[str, ...]:
    """Return the kinds of the objects that a resource of a type is or lists; ``*`` for a list of anything."""
    group, _, kind = token_kinds(token)
    if not kind or kind == _LIST:
        return ("*",) if kind else ()
    own = qualified(group, kind)
    return (own, own.removesuffix(_PATCH), own.removesuffix(_LIST))


def objects(resource: Resource) -> Sequence[KubernetesObject]:
    """Return the Kubernetes objects that a resource is or lists."""
    return resource.view("objects", _objects)


def _objects(resource: Resource) -> Iterable[KubernetesObject]:
    group, version, kind = token_kinds(resource.type)
    body = resource.inputs
    if kind == _LIST or (kind.endswith(_LIST) and body.has("items", unknown=True)):
        for item in body.items("items"):
            yield _item(resource, item, (group, version, kind.removesuffix(_LIST)))
    elif kind:
        partial = kind.endswith(_PATCH)
        yield KubernetesObject(resource, group, version, kind.removesuffix(_PATCH), partial, body)


def _item(resource: Resource, item: Field, of_list: tuple[str, str, str]) -> KubernetesObject:
    group, version, kind = of_list
    if not kind:
        # Only the item itself says what it is; one that does not may be anything.
        api = item.text("apiVersion", unknown=None)
        kind = item.text("kind", unknown=None) or ""
        group, _, version = (api or "").rpartition("/")
    return KubernetesObject(resource, group, version, kind, partial=False, body=item)
