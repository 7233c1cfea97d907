"""What the kit knows about a model, worked out once per class."""

import types
import typing
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import cache, cached_property
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel, Field, TypeAdapter
from pydantic.alias_generators import to_camel
from pydantic.fields import FieldInfo

from providers.kit.model import LOCAL, SECRET, UNREADABLE, WRITE_ONLY, Environment, Mark, Model
from providers.kit.paths import Path
from providers.kit.values import UNKNOWN

_UNIONS = {Union, types.UnionType}
_ARRAYS = {list, tuple, Sequence}
_OBJECTS = {dict, Mapping}


@dataclass(frozen=True)
class Property:
    """One field of a model, as a property on the wire."""

    name: str
    """Its Python name."""
    wire: str
    """Its name on the wire."""
    info: FieldInfo
    """What pydantic knows of it."""
    marks: frozenset[Mark]
    """How it behaves."""
    secrets: tuple[Path, ...]
    """Patterns of what is secret in it, from the property on."""

    @property
    def annotation(self) -> Any:
        """Its type, without what is annotated around it."""
        return self.info.annotation

    @property
    def required(self) -> bool:
        """Whether it has to be given."""
        return self.info.is_required()

    @property
    def unreadable(self) -> bool:
        """Whether no API returns it."""
        return bool(self.marks & {UNREADABLE, WRITE_ONLY})

    @property
    def carried(self) -> bool:
        """Whether a read takes it from what was recorded."""
        return self.unreadable or LOCAL in self.marks

    @cached_property
    def keyed(self) -> bool:
        """Whether it is an object of free keys."""
        return entry(unwrapped(self.annotation)) is not None

    @property
    def fingerprints(self) -> str | None:
        """Name on the wire of the output that holds the fingerprints of a write-only object, by key; None of any other.

        The engine hides an output that has the name of a secret input.
        """
        return f"{self.wire}Fingerprints" if WRITE_ONLY in self.marks and self.keyed else None

    @property
    def environment(self) -> str | None:
        """The environment variable that may give its value."""
        return next((mark.name for mark in self.info.metadata if isinstance(mark, Environment)), None)

    @property
    def description(self) -> str:
        """Its documentation."""
        return self.info.description or ""

    @cached_property
    def adapter(self) -> TypeAdapter[Any]:
        """Checks one value of it."""
        metadata = [one for one in self.info.metadata if not isinstance(one, Mark | Environment)]
        if self.info.discriminator is not None:
            metadata.append(Field(discriminator=self.info.discriminator))
        whole: Any = Annotated[(self.annotation, *metadata)] if metadata else self.annotation
        return TypeAdapter(whole)

    @cached_property
    def default(self) -> Any:
        """Its default on the wire; None where it has none, and where that depends on other fields."""
        if self.required or self.info.default_factory_takes_validated_data:
            return None
        value = self.info.get_default(call_default_factory=True, validated_data={})
        return self.adapter.dump_python(value, mode="json", by_alias=True, exclude_none=True, warnings=False)


@dataclass(frozen=True)
class Shape:
    """A model's fields as properties, and its values as plain data."""

    model: type[Model]
    """The model."""
    properties: tuple[Property, ...]
    """Its fields."""

    @cached_property
    def by_wire(self) -> Mapping[str, Property]:
        """Its fields by their name on the wire."""
        return {prop.wire: prop for prop in self.properties}

    @cached_property
    def wires(self) -> Mapping[str, str]:
        """The name on the wire of each Python name."""
        return {prop.name: prop.wire for prop in self.properties}

    @cached_property
    def secrets(self) -> tuple[Path, ...]:
        """Patterns of all that is secret in it."""
        return tuple(pattern for prop in self.properties for pattern in prop.secrets)

    def dump(self, model: Model) -> dict[str, Any]:
        """Return a model as properties on the wire, without those that are None."""
        return model.model_dump(mode="json", by_alias=True, exclude_none=True, warnings=False)

    def lenient(self, plain: Mapping[str, Any]) -> Model:
        """Return recorded properties as a model: what breaks a rule by now is kept as it is."""
        return self.model.model_construct(None, **self.values(plain, absent=True))

    def values(self, plain: Mapping[str, Any], *, absent: bool) -> dict[str, Any]:
        """Return properties as typed values by Python name, write-only ones as they are or None where recorded.

        Args:
            plain: properties on the wire.
            absent: whether these are recorded ones: then write-only values are None.
        """
        found: dict[str, Any] = {}
        for prop in self.properties:
            value = None if absent and WRITE_ONLY in prop.marks else plain.get(prop.wire)
            if value is None:
                required = prop.required
                default = None if required else prop.info.get_default(call_default_factory=True, validated_data={})
                found[prop.name] = default
            else:
                found[prop.name] = value if value is UNKNOWN else _typed(prop, value)
        return found


