"""How bad a drift is: what it is about decides, by rules of which the first that matches holds."""

import re
from collections.abc import Iterator
from enum import StrEnum
from fnmatch import fnmatchcase
from typing import Annotated, Final

from pydantic import ConfigDict, Field, StringConstraints

from catalog.ignores import PropertyPath, Words
from catalog.machine_rules import Where
from catalog.model import Model
from catalog.offence import Offence

FILE: Final = "drift_classes.yaml"
"""Where the rules stand."""

TypePattern = Annotated[str, StringConstraints(pattern=r"^(\*|[a-z0-9.-]+:[A-Za-z0-9.:/*-]+)$")]
"""A type of resources, or several: ``*`` matches as in file names."""


class DriftClass(StrEnum):
    """What a drift endangers, the worst first."""

    SECURITY = "security"
    """Who may come in, what they may do, and what keeps them from it."""
    COST = "cost"
    """What has to be paid for."""
    AVAILABILITY = "availability"
    """Whether the platform works."""
    NOISE = "noise"
    """Nothing: it is told, and is no drift."""


WORST_FIRST: Final = tuple(DriftClass)
"""The classes in the order in which they are told."""


class Deed(StrEnum):
    """What happened behind our back."""

    CHANGED = "changed"
    """A property is another one."""
    GONE = "gone"
    """A resource is not there any more."""
    UNMANAGED = "unmanaged"
    """Something is there that nobody declared."""


class ClassRule(Model):
    """What a drift endangers, where it is about this."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True, populate_by_name=True)

    types: Annotated[tuple[TypePattern, ...], Field(min_length=1)]
    """Types of resources; ``*`` matches as in file names."""
    paths: tuple[PropertyPath, ...] = ()
    """Properties, each with all that lies in it; any where none is named."""
    deeds: tuple[Deed, ...] = ()
    """What happened; anything where nothing is named."""
    drift_class: Annotated[DriftClass, Field(alias="class")]
    """What it endangers."""

    @property
    def total(self) -> bool:
        """Whether it matches everything."""
        return "*" in self.types and not self.paths and not self.deeds

    def covers(self, other: "ClassRule") -> bool:
        """Return whether whatever another rule matches, this one matches too, as far as their words tell."""
        types = all(any(fnmatchcase(one, mine) for mine in self.types) for one in other.types)
        paths = not self.paths or (bool(other.paths) and {*other.paths} <= {*self.paths})
        deeds = not self.deeds or (bool(other.deeds) and {*other.deeds} <= {*self.deeds})
        return types and paths and deeds


class Others(Model):
    """What is there, was declared by nobody here, and is no drift: whoever brings it is known."""

    type: TypePattern
    """The type of resources that would declare it."""
    names: Annotated[tuple[Words, ...], Field(min_length=1)]
    """Names; ``*``, ``?`` and ``[...]`` match as in file names. What is in a namespace is named with it."""
    reason: Words
    """Who brings it."""


class DeletionGuard(Model):
    """When so much is told as gone that nobody deleted it: a wrong account, region or token looks like that."""

    percent: Annotated[int, Field(ge=1, le=100)]
    """More than this part of the stack, or of what one provider has of it, is no drift but an error."""
    least: Annotated[int, Field(ge=2)]
    """Fewer resources than this are always believed to be gone."""


class DriftClasses(Model):
    """What drift is, and how bad."""

    deletion_guard: DeletionGuard
    """When deletions are not believed."""
    classes: Annotated[tuple[ClassRule, ...], Field(min_length=1)]
    """The first rule that matches holds."""
    others: tuple[Others, ...] = ()
    """What others bring."""

    def known(self, kind: str, name: str) -> str:
        """Return who brings something that nobody here declared; nothing where that is not known.

        Args:
            kind: the type of resources that would declare it.
            name: its name.
        """
        for one in self.others:
            if fnmatchcase(kind, one.type) and any(fnmatchcase(name, pattern) for pattern in one.names):
                return one.reason
        return ""


PLAIN: Final = DriftClasses(
    deletion_guard=DeletionGuard(percent=100, least=2),
    classes=(ClassRule(types=("*",), drift_class=DriftClass.AVAILABILITY),),
)
"""What holds where nobody says more."""


def offences(classes: DriftClasses, where: Where) -> Iterator[Offence]:
    """Yield the rules that the file breaks.

    Args:
        classes: the file.
        where: gives the path of a field.
    """
    rules = classes.classes
    if not rules[-1].total:
        path = where(f"classes[{len(rules) - 1}]")
        rule = "the last rule is about everything, so that nothing is without a class"
        yield Offence(path, ", ".join(rules[-1].types), rule, 'end with `types: ["*"]`, without paths and deeds')
    for index, one in enumerate(rules):
        noise = one.drift_class is DriftClass.NOISE
        if noise and (not one.paths or {*one.deeds} != {Deed.CHANGED}):
            path = where(f"classes[{index}]")
            rule = "noise is a property that changed, by name: whatever is gone or unmanaged counts"
            yield Offence(path, ", ".join(one.types), rule, "name paths, and `deeds: [changed]`")
        above = next((number for number, other in enumerate(rules[:index]) if other.covers(one)), None)
        if above is not None:
            rule = f"the first rule that matches holds, and classes[{above}] matches all that this one does"
            yield Offence(where(f"classes[{index}]"), ", ".join(one.types), rule, "move it up, or remove it")
    for index, known in enumerate(classes.others):
        for name in known.names:
            if re.fullmatch(r"[*?/]+", name):
                rule = "what others bring is named: nothing else would ever be told as unmanaged"
                yield Offence(where(f"others[{index}].names"), name, rule, "name it, or the beginning of its name")
