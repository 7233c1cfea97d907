"""Checking properties: every failure with its path, unknown values tolerated, secrets never shown."""

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from providers.kit import paths
from providers.kit.errors import UndisclosedError
from providers.kit.marking import marked
from providers.kit.model import Model
from providers.kit.paths import Path, touches
from providers.kit.shape import Property, Shape
from providers.kit.values import Values, holds, partial, unknowns, without_nulls

_INTERNAL = "__"
_OWN_WORDS = frozenset({"value_error", "assertion_error"})


@dataclass(frozen=True)
class Failure:
    """A property that breaks a rule."""

    property: str
    """Its path; empty where its value is secret, because the engine prints the value of what is named here."""
    reason: str
    """What is wrong and what to do."""

    def __str__(self) -> str:
        """Return both in one line."""
        return f"{self.property}: {self.reason}" if self.property else self.reason


@dataclass(frozen=True)
class Checked:
    """Properties as they go on: normalised, with defaults, secrets marked."""

    values: Values
    """The properties."""
    failures: tuple[Failure, ...] = ()
    """All that is wrong with them."""
    model: Model | None = None
    """The same as a model, where nothing is unknown and nothing is wrong."""


def check(one: Shape, given: Values) -> Checked:
    """Return properties as they go on, and everything that is wrong with them.

    Args:
        one: the model they have to follow.
        given: the properties as they came.
    """
    given = _cleaned(one, given)
    open_ends = tuple(unknowns(given.plain))
    plain, errors, model = _partial(one, given, open_ends) if open_ends else _whole(one, given)
    failures = tuple(_failure(one, given, path, error) for path, error in errors)
    return Checked(marked(one.secrets, plain, given), failures, None if failures else model)


def _cleaned(one: Shape, given: Values) -> Values:
    """Return properties by their names on the wire, without nulls and without what the engine adds for itself."""
    names = {key: one.wires.get(key, key) for key in given.plain if not key.startswith(_INTERNAL)}
    plain = {names[key]: without_nulls(value) for key, value in given.plain.items() if key in names}
    secrets = {(names[str(path[0])], *path[1:]) for path in given.secrets if path[0] in names}
    return Values({key: value for key, value in plain.items() if value is not None}, frozenset(secrets))


_Errors = list[tuple[Path, ErrorDetails]]


def _whole(one: Shape, given: Values) -> tuple[dict[str, Any], _Errors, Model | None]:
    try:
        model = one.model.model_validate(given.plain)
    except ValidationError as error:
        return given.plain, _located(error, given.plain, ()), None
    return one.dump(model), [], model


def _partial(one: Shape, given: Values, open_ends: Sequence[Path]) -> tuple[dict[str, Any], _Errors, None]:
    """Check field by field, so that what is known is normalised and reported whatever else is unknown."""
    plain: dict[str, Any] = {}
    errors: _Errors = []
    for prop in one.properties:
        if prop.wire in given.plain:
            value, found = _field(prop, given.plain[prop.wire])
            plain[prop.wire] = value
            errors += [(path, e) for path, e in found if not any(touches(end, path) for end in open_ends)]
        elif prop.required:
            errors.append(((prop.wire,), _error("missing")))
        elif prop.default is not None:
            plain[prop.wire] = prop.default
    strange = [name for name in given.plain if name not in one.by_wire]
    return plain, errors + [((name,), _error("extra_forbidden")) for name in strange], None


def _field(prop: Property, value: Any) -> tuple[Any, _Errors]:
    try:
        valid = prop.adapter.validate_python(value)
    except ValidationError as error:
        return value, _located(error, {prop.wire: value}, (prop.wire,))
    except Exception:
        # A rule that was not written for a value which is not known yet may fail in any way.
        if partial(value):
            return value, []
        raise
    if partial(value):
        return value, []
    return prop.adapter.dump_python(valid, mode="json", by_alias=True, exclude_none=True), []


def _error(kind: str) -> ErrorDetails:
    return ErrorDetails(type=kind, loc=(), msg="", input=None)


def _located(error: ValidationError, plain: Any, above: Path) -> _Errors:
    details = error.errors(include_url=False, include_input=False)
    return [(_path(plain, (*above, *one["loc"]), one["type"]), one) for one in details]


def _path(plain: Any, location: Sequence[str | int], kind: str) -> Path:
    """Return where in the data an error is: pydantic names the members of unions on the way too."""
    path: list[str | int] = []
    for index, part in enumerate(location):
        if holds(plain, part):
            plain = plain[part]
            path.append(part)
        elif kind == "missing" and index == len(location) - 1:
            path.append(part)
    return tuple(path)


def _failure(one: Shape, given: Values, path: Path, error: ErrorDetails) -> Failure:
    secret = any(touches(pattern, path) for pattern in (*one.secrets, *given.secrets))
    undisclosed = isinstance((error.get("ctx") or {}).get("error"), UndisclosedError)
    reason = _reason(one, path, error, secret=secret and not undisclosed)
    where = paths.text(path)
    return Failure("", f"{where}: {reason}" if where else reason) if secret or undisclosed else Failure(where, reason)


def _reason(one: Shape, path: Path, error: ErrorDetails, *, secret: bool) -> str:
    prop = one.by_wire.get(str(path[0])) if path else None
    about = sentence(prop.description) if prop else ""
    if error["type"] == "missing":
        return "is required; set it" + (f": {about}" if about and len(path) == 1 else "")
    if error["type"] == "extra_forbidden":
        known = one.by_wire if len(path) == 1 else ()
        return "does not exist; " + suggestion(str(path[-1]), known)
    if secret and not _built_in(error):
        return "breaks its rule (the value is secret, so what is wrong with it is not shown); set " + (about or "it")
    text = error["msg"].removeprefix("Value error, ").removeprefix("Assertion failed, ")
    return text if error["type"] in _OWN_WORDS else f"{text[:1].lower()}{text[1:]}"


def _built_in(error: ErrorDetails) -> bool:
    """Return whether pydantic wrote the message, from the rule alone."""
    return error["type"] not in _OWN_WORDS and error["type"].startswith(
        ("string_", "int_", "float_", "bool_", "list_", "tuple_", "dict_", "too_", "greater_", "less_", "model_")
    )


def sentence(text: str) -> str:
    r"""Return the first sentence of a text, on one line and without its full stop.

    >>> sentence("One thing.\nAnd another.")
    'One thing'
    """
    return " ".join(text.split()).partition(". ")[0].removesuffix(".")


def suggestion(name: str, known: Iterable[str]) -> str:
    """Return what to write instead of a name that does not exist.

    >>> suggestion("nmae", ["name"])
    'did you mean name?'
    """
    near = difflib.get_close_matches(name, list(known), n=1)
    if near:
        return f"did you mean {near[0]}?"
    return f"remove it, or use one of: {', '.join(sorted(known))}" if known else "remove it"