def _typed(prop: Property, value: Any) -> Any:
    try:
        return prop.adapter.validate_python(value)
    except Exception:  # noqa: BLE001 - a rule may fail in any way on a value of another version, or on one not known yet
        return value


@cache
def shape(model: type[Model]) -> Shape:
    """Return what the kit knows about a model.

    Raises:
        TypeError: a field is declared in a way the kit cannot honour.
    """
    return Shape(model, tuple(_property(name, info) for name, info in model.model_fields.items()))


def _property(name: str, info: FieldInfo) -> Property:
    wire = info.alias or to_camel(name)
    marks = frozenset(mark for mark in info.metadata if isinstance(mark, Mark))
    inner = () if marks & {SECRET, WRITE_ONLY} else tuple(_secrets(info.annotation, (wire,), ()))
    return Property(name, wire, info, marks, ((wire,),) if marks & {SECRET, WRITE_ONLY} else inner)


def _secrets(annotation: Any, at: Path, above: tuple[type, ...]) -> Iterator[Path]:
    """Give the patterns of what is secret within a type, and refuse what has no meaning there."""
    origin = get_origin(annotation)
    if origin is Annotated:
        yield from _marked(annotation, at, above)
    elif origin in _UNIONS:
        for member in get_args(annotation):
            yield from _secrets(member, at, above)
    elif origin in _ARRAYS:
        for member in get_args(annotation):
            if member is not Ellipsis:
                yield from _secrets(member, (*at, "*"), above)
    elif origin in _OBJECTS:
        yield from _secrets(get_args(annotation)[1], (*at, "*"), above)
    elif set in {origin, annotation} or frozenset in {origin, annotation}:
        msg = f"{at[0]}: a set has no order, so it would differ at random; use a tuple that a validator sorts"
        raise TypeError(msg)
    elif isinstance(annotation, type) and issubclass(annotation, BaseModel) and annotation not in above:
        yield from _nested(annotation, at, above)


def _marked(annotation: Any, at: Path, above: tuple[type, ...]) -> Iterator[Path]:
    inner, *metadata = get_args(annotation)
    for mark in metadata:
        if isinstance(mark, Mark) and mark is not SECRET:
            msg = f"{at[0]}: {mark.name} inside a type has no meaning; write it around the whole type of the field"
            raise TypeError(msg)
    if SECRET in metadata:
        yield at
    yield from _secrets(inner, at, above)


def _nested(model: type[BaseModel], at: Path, above: tuple[type, ...]) -> Iterator[Path]:
    for name, info in model.model_fields.items():
        annotation = Annotated[(info.annotation, *info.metadata)] if info.metadata else info.annotation
        yield from _secrets(annotation, (*at, info.alias or name), (*above, model))


def unwrapped(annotation: Any) -> Any:
    """Return a type without what is annotated around it and without None.

    >>> unwrapped(Annotated[str | None, "any"])
    <class 'str'>
    """
    if get_origin(annotation) is Annotated:
        return unwrapped(get_args(annotation)[0])
    if get_origin(annotation) in _UNIONS:
        members = [member for member in get_args(annotation) if member is not type(None)]
        return unwrapped(members[0]) if len(members) == 1 else Union[tuple(members)]  # noqa: UP007 - from a list
    return annotation


def members(annotation: Any) -> tuple[Any, ...]:
    """Return the members of a union, or the type itself."""
    return get_args(annotation) if get_origin(annotation) in _UNIONS else (annotation,)


def element(annotation: Any) -> Any:
    """Return the type of an array's items, or None if it is no array.

    >>> element(tuple[int, int]), element(str)
    (<class 'int'>, None)
    """
    if annotation in _ARRAYS:
        return Any
    if get_origin(annotation) not in _ARRAYS:
        return None
    items = {item for item in get_args(annotation) if item is not Ellipsis}
    return items.pop() if len(items) == 1 else Any


def entry(annotation: Any) -> Any:
    """Return the type of an object's values, or None if it is none of free keys."""
    if annotation in _OBJECTS:
        return Any
    return get_args(annotation)[1] if get_origin(annotation) in _OBJECTS else None


def choices(annotation: Any) -> tuple[str, ...]:
    """Return the texts a closed set allows; empty for any other type."""
    if get_origin(annotation) is typing.Literal:
        return tuple(str(choice) for choice in get_args(annotation))
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        return tuple(str(choice.value) for choice in annotation)
    return ()
