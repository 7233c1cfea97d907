"""How bad a drift is, by the catalog's rules; and when so much is told as gone that it is none."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from fnmatch import fnmatchcase

from catalog.drift_classes import WORST_FIRST, Deed, DeletionGuard, DriftClass, DriftClasses
from ops.comparison import within
from ops.events import Step, provider_of
from ops.results import DriftedResource

_GONE = "delete"
"""What the engine does to what is not there any more."""


def classify(classes: DriftClasses, kind: str, deed: Deed, path: str = "") -> DriftClass:
    """Return what a drift endangers.

    Args:
        classes: the rules, of which the last one matches everything.
        kind: the type of the resource.
        deed: what happened.
        path: the property, where it is about one.
    """
    for rule in classes.classes:
        by_type = any(fnmatchcase(kind, pattern) for pattern in rule.types)
        by_path = not rule.paths or (path != "" and any(within(pattern, path) for pattern in rule.paths))
        if by_type and by_path and (not rule.deeds or deed in rule.deeds):
            return rule.drift_class
    return DriftClass.AVAILABILITY


def judged(change: DriftedResource, kind: str, classes: DriftClasses) -> DriftedResource:
    """Return a resource that differs with what each property, and so the whole, endangers.

    Args:
        change: the resource.
        kind: its type.
        classes: the rules.
    """
    deed = Deed.GONE if change.op == _GONE else Deed.CHANGED
    told = tuple(
        one.model_copy(update={"drift_class": classify(classes, kind, deed, one.path)}) for one in change.deviations
    )
    found = {one.drift_class for one in told} or {classify(classes, kind, deed)}
    worst = next(one for one in WORST_FIRST if one in found)
    return change.model_copy(update={"deviations": told, "drift_class": worst})


def apart(changes: Iterable[DriftedResource]) -> tuple[tuple[DriftedResource, ...], tuple[DriftedResource, ...]]:
    """Return what counts and what is noise; of a resource in which both differ, each gets its part."""
    counted: list[DriftedResource] = []
    noise: list[DriftedResource] = []
    for change in changes:
        of_noise = [one for one in change.deviations if one.drift_class is DriftClass.NOISE]
        rest = [one for one in change.deviations if one not in of_noise]
        if rest or not change.deviations:
            counted.append(_with(change, rest) if of_noise else change)
        if of_noise:
            noise.append(_with(change, of_noise).model_copy(update={"drift_class": DriftClass.NOISE}))
    return tuple(counted), tuple(noise)


def unbelievable(steps: Sequence[Step], guard: DeletionGuard) -> Iterator[str]:
    """Yield why deletions are not believed: so much of a provider, or of the stack, is told as gone at once.

    Args:
        steps: every resource that was looked at.
        guard: from when on.
    """
    looked_at = [step for step in steps if step.custom and not step.type.startswith("pulumi:")]
    groups: dict[str, list[Step]] = {"the stack": looked_at}
    for step in looked_at:
        groups.setdefault(provider_of(step.type), []).append(step)
    for name, group in groups.items():
        gone = Counter(step.verb for step in group)[_GONE]
        if gone >= guard.least and 100 * gone > guard.percent * len(group):
            yield (
                f"{gone} of {len(group)} resources of {name} are told as gone, which is how a wrong account, region or "
                "token looks, and no drift; look there yourself, and if they are gone run drift again with "
                "`--believe-deletions`"
            )


def _with(change: DriftedResource, deviations: Sequence[object]) -> DriftedResource:
    paths = tuple(one.path for one in change.deviations if one in deviations)
    return change.model_copy(update={"deviations": tuple(deviations), "paths": paths})
