"""What a provider consists of."""

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from functools import cached_property
from typing import Any, get_args, get_origin

from providers.kit.comparison import UNKNOWN_PROPERTIES
from providers.kit.model import LOCAL, REPLACE, SECRET, STABLE, UNREADABLE, WRITE_ONLY, Config, Mark, Model
from providers.kit.paths import Path
from providers.kit.resource import Resource
from providers.kit.shape import Shape, shape

_RESERVED = {"id", "urn", "__defaults", UNKNOWN_PROPERTIES}
_NAME = re.compile(r"[a-z][a-z0-9-]*")


@dataclass(frozen=True)
class Kind:
    """One kind of resource, as the kit serves it."""

    token: str
    """Its type token: ``<provider>:<module>:<class>``."""
    resource: type[Resource[Any, Any, Any]]
    """Its class."""
    inputs: Shape
    """The model of its inputs."""
    outputs: Shape
    """The model of what it has beyond them."""

    @property
    def name(self) -> str:
        """The name of its class."""
        return self.resource.__name__

    @cached_property
    def unreadable(self) -> tuple[str, ...]:
        """Names on the wire of the inputs that no API returns."""
        return tuple(prop.wire for prop in self.inputs.properties if prop.unreadable)

    @cached_property
    def write_only(self) -> frozenset[str]:
        """Names on the wire of the inputs whose outputs are fingerprints."""
        return frozenset(prop.wire for prop in self.inputs.properties if WRITE_ONLY in prop.marks)

    @cached_property
    def secrets(self) -> tuple[Path, ...]:
        """Patterns of all that is secret in its outputs; a fingerprint is not."""
        echoed = tuple(path for path in self.inputs.secrets if path[0] not in self.write_only)
        return (*echoed, *self.outputs.secrets)

    def stable(self, changed: Collection[str]) -> tuple[str, ...]:
        """Return the names on the wire of the outputs that survive an update in place.

        Args:
            changed: names on the wire of the inputs that differ.
        """
        moved = self.resource.unsettled
        wires = {prop.wire: prop.name for prop in self.inputs.properties}
        differing = {wires.get(name, name) for name in changed}
        stable = [prop for prop in self.outputs.properties if STABLE in prop.marks]
        return tuple(prop.wire for prop in stable if not differing & moved.get(prop.name, frozenset()))


@dataclass(frozen=True)
class Provider:
    """A provider: its name, its configuration, its kinds of resources.

    Raises:
        TypeError: something is declared in a way the kit cannot honour; every offence is listed.
    """

    name: str
    """The package's name: lower case, digits, hyphens."""
    version: str
    """Its version, as in semantic versioning."""
    description: str
    """What it is for, in a sentence."""
    config: type[Config]
    """The model of its configuration."""
    connect: Callable[[Any], AbstractAsyncContextManager[Any]]
    """Opens the client that the resources share; it is closed at the end."""
    resources: tuple[type[Resource[Any, Any, Any]], ...]
    """Its kinds of resources."""
    python_package: str
    """Name of the Python module that holds the typed classes."""
    concurrency: int = 32
    """How many operations may run at the same time."""

    def __post_init__(self) -> None:
        offences = [*self._offences()]
        if offences:
            msg = f"provider {self.name}:\n" + "\n".join(f"- {offence}" for offence in offences)
            raise TypeError(msg)

    @cached_property
    def kinds(self) -> Mapping[str, Kind]:
        """Its kinds of resources by type token."""
        kinds = [_kind(self.name, resource) for resource in self.resources]
        return {kind.token: kind for kind in kinds}

    @cached_property
    def settings(self) -> Shape:
        """The model of its configuration."""
        return shape(self.config)

    def _offences(self) -> Iterator[str]:
        if not _NAME.fullmatch(self.name):
            yield "its name takes lower case letters, digits and hyphens"
        if self.concurrency < 1:
            yield "concurrency is at least 1"
        yield from _misplaced("configuration", self.config, {SECRET})
        for resource in self.resources:
            try:
                kind = _kind(self.name, resource)
            except TypeError as error:
                yield f"{resource.__name__}: {error}"
                continue
            yield from _kind_offences(kind)


def _kind(package: str, resource: type[Resource[Any, Any, Any]]) -> Kind:
    inputs, outputs = _models(resource)
    token = f"{package}:{resource.module}:{resource.__name__}"
    return Kind(token, resource, shape(inputs), shape(outputs))


def _models(resource: type[Resource[Any, Any, Any]]) -> tuple[type[Model], type[Model]]:
    for ancestor in resource.__mro__:
        for written in getattr(ancestor, "__orig_bases__", ()):
            arguments = get_args(written)
            if get_origin(written) is Resource and isinstance(arguments[0], type):
                return arguments[0], arguments[1]
    msg = f"name its models: class {resource.__name__}(Resource[Inputs, Outputs, Client])"
    raise TypeError(msg)


def _kind_offences(kind: Kind) -> Iterator[str]:
    yield from _misplaced(f"{kind.name} inputs", kind.inputs.model, {REPLACE, SECRET, WRITE_ONLY, UNREADABLE, LOCAL})
    yield from _misplaced(f"{kind.name} outputs", kind.outputs.model, {SECRET, STABLE})
    stable = {prop.name for prop in kind.outputs.properties if STABLE in prop.marks}
    given = {prop.name for prop in kind.inputs.properties}
    for output, inputs in kind.resource.unsettled.items():
        if output not in stable or not inputs <= given:
            yield f"{kind.name}: unsettled names {output} and {', '.join(sorted(inputs))}: a STABLE output, and inputs"
    for name in sorted(kind.inputs.by_wire.keys() & kind.outputs.by_wire.keys()):
        yield f"{kind.name}: {name} is an input and an output; an input is in the outputs already"
    for name in sorted((kind.inputs.by_wire.keys() | kind.outputs.by_wire.keys()) & _RESERVED):
        yield f"{kind.name}: the name {name} is taken by the engine or the kit"
    for prop in kind.inputs.properties:
        if LOCAL in prop.marks and prop.required:
            yield f"{kind.name}: {prop.name} is LOCAL and needs a default: after an import nothing is recorded of it"
        if LOCAL in prop.marks and prop.marks & {REPLACE, UNREADABLE, WRITE_ONLY}:
            yield f"{kind.name}: {prop.name} is LOCAL, so it replaces nothing and no API holds it"


def _misplaced(what: str, model: type[Model], allowed: set[Mark]) -> Iterator[str]:
    try:
        properties = shape(model).properties
    except TypeError as error:
        yield f"{what}: {error}"
        return
    for prop in properties:
        for mark in sorted(prop.marks - allowed, key=lambda mark: mark.name):
            yield f"{what}: {mark.name} means nothing on {prop.name}"
