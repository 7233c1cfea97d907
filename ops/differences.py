"""How two resource graphs differ, as pure functions."""

from collections.abc import Iterator, Mapping
from typing import Any

from ops.results import Change
from render import Graph, Resource


def differences(base: Graph, head: Graph) -> tuple[Change, ...]:
    """Return what changes from ``base`` to ``head``, in the order of the URNs.

    Components are left out: they hold nothing but their children.
    """
    urns = sorted({*base.resources, *head.resources})
    found = (_difference(base.resources.get(urn), head.resources.get(urn)) for urn in urns)
    return tuple(change for change in found if change is not None)


def paths(before: Any, after: Any, prefix: str = "") -> Iterator[str]:
    """Yield the paths at which two plain values differ.

    >>> list(paths({"a": {"b": 1}, "c": [1, 2]}, {"a": {"b": 2}, "c": [1]}))
    ['a.b', 'c[1]']
    """
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for key in sorted({*before, *after}):
            path = f"{prefix}.{key}" if prefix else str(key)
            yield from _at(path, before.get(key), after.get(key), present=key in before and key in after)
    elif isinstance(before, list) and isinstance(after, list):
        for index in range(max(len(before), len(after))):
            path, present = f"{prefix}[{index}]", index < min(len(before), len(after))
            yield from _at(path, _item(before, index), _item(after, index), present=present)
    elif before != after or isinstance(before, bool) != isinstance(after, bool):
        yield prefix


def _at(path: str, before: Any, after: Any, *, present: bool) -> Iterator[str]:
    if present:
        yield from paths(before, after, path)
    else:
        yield path


def _item(values: list[Any], index: int) -> Any:
    return values[index] if index < len(values) else None


def _difference(before: Resource | None, after: Resource | None) -> Change | None:
    known = after or before
    if known is None or not known.custom:
        return None
    if before is None or after is None:
        return _change(known, "create" if before is None else "delete", ())
    changed = (
        *paths(before.inputs, after.inputs),
        *paths(before.options, after.options, "options"),
    )
    return _change(after, "update", changed) if changed else None


def _change(resource: Resource, op: str, changed: tuple[str, ...]) -> Change:
    return Change(
        component=resource.parent.rsplit("::", 1)[-1] or resource.name,
        kind=resource.type.rsplit(":", 1)[-1],
        name=resource.name,
        op=op,
        paths=changed,
        urn=resource.urn,
    )
