"""Values as they travel between the engine and a provider, as plain Python data.

The SDK's ``PropertyValue`` is not used: it takes no int, compares a secret as different from the same plain value,
cannot hold an unknown that it can also write, and costs a third pass over every value.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from google.protobuf import struct_pb2
from pulumi.runtime import rpc
from typing_extensions import override

from providers.kit.paths import Path


class Unknown:
    """The type of ``UNKNOWN``; no enum, because a model takes one for its value."""

    @override
    def __repr__(self) -> str:
        return "UNKNOWN"


UNKNOWN: Final = Unknown()
"""Stands, in a preview, where a value depends on what does not exist yet."""

_SIGNATURE: Final = rpc._special_sig_key  # noqa: SLF001 - the SDK names the wire constants here and nowhere public
_SECRET: Final = rpc._special_secret_sig  # noqa: SLF001 - as above
_OUTPUT: Final = rpc._special_output_value_sig  # noqa: SLF001 - as above
_UNKNOWNS: Final = frozenset({
    rpc.UNKNOWN,  # what programs send, whatever the type
    # One per type, from the engine itself: sdk/go/common/resource/plugin/rpc.go, 3.259.
    "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",
    "3eeb2bf0-c639-47a8-9e75-3b44932eb421",
    "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",
    "030794c1-ac77-496b-92df-f27374a8bd58",
    "e48ece36-62e2-4504-bad9-02848725956a",
    "dd056dcd-154b-4c76-9bd3-c8f88648b5ff",
})  # fmt: skip


@dataclass(frozen=True)
class Values:
    """Properties, and which of them are secret."""

    plain: dict[str, Any] = field(default_factory=dict)
    """The values: None, bool, int, float, str, list, dict and ``UNKNOWN``."""
    secrets: frozenset[Path] = frozenset()
    """Paths of the values that are secret, and with them all they hold."""

    def marked(self, name: str) -> bool:
        """Return whether a property is secret or holds a secret."""
        return any(path[:1] == (name,) for path in self.secrets)


def decode(struct: struct_pb2.Struct) -> Values:
    """Return what a message holds."""
    secrets: set[Path] = set()
    plain = {key: _decoded(value, (key,), secrets) for key, value in struct.fields.items()}
    return Values(plain, frozenset(secrets))


def _decoded(value: struct_pb2.Value, at: Path, secrets: set[Path]) -> Any:
    kind = value.WhichOneof("kind")
    if kind == "string_value":
        return UNKNOWN if value.string_value in _UNKNOWNS else value.string_value
    if kind == "number_value":
        number = value.number_value
        return int(number) if number.is_integer() else number
    if kind == "bool_value":
        return value.bool_value
    if kind == "list_value":
        return [_decoded(item, (*at, index), secrets) for index, item in enumerate(value.list_value.values)]
    if kind == "struct_value":
        return _decoded_struct(value.struct_value, at, secrets)
    return None


def _decoded_struct(struct: struct_pb2.Struct, at: Path, secrets: set[Path]) -> Any:
    fields = struct.fields
    signature = fields[_SIGNATURE].string_value if _SIGNATURE in fields else ""
    if signature not in {_SECRET, _OUTPUT}:
        return {key: _decoded(value, (*at, key), secrets) for key, value in fields.items()}
    if signature == _SECRET or fields["secret"].bool_value:
        secrets.add(at)
    # An output without a value is one that is not known.
    return _decoded(fields["value"], at, secrets) if "value" in fields else UNKNOWN


def encode(values: Values) -> struct_pb2.Struct:
    """Return properties as a message; what is not known travels as the string the engine knows it by."""
    tree: dict[str | int, Any] = {}
    for path in values.secrets:
        branch = tree
        for part in path:
            branch = branch.setdefault(part, {})
        branch[_SECRET] = True
    fields = {key: _encoded(value, tree.get(key)) for key, value in values.plain.items()}
    return struct_pb2.Struct(fields=fields)


def _encoded(value: Any, secret: dict[str | int, Any] | None) -> struct_pb2.Value:
    inner = secret or {}
    if inner.get(_SECRET):
        fields = {_SIGNATURE: struct_pb2.Value(string_value=_SECRET), "value": _encoded(value, None)}
        return struct_pb2.Value(struct_value=struct_pb2.Struct(fields=fields))
    if isinstance(value, Mapping):
        fields = {str(key): _encoded(item, inner.get(key)) for key, item in value.items()}
        return struct_pb2.Value(struct_value=struct_pb2.Struct(fields=fields))
    if isinstance(value, list | tuple):
        items = [_encoded(item, inner.get(index)) for index, item in enumerate(value)]
        return struct_pb2.Value(list_value=struct_pb2.ListValue(values=items))
    return _scalar(value)


def _scalar(value: Any) -> struct_pb2.Value:
    if isinstance(value, str):
        return struct_pb2.Value(string_value=value)
    if isinstance(value, bool):
        return struct_pb2.Value(bool_value=value)
    if isinstance(value, int | float):
        return struct_pb2.Value(number_value=value)
    if value is UNKNOWN:
        return struct_pb2.Value(string_value=rpc.UNKNOWN)
    if value is None:
        return struct_pb2.Value(null_value=struct_pb2.NULL_VALUE)
    msg = f"a {type(value).__name__} cannot be sent to the engine"
    raise TypeError(msg)


def unknowns(value: Any, at: Path = ()) -> Iterator[Path]:
    """Give the path of everything in a value that is not known.

    >>> list(unknowns({"a": [1, UNKNOWN]}))
    [('a', 1)]
    """
    if value is UNKNOWN:
        yield at
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from unknowns(item, (*at, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from unknowns(item, (*at, index))


def partial(value: Any) -> bool:
    """Return whether anything in a value is not known."""
    return next(unknowns(value), None) is not None


def without_nulls(value: Any) -> Any:
    """Return a value without the null entries of its objects: to the engine, null and absent are the same."""
    if isinstance(value, Mapping):
        return {key: without_nulls(item) for key, item in value.items() if item is not None}
    if isinstance(value, list):
        return [without_nulls(item) for item in value]
    return value


def leaves(value: Any) -> Iterator[str]:
    """Give the text of every string and number in a value."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield str(value)
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from leaves(item)
    elif isinstance(value, Iterable):
        for item in value:
            yield from leaves(item)


def holds(value: Any, part: str | int) -> bool:
    """Return whether an object has a key, or an array an index."""
    if isinstance(value, Mapping):
        return part in value
    return isinstance(value, list) and isinstance(part, int) and part < len(value)


def at(value: Any, path: Path) -> Any:
    """Return what lies at a path, or None."""
    for part in path:
        if not holds(value, part):
            return None
        value = value[part]
    return value
