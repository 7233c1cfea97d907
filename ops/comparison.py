"""What the properties of a resource were and are at the paths where an event of the engine says they differ.

An event holds the resource's states before and after as the engine serialises them for display (``backend/display/
events.go`` and ``resource/stack/deployment.go`` at 3.259): secrets blinded, unknown values as a fixed word.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from render.graph import SECRET, UNKNOWN

_SIGNATURE = "4dabf18193072939515e22adb298388d"  # pragma: allowlist secret - a marker that everybody knows
"""Key of an object that stands for something JSON has not (``sdk/go/property/sigs.go``)."""

_OF_A_SECRET = "1b47061264138c4ac30d75fd1eb44270"  # noqa: S105 # pragma: allowlist secret - the same for all secrets
"""Value of that key where a secret was."""

_COMPUTED = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
"""What stands where a value is known only afterwards."""

_ABSENT = object()
"""What is found where there is nothing, which is not the same as null."""

_FINGERPRINT = re.compile(r"hmac-sha256:[0-9a-f]{8}:[0-9a-f]{64}")
"""What the output ``<input>Fingerprints`` holds of a secret input (``providers/kit/fingerprint.py``)."""

CHANGED = "changed"
"""What is told of a secret that is another one."""

_PART = re.compile(r'\["((?:[^"\\]|\\.)*)"\]|\[(\d+|\*)\]|\.?([^.\[\]"]+)')


@dataclass(frozen=True, slots=True)
class Difference:
    """What one property was and is."""

    path: str
    """Its path, such as ``spec.ports[0].port``."""
    before: Any
    """Its value before, as JSON; None where it was not there, ``[secret]`` for a secret."""
    after: Any
    """Its value afterwards, in the same way."""


def compare(
    old: Mapping[str, Any] | None, new: Mapping[str, Any] | None, kinds: Mapping[str, str]
) -> tuple[Difference, ...]:
    """Return what a resource was and is at every path.

    In a refresh ``old`` is what the state records and ``new`` what was read, so ``before`` is what is expected and
    ``after`` what is really there.

    Args:
        old: the resource's state before, with its ``inputs`` and ``outputs``.
        new: its state afterwards.
        kinds: where the engine says that they differ, and how: what came or went in a list stands at an index that
            holds something else on the other side.
    """
    if old is None or new is None:
        return ()
    places = [state.get(part) or {} for state in (old, new) for part in ("inputs", "outputs")]
    return tuple(_one_sided(_difference(path, places), kinds[path]) for path in sorted(kinds))


def keys(path: str) -> tuple[str | int, ...]:
    r"""Return the steps of a property path, in the engine's spelling (``property_path.go``); ``[*]`` is the step ``*``.

    >>> keys('spec.ports[0]["sophia.ai/\\"x\\""]')
    ('spec', 'ports', 0, 'sophia.ai/"x"')
    """
    found: list[str | int] = []
    end = 0
    while end < len(path):
        part = _PART.match(path, end)
        if part is None:
            return (path,)
        quoted, index, plain = part.groups()
        found.append(_step(quoted, index, plain))
        end = part.end()
    return tuple(found)


def within(pattern: str, path: str) -> bool:
    """Return whether a property is one that a pattern names, or lies in it.

    >>> within("files[*]", "files[3].content"), within("files[0]", "files[3]")
    (True, False)

    Args:
        pattern: a path, in which ``*`` stands for any step.
        path: the property's.
    """
    wanted, steps = keys(pattern), keys(path)
    return len(wanted) <= len(steps) and all(p in {"*", s} for p, s in zip(wanted, steps, strict=False))


def _step(quoted: str | None, index: str | None, plain: str) -> str | int:
    if index is not None:
        return "*" if index == "*" else int(index)
    return plain if quoted is None else re.sub(r"\\(.)", r"\1", quoted)


def undisclosed(difference: Difference) -> Difference:
    """Return a difference of which nobody learns more than that a secret changed, where it is about one.

    >>> undisclosed(Difference("token", SECRET, SECRET)).after
    'changed'

    Args:
        difference: what was and is.
    """
    sides = (difference.before, difference.after)
    if all(one == SECRET or (isinstance(one, str) and _FINGERPRINT.fullmatch(one)) for one in sides):
        return replace(difference, before=SECRET, after=CHANGED)
    return difference


def _one_sided(difference: Difference, kind: str) -> Difference:
    if kind.startswith("add"):
        return replace(difference, before=None)
    return replace(difference, after=None) if kind.startswith("delete") else difference


def _difference(path: str, places: Sequence[Any]) -> Difference:
    """Compare inputs with inputs; only where they say nothing, look at the outputs too."""
    steps = keys(path)
    found = [_at(place, steps) for place in places]
    told = [_at(place, (f"{steps[0]}Fingerprints", *steps[1:])) for place in places[1::2]] if steps else []
    if told and all(isinstance(value, str) and _FINGERPRINT.fullmatch(value) for value in told):
        return Difference(path, *told)
    # What one place marks secret is secret in all: a provider may return in the open what it was given as a secret.
    old_inputs, old_outputs, new_inputs, new_outputs = (_redacted(value, found) for value in found)
    pairs = (
        (old_inputs, new_inputs),
        (old_outputs, new_outputs),
        (old_outputs, new_inputs),
        (old_inputs, new_outputs),
    )
    telling = (pair for pair in pairs if _differ(*pair) or SECRET in _leaves(pair[0]))
    known = (pair for pair in pairs if pair[0] is not _ABSENT)
    before, after = next(telling, None) or next(known, pairs[0])
    return Difference(path, _json(before), _json(after))


def _at(place: Any, steps: Sequence[str | int]) -> Any:
    value = place
    for step in steps:
        if _is_secret(value):
            return SECRET
        inside = (isinstance(value, Mapping) and step in value) or (
            isinstance(value, list) and isinstance(step, int) and step < len(value)
        )
        if not inside:
            return _ABSENT
        value = value[step]
    return _shown(value)


def _shown(value: Any) -> Any:
    """Return a value with words where secrets and unknown values stand."""
    if _is_secret(value):
        return SECRET
    if isinstance(value, Mapping):
        return {key: _shown(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_shown(item) for item in value]
    return UNKNOWN if value == _COMPUTED else value


def _is_secret(value: Any) -> bool:
    return isinstance(value, Mapping) and value.get(_SIGNATURE) == _OF_A_SECRET


def _redacted(value: Any, guides: Sequence[Any]) -> Any:
    """Return a value without what any of the guides, which are the same property elsewhere, marks as a secret."""
    if value is not _ABSENT and any(guide == SECRET for guide in guides):
        return SECRET
    if isinstance(value, Mapping):
        named = [guide for guide in guides if isinstance(guide, Mapping)]
        return {key: _redacted(item, [guide[key] for guide in named if key in guide]) for key, item in value.items()}
    if isinstance(value, list):
        # Items may have moved: each is held against all.
        items = [item for guide in guides if isinstance(guide, list) for item in guide]
        return [_redacted(item, items) for item in value]
    return value


def _differ(one: Any, other: Any) -> bool:
    return one != other or isinstance(one, bool) != isinstance(other, bool)


def _leaves(value: Any) -> Iterator[Any]:
    if isinstance(value, Mapping):
        value = [*value.values()]
    if isinstance(value, list):
        for item in value:
            yield from _leaves(item)
    else:
        yield value


def _json(value: Any) -> Any:
    return None if value is _ABSENT else value
