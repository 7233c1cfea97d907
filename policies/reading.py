"""Values as the four sources give them, read into one kind of tree that never raises when it is touched.

A tree holds None, booleans, numbers, text, lists, mappings, and where a value is not there to be read, an ``Opaque``
that says why. A secret is a ``Secret`` around its value. Whole numbers are integers again: the engine sends floats.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from google.protobuf import struct_pb2
from pulumi.runtime import rpc

from render.graph import SECRET, UNKNOWN

MOST_VALUES: Final = 100_000
"""Values in one resource that are read; what lies beyond them cannot be evaluated."""

DEEPEST: Final = 64
"""How deep values may lie in one another; what lies deeper cannot be evaluated."""

SIGNATURE: Final = rpc._special_sig_key  # noqa: SLF001 - the SDK names the wire's constants here and nowhere public
"""Key under which the engine says that a mapping stands for something else."""

SECRET_SIGNATURE: Final = rpc._special_secret_sig  # noqa: SLF001 - as above
OUTPUT_SIGNATURE: Final = rpc._special_output_value_sig  # noqa: SLF001 - as above
RESOURCE_SIGNATURE: Final = rpc._special_resource_sig  # noqa: SLF001 - as above

_SENTINELS: Final = frozenset(
    {
        "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",
        "3eeb2bf0-c639-47a8-9e75-3b44932eb421",
        "04da6b54-80e4-46f7-96ec-b56ff0331ba9",
        "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",
        "030794c1-ac77-496b-92df-f27374a8bd58",
        "e48ece36-62e2-4504-bad9-02848725956a",
        "dd056dcd-154b-4c76-9bd3-c8f88648b5ff",
    }
)
_GUID = 36


class Opaque:
    """A value that is not there to be read.

    Args:
        why: the reason, as what follows "could not evaluate <path>: ".
    """

    __slots__ = ("why",)

    def __init__(self, why: str) -> None:
        self.why = why

    def __repr__(self) -> str:
        return f"[{self.why}]"


NOT_KNOWN: Final = Opaque("only the deployment will know it")
HIDDEN: Final = Opaque("it is a secret that is hidden here")
TOO_MUCH: Final = Opaque("it lies too deep, or among too many values")
NOT_TOLD: Final = Opaque("this source does not tell it")


class Secret:
    """A value that is marked as secret.

    Args:
        value: its tree; ``HIDDEN`` where even we may not see it.
    """

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value = value

    def __repr__(self) -> str:
        return SECRET


def tree(value: Any) -> Any:
    """Return any source's value as a tree: the SDK's proxies, a state's JSON, a render's markers, YAML.

    Args:
        value: the value.
    """
    return _Reading().value(value, 0)


def tree_of_struct(struct: struct_pb2.Struct) -> Any:
    """Return the properties that the engine sends as a tree.

    Args:
        struct: the properties.
    """
    return _Reading().struct(struct, 0)


class _Reading:
    """Reads one resource, and no more values than a resource has."""

    __slots__ = ("left",)

    def __init__(self) -> None:
        self.left = MOST_VALUES

    def value(self, value: Any, depth: int) -> Any:
        self.left -= 1
        if value is None or isinstance(value, bool | Opaque | Secret):
            return value
        if isinstance(value, str | int | float):
            return _text(value) if isinstance(value, str) else _number(value)
        if depth > DEEPEST or self.left < 0:
            return TOO_MUCH
        if isinstance(value, Mapping):
            return self.marked({key: self.value(child, depth + 1) for key, child in _entries(value)})
        if isinstance(value, Sequence) and not isinstance(value, bytes | bytearray):
            return [self.value(child, depth + 1) for child in _items(value)]
        # YAML's dates, and the SDK's assets, whose content is no property.
        return str(value)

    def struct(self, struct: struct_pb2.Struct, depth: int) -> Any:
        if depth > DEEPEST:
            return TOO_MUCH
        return self.marked({key: self.proto(child, depth + 1) for key, child in struct.fields.items()})

    def proto(self, value: struct_pb2.Value, depth: int) -> Any:
        self.left -= 1
        kind = value.WhichOneof("kind")
        if kind == "string_value":
            return _text(value.string_value)
        if self.left < 0:
            return TOO_MUCH
        if kind == "struct_value":
            return self.struct(value.struct_value, depth)
        if kind == "list_value":
            return [self.proto(item, depth + 1) for item in value.list_value.values]
        if kind == "number_value":
            return _number(value.number_value)
        return value.bool_value if kind == "bool_value" else None

    def marked(self, found: dict[str, Any]) -> Any:
        """Return what a mapping stands for, where the engine has marked it."""
        signature = found.get(SIGNATURE)
        if signature is None:
            return found
        if signature == SECRET_SIGNATURE:
            return Secret(self.secret(found))
        if signature == OUTPUT_SIGNATURE:
            value = found.get("value", NOT_KNOWN)
            return Secret(value) if found.get("secret") is True else value
        if signature == RESOURCE_SIGNATURE:
            return found.get("urn")
        return {key: value for key, value in found.items() if key != SIGNATURE}

    def secret(self, found: dict[str, Any]) -> Any:
        if "value" in found:
            return found["value"]
        # An export with --show-secrets has the value as JSON, any other a ciphertext.
        try:
            return self.value(json.loads(found["plaintext"]), 1)
        except (KeyError, TypeError, ValueError, RecursionError):
            return HIDDEN


def _entries(value: Mapping[Any, Any]) -> Iterator[tuple[str, Any]]:
    for key in value:
        try:
            yield str(key), value[key]
        except Exception as error:  # noqa: BLE001 - told apart below; the SDK's class would cost a quarter of a second
            yield str(key), _unread(error)


def _items(value: Sequence[Any]) -> Iterator[Any]:
    for index in range(len(value)):
        try:
            yield value[index]
        except Exception as error:  # noqa: BLE001 - as above
            yield _unread(error)


def _unread(error: Exception) -> Opaque:
    """Return what stands where the SDK's proxy refuses to be touched."""
    return NOT_KNOWN if type(error).__name__ == "UnknownValueError" else Opaque("it cannot be read")


def _text(value: str) -> Any:
    if len(value) == _GUID and value in _SENTINELS:
        return NOT_KNOWN
    if value == UNKNOWN:
        return NOT_KNOWN
    return Secret(HIDDEN) if value == SECRET else value


def _number(value: float) -> float:
    return int(value) if isinstance(value, float) and value.is_integer() else value
