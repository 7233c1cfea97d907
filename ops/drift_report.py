"""What drift tells outside of a terminal: Markdown, a page of HTML, a line for a chat."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache, partial
from typing import Any

import jinja2

from catalog.drift_classes import WORST_FIRST
from ops import pages
from ops.drift_rows import UnmanagedThing
from ops.drift_view import age, price
from ops.results import DriftedResource, DriftResult


@dataclass(frozen=True, slots=True)
class Row:
    """One property that differs."""

    resource: str
    path: str
    expected: str
    actual: str
    since: str


@dataclass(frozen=True, slots=True)
class Blind:
    """Something that could not be looked at."""

    what: str
    trouble: str
    unchecked: int
    remedy: str


def markdown(result: DriftResult, *, longest: int = 0) -> str:
    """Return what was found in Markdown; of tables only as many rows as fit.

    Args:
        result: what was found.
        longest: bytes that it may have; 0 for any.
    """
    most = max((len(group) for _, group in _classes(result)), default=0)
    most = max(most, len(result.unmanaged), len(_blind(result)))
    return pages.fitting(partial(_rendered, "drift.md.j2", result), most, longest)


def html(result: DriftResult) -> str:
    """Return what was found as a page that needs nothing else."""
    return _rendered("drift.html.j2", result, pages.EVERYTHING)


def headline(result: DriftResult) -> str:
    """Return what was found in one line.

    >>> headline(DriftResult(stack="prod"))
    'prod is as declared'
    """
    if result.asleep:
        return f"{result.stack} is asleep"
    if result.status == "error":
        return f"{result.stack} could not be checked for drift"
    parts = []
    if result.changes:
        parts.append(_counted(len(result.changes), "resource differs", "resources differ"))
    if result.unmanaged:
        parts.append(_counted(len(result.unmanaged), "thing is not declared", "things are not declared"))
    if blind := _blind(result):
        parts.append(f"{', '.join(one.what for one in blind)} could not be looked at")
    if not parts:
        return f"{result.stack} is as declared"
    worst = f" (worst: {result.worst.value})" if result.changes or result.unmanaged else ""
    return f"{result.stack}: {', '.join(parts)}{worst}"


def words(value: Any) -> str:
    """Return a value of a deviation as text."""
    if value is None:
        return "absent"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


@cache
def _environment() -> jinja2.Environment:
    return pages.environment({"kind": _kind, "price": price, "since": _since}, {"headline": headline})


def _rendered(template: str, result: DriftResult, rows: int) -> str:
    return pages.rendered(
        _environment(),
        template,
        result=result,
        blind=_blind(result),
        classes=_classes(result),
        unlisted=sorted({_kind(one.type) for one in result.coverage if one.unlisted}),
        rows=rows,
    )


def _classes(result: DriftResult) -> Sequence[tuple[str, Sequence[Row]]]:
    rows = {name: [row for one in result.changes for row in _rows(one, name)] for name in WORST_FIRST}
    return [(name.value, found) for name, found in rows.items() if found]


def _rows(change: DriftedResource, name: str) -> Iterator[Row]:
    for one in change.deviations:
        if one.drift_class == name:
            expected, actual = words(one.expected), words(one.actual)
            yield Row(change.name, one.path or "the whole", expected, actual, _since(change))
    if not change.deviations and change.drift_class == name:
        yield Row(change.name, ", ".join(change.paths) or "the whole", "", "", _since(change))


def _blind(result: DriftResult) -> Sequence[Blind]:
    parts = (("the cluster", result.cluster), ("the vector store", result.vector_store))
    found = [Blind(one.provider, one.trouble, len(one.unchecked), one.remedy) for one in result.silent]
    found += [Blind(f"host {one.host}", one.trouble, len(one.unchecked), one.remedy) for one in result.unreachable]
    found += [Blind(what, one.trouble, len(one.unchecked), one.remedy) for what, one in parts if one]
    return found


def _since(one: DriftedResource | UnmanagedThing) -> str:
    return f"{one.first_seen:%Y-%m-%d %H:%M} ({age(one.age_seconds)})" if one.first_seen else ""


def _kind(kind: str) -> str:
    return kind.rpartition(":")[2]


def _counted(number: int, one: str, several: str) -> str:
    return f"{number} {one if number == 1 else several}"
