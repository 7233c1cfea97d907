"""What differs between what is wanted and what exists."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from difflib import SequenceMatcher
from typing import Any, Literal

from providers.kit import paths
from providers.kit.fingerprint import Fingerprints
from providers.kit.model import LOCAL, REPLACE, WRITE_ONLY, Model
from providers.kit.paths import Path, covers, parsed
from providers.kit.resource import Difference
from providers.kit.shape import Property, Shape, shape
from providers.kit.values import UNKNOWN, Values, partial

UNKNOWN_PROPERTIES = "unknownProperties"
"""The output that lists inputs nothing is known of since an import: they never differ."""

_Kind = Literal["add", "delete", "update"]


def compare(
    one: Shape, old: Mapping[str, Any], old_inputs: Mapping[str, Any], new: Values, fingerprints: Fingerprints
) -> tuple[Difference, ...]:
    """Return what differs, property by property.

    Args:
        one: the model of the inputs.
        old: recorded outputs, which hold the inputs too.
        old_inputs: recorded inputs, for write-only values recorded under another key.
        new: wanted inputs.
        fingerprints: compares write-only values.
    """
    blank = old.get(UNKNOWN_PROPERTIES) or ()
    found: list[Difference] = []
    for prop in one.properties:
        if prop.wire in blank:
            continue
        given = new.plain.get(prop.wire)
        if WRITE_ONLY in prop.marks:
            at: Path = (prop.wire,)
            changes = _fingerprinted(at, old.get(prop.wire), old_inputs.get(prop.wire), given, fingerprints)
        else:
            changes = _between(_or_default(prop, old.get(prop.wire)), _or_default(prop, given), (prop.wire,))
        renew = REPLACE in prop.marks and LOCAL not in prop.marks and not partial(given)
        found += [Difference(prop.name, paths.text(path), renew, kind) for path, kind in changes]
    return tuple(found)


def differing(old: Model, new: Model) -> tuple[Difference, ...]:
    """Return what differs between two models of one kind that hold nothing write-only and nothing unknown."""
    one = shape(type(new))
    return compare(one, one.dump(old), {}, Values(one.dump(new)), Fingerprints(None))


def without_ignored(found: Iterable[Difference], ignored: Sequence[str], one: Shape) -> tuple[Difference, ...]:
    """Return the differences that no ignored path covers.

    Args:
        found: the differences.
        ignored: property paths, which may hold ``*``; a first name may be the Python one.
        one: the model of the inputs.
    """
    patterns = [parsed(path) for path in ignored]
    patterns = [(one.wires.get(str(p[0]), p[0]), *p[1:]) for p in patterns if p]
    return tuple(d for d in found if not any(covers(pattern, parsed(d.path)) for pattern in patterns))


def _or_default(prop: Property, value: Any) -> Any:
    return prop.default if value is None else value


def _fingerprinted(
    at: Path, recorded: Any, before: Any, given: Any, fingerprints: Fingerprints
) -> Iterator[tuple[Path, _Kind]]:
    if given is None or recorded is None:
        yield from _between(recorded, given, at)
    elif isinstance(recorded, dict) and isinstance(given, dict):
        earlier = before if isinstance(before, dict) else {}
        for key in {**recorded, **given}:
            yield from _fingerprinted((*at, key), recorded.get(key), earlier.get(key), given.get(key), fingerprints)
    elif partial(given):
        yield at, "update"
    elif fingerprints.comparable(recorded):
        if fingerprints.of(given) != recorded:
            yield at, "update"
    elif before is not None and not same(before, given):
        # The key has changed since: the fingerprint says nothing, the recorded input does.
        yield at, "update"


def _between(old: Any, new: Any, at: Path) -> Iterator[tuple[Path, _Kind]]:
    if old is None or new is None:
        if old is not new:
            yield at, "add" if old is None else "delete"
    elif isinstance(old, dict) and isinstance(new, dict):
        for key in {**old, **new}:
            yield from _between(old.get(key), new.get(key), (*at, key))
    elif isinstance(old, list) and isinstance(new, list):
        yield from _listed(old, new, at)
    elif new is UNKNOWN or isinstance(old, bool) != isinstance(new, bool) or old != new:
        yield at, "update"


def _listed(old: list[Any], new: list[Any], at: Path) -> Iterator[tuple[Path, _Kind]]:
    """Give what came, went and changed in a list: an item put in between changes none of those after it."""
    matcher = SequenceMatcher(None, [_canonical(item) for item in old], [_canonical(item) for item in new], False)  # noqa: FBT003 - positional in the library
    found: dict[Path, _Kind] = {}
    for tag, i, i_end, j, j_end in matcher.get_opcodes():
        if tag == "equal":
            continue
        paired = min(i_end - i, j_end - j)
        for step in range(paired):
            found.update(_between(old[i + step], new[j + step], (*at, j + step)))
        came: dict[Path, _Kind] = {(*at, index): "add" for index in range(j + paired, j_end)}
        went: dict[Path, _Kind] = {(*at, index): "delete" for index in range(i + paired, i_end)}
        for path, kind in {**came, **went}.items():
            found[path] = "update" if path in found else kind
    yield from found.items()


def _canonical(value: Any) -> Any:
    """Return what two values have in common exactly if they are the same to the engine; it can be hashed."""
    if isinstance(value, dict):
        return frozenset((key, _canonical(item)) for key, item in value.items() if item is not None)
    if isinstance(value, list):
        return tuple(_canonical(item) for item in value)
    # True is 1 to Python, and nothing is the same as what is not known.
    return object() if value is UNKNOWN else (isinstance(value, bool), value)


def same(old: Any, new: Any) -> bool:
    """Return whether two values are the same to the engine: 5.0 is 5, null is absent.

    >>> same({"a": 5.0, "b": None}, {"a": 5}), same(1, True)
    (True, False)
    """
    return next(_between(old, new, ()), None) is None
