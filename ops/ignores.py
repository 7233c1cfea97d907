"""Which deviations count, and which ones somebody has decided to bear for a while."""

import json
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from fnmatch import fnmatchcase
from typing import Any

from catalog.ignores import ALL, DriftIgnore
from ops.comparison import within
from ops.drift_rows import Deviation, IgnoredDeviation
from ops.results import DriftedResource


@dataclass(frozen=True, slots=True)
class Judged:
    """Deviations, told apart."""

    counted: tuple[DriftedResource, ...]
    """What is a drift."""
    ignored: tuple[IgnoredDeviation, ...]
    """What is borne."""
    used: tuple[DriftIgnore, ...]
    """The entries that bear it."""


def judge(changes: Iterable[DriftedResource], entries: Sequence[DriftIgnore]) -> Judged:
    """Return which deviations are a drift, and which ones are borne.

    Args:
        changes: resources that differ.
        entries: those that are about the stack and have not expired.
    """
    counted: list[DriftedResource] = []
    ignored: list[IgnoredDeviation] = []
    used: list[DriftIgnore] = []
    for change in changes:
        left: list[Deviation] = []
        before = len(used)
        for deviation in change.deviations:
            rest, borne = _told_apart(deviation, [one for one in entries if _names(one, change.name, deviation.path)])
            left += [rest] if rest is not None else []
            ignored += [_ignored(change, part, entry) for part, entry in borne]
            used += [entry for _, entry in borne]
        if len(used) == before:
            counted.append(change)
        elif left:
            paths = tuple(one.path for one in left)
            counted.append(change.model_copy(update={"deviations": tuple(left), "paths": paths}))
    return Judged(tuple(counted), tuple(ignored), tuple(used))


@dataclass(frozen=True, slots=True)
class Standing:
    """How the entries of the catalog stand to a stack on a day."""

    current: tuple[DriftIgnore, ...]
    """Those that are about the stack and hide something."""
    expired: tuple[DriftIgnore, ...]
    """Those that are about it and hide nothing any more."""

    def stale(
        self, used: Collection[DriftIgnore], *, checked: Collection[str], unchecked: Collection[str]
    ) -> tuple[DriftIgnore, ...]:
        """Return the entries that nothing corresponds to.

        Args:
            used: those that something does.
            checked: logical names of the resources that were compared.
            unchecked: logical names of those that could not be: nothing is known of what differs there.
        """

        def amiss(entry: DriftIgnore) -> bool:
            # What is said of every stack need not be true of each.
            ours = entry.stack != ALL or any(fnmatchcase(name, entry.resource) for name in checked)
            return ours and not any(fnmatchcase(name, entry.resource) for name in unchecked)

        return tuple(entry for entry in self.current if entry not in used and amiss(entry))


def standing(entries: Iterable[DriftIgnore], stack: str, today: date) -> Standing:
    """Return how entries stand to a stack on a day.

    Args:
        entries: all of the catalog.
        stack: name of the stack.
        today: the day, in UTC.
    """
    ours = [entry for entry in entries if entry.covers(stack)]
    return Standing(
        tuple(entry for entry in ours if not entry.expired(today)),
        tuple(entry for entry in ours if entry.expired(today)),
    )


def _names(entry: DriftIgnore, resource: str, path: str) -> bool:
    return within(entry.path, path) and fnmatchcase(resource, entry.resource)


def _told_apart(
    deviation: Deviation, entries: Sequence[DriftIgnore]
) -> tuple[Deviation | None, list[tuple[Deviation, DriftIgnore]]]:
    """Return what of a deviation counts, and what is borne by which entry; one of several items may be."""
    actual = deviation.actual
    whole = next((one for one in entries if one.value is None or _same(one.value, actual)), None)
    if whole is not None:
        return None, [(deviation, whole)]
    if not isinstance(actual, list):
        return deviation, []
    declared: list[Any] = deviation.expected if isinstance(deviation.expected, list) else []
    left, borne = [], []
    for item in actual:
        entry = next((one for one in entries if _same(one.value, item)), None)
        if entry is None or any(_same(item, one) for one in declared):
            left.append(item)
        else:
            borne.append((deviation.model_copy(update={"actual": item}), entry))
    if borne and _same(left, declared):
        return None, borne
    return deviation.model_copy(update={"actual": left}) if borne else deviation, borne


def _same(one: Any, other: Any) -> bool:
    return json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)


def _ignored(change: DriftedResource, deviation: Deviation, entry: DriftIgnore) -> IgnoredDeviation:
    return IgnoredDeviation(
        component=change.component,
        resource=change.name,
        path=deviation.path,
        expected=deviation.expected,
        actual=deviation.actual,
        reason=entry.reason,
        owner=entry.owner,
        expires=entry.expires,
    )
