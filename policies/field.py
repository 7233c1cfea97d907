"""One value of a resource with its path: rules read through it, and what they could not read is noted."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from policies.reading import HIDDEN, NOT_KNOWN, Opaque, Secret

T = TypeVar("T")

LATER: Final = f"{NOT_KNOWN.why}, and then it is judged before anything is done with it"
"""Why a value is not judged yet that the engine asks about again, once it is known."""

_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")
_LONGEST_KEY: Final = 100


@dataclass(frozen=True, slots=True)
class Problem:
    """What a rule finds wrong, and where; never with a value of the resource in it."""

    message: str
    """What must hold there, as a clause: ``must be unset or false``."""
    path: str
    """The property; empty for the resource as a whole."""
    urn: str
    """The resource."""


class Notes:
    """What could not be read of a resource since it was last asked, by path.

    Args:
        urn: the resource.
    """

    __slots__ = ("_found", "urn")

    def __init__(self, urn: str) -> None:
        self.urn = urn
        self._found: dict[str, str] = {}

    def add(self, path: str, why: str) -> None:
        """Note a value that a rule wanted to read and could not."""
        # What some reading cannot wait for, none waits for.
        if self._found.get(path, LATER) == LATER:
            self._found[path] = why

    def taken(self) -> dict[str, str]:
        """Return the reasons by path, and forget them."""
        found, self._found = self._found, {}
        return found


class Field:
    """A value of a resource, which may be absent, unknown, secret or of the wrong kind.

    Every reading method takes the keys that lead to the value, gives None where it is absent or null, and where it
    cannot be read notes that and gives the ``unknown`` that it is told: the value with which the rule would be content,
    because the note is a finding already.

    Args:
        value: its tree; a ``Secret`` is unwrapped.
        path: how messages name it.
        notes: takes what cannot be read.
        secret: whether it lies in a secret.
        waits: whether it may be judged later, where only the deployment will know it.
    """

    __slots__ = ("notes", "path", "secret", "value", "waits")

    def __init__(self, value: Any, path: str, notes: Notes, *, secret: bool = False, waits: bool = False) -> None:
        while isinstance(value, Secret):
            value, secret = value.value, True
        self.value = value
        """Its tree: for what asks of every kind of value alike. The methods note what cannot be read, this does not."""
        self.path = path
        self.notes = notes
        self.secret = secret
        """Whether the value is marked as secret, itself or with what it lies in."""
        self.waits = waits

    @property
    def later(self) -> "Field":
        """The same for a rule that may wait for what only the deployment will know.

        The engine asks again before it makes the resource, with all values. So this is for what a preview cannot know
        at all, such as the key of a host that is not there yet; whatever people write down is read without it.
        """
        return Field(self.value, self.path, self.notes, secret=self.secret, waits=True)

    def at(self, *keys: str) -> "Field":
        """Return the value that keys lead to."""
        field = self
        for key in keys:
            field = field.child(key)
        return field

    def child(self, key: str) -> "Field":
        """Return the value under one key."""
        value = self.value
        if isinstance(value, dict):
            # A key inside a secret could itself be one.
            path = self.path if self.secret else _joined(self.path, key)
            return self._other(value.get(key), path)
        if value is None:
            return self._other(None, _joined(self.path, key))
        return self._other(value if isinstance(value, Opaque) else Opaque("it is not a mapping"), self.path)

    def _other(self, value: Any, path: str) -> "Field":
        return Field(value, path, self.notes, secret=self.secret, waits=self.waits)

    def flag(self, *keys: str, unknown: bool) -> bool | None:
        """Return a boolean."""
        field = self.at(*keys)
        value = field.value
        return value if value is None or isinstance(value, bool) else field.unread("a boolean", unknown)

    def text(self, *keys: str, unknown: str | None) -> str | None:
        """Return a text."""
        field = self.at(*keys)
        value = field.value
        return value if value is None or isinstance(value, str) else field.unread("a text", unknown)

    def number(self, *keys: str, unknown: float | None) -> float | None:
        """Return a number; a whole one is an integer."""
        field = self.at(*keys)
        value = field.value
        if value is None or (isinstance(value, int | float) and not isinstance(value, bool)):
            return value
        return field.unread("a number", unknown)

    def has(self, *keys: str, unknown: bool) -> bool:
        """Return whether there is a value, an empty one among them."""
        field = self.at(*keys)
        # A hidden secret is there; whether something lies in one is not known.
        if isinstance(field.value, Opaque) and field.value is not HIDDEN:
            return field.unread("there", unknown)
        return field.value is not None

    def items(self, *keys: str) -> tuple["Field", ...]:
        """Return the items of a list; none where it is absent or cannot be read."""
        field = self.at(*keys)
        value = field.value
        if isinstance(value, list):
            hidden = field.secret
            return tuple(
                field._other(item, field.path if hidden else f"{field.path}[{index}]")  # noqa: SLF001 - of this class
                for index, item in enumerate(value)
            )
        return () if value is None else field.unread("a list", ())

    def entries(self, *keys: str) -> Iterator[tuple[str, "Field"]]:
        """Yield keys and values of a mapping; none where it is absent or cannot be read."""
        field = self.at(*keys)
        value = field.value
        if isinstance(value, dict):
            for key in value:
                yield key, field.child(key)
        elif value is not None:
            field.unread("a mapping", None)

    def leaves(self) -> Iterator["Field"]:
        """Yield the values below that hold no others, unreadable ones among them; nothing is noted."""
        if isinstance(self.value, dict):
            for _, child in self.entries():
                yield from child.leaves()
        elif isinstance(self.value, list):
            for item in self.items():
                yield from item.leaves()
        elif self.value is not None:
            yield self

    def problem(self, message: str, *keys: str) -> Problem:
        """Return what is wrong with the value that keys lead to.

        Args:
            message: what must hold, as a clause; never with a value in it.
            keys: lead to the value.
        """
        return Problem(message, self.at(*keys).path, self.notes.urn)

    def unreadable(self, why: str) -> None:
        """Note that the value cannot be evaluated.

        Args:
            why: the reason.
        """
        self.notes.add(self.path, why)

    def unread(self, wanted: str, unknown: T) -> T:
        """Note that the value cannot be read, and return what a reading gives in its place.

        Args:
            wanted: the kind of value that was to be read.
            unknown: what is given.
        """
        value = self.value
        if self.waits and value is NOT_KNOWN:
            why = LATER
        else:
            why = value.why if isinstance(value, Opaque) else f"it is not {wanted}"
        self.notes.add(self.path, why)
        return unknown

    def __repr__(self) -> str:
        return f"Field({self.path!r})"


def _joined(path: str, key: str) -> str:
    if not _PLAIN.fullmatch(key[: _LONGEST_KEY + 1]):
        shown = key if len(key) <= _LONGEST_KEY else f"{key[:_LONGEST_KEY]}..."
        return f"{path}[{json.dumps(shown)}]"
    if len(key) > _LONGEST_KEY:
        return f"{path}[{json.dumps(f'{key[:_LONGEST_KEY]}...')}]"
    return f"{path}.{key}" if path else key
