"""What is there without being declared, as pure functions of what was listed and of the engine's state."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from catalog.drift_classes import Deed, DriftClasses
from ops.drift_rows import Coverage, Deviation, UnmanagedThing
from ops.judgement import classify
from ops.results import DriftedResource

UNMANAGED: Final = "unmanaged"
"""The path by which an entry of the catalog bears something that nobody declared."""

AGAIN: Final = "see the provider's status page, and run drift again"
"""What to do where nothing better is known."""

COLLECTION: Final = "weaviate:index:Collection"
ZONE: Final = "rfc2136:index:Zone"
PROJECT: Final = "vercel:index/project:Project"
DOMAIN: Final = "vercel:index/projectDomain:ProjectDomain"
INSTANCE: Final = "lambda-cloud:index:Instance"


@dataclass(frozen=True, slots=True)
class There:
    """Something that is there."""

    type: str
    """The type of resources that would declare it."""
    id: str
    """What it is known by."""
    name: str = ""
    """What people call it; its id unless given."""
    known: str = ""
    """Who brings it, where whoever listed it knows."""
    monthly_usd: str | None = None
    """What it costs a month; None where whoever listed it does not know."""


@dataclass(frozen=True, slots=True)
class Listing:
    """What one provider has."""

    provider: str
    """The provider."""
    types: tuple[str, ...] = ()
    """What was listed, by the types that would declare it."""
    found: tuple[There, ...] = ()
    """What is there."""
    trouble: str = ""
    """Why it could not be asked: it does not answer, or refuses."""
    remedy: str = ""
    """What to do about that."""
    beyond: str = ""
    """Why it cannot be listed from here at all."""


@dataclass(frozen=True, slots=True)
class Told:
    """What came of it."""

    things: tuple[UnmanagedThing, ...] = ()
    """What nobody declared."""
    coverage: tuple[Coverage, ...] = ()
    """How much is declared, by kind."""


def managed(resources: Iterable[Mapping[str, Any]]) -> frozenset[tuple[str, str]]:
    """Return what the engine's state manages, by type and what it is known by there.

    Args:
        resources: those of the state, in the engine's own form.
    """
    found: set[tuple[str, str]] = set()
    for one in resources:
        kind, outputs = str(one["type"]), one.get("outputs") or {}
        if kind == ZONE:
            found |= {(kind, str(key)) for key in outputs.get("records") or ()}
        elif kind == COLLECTION:
            versions = (one.get("id"), outputs.get("className"), *(outputs.get("previous") or ()))
            found |= {(kind, str(name)) for name in versions if name}
        elif kind == DOMAIN:
            found.add((kind, f"{outputs.get('projectId')}/{outputs.get('domain')}"))
        elif one.get("id"):
            found.add((kind, str(one["id"])))
    return frozenset(found)


def tell(listings: Sequence[Listing], ours: frozenset[tuple[str, str]], classes: DriftClasses) -> Told:
    """Return what nobody declared, and how much is declared.

    Args:
        listings: what providers have.
        ours: what is managed, by type and id.
        classes: say who brings what else, and what each endangers.
    """
    things: list[UnmanagedThing] = []
    coverage: list[Coverage] = []
    for listing in listings:
        why = listing.trouble or listing.beyond
        for kind in listing.types:
            if why:
                coverage.append(Coverage(provider=listing.provider, type=kind, unlisted=why))
                continue
            there = [one for one in listing.found if one.type == kind]
            held = [one for one in there if (kind, one.id) in ours]
            others = [one for one in there if one not in held]
            strange = [one for one in others if not (one.known or classes.known(kind, one.name or one.id))]
            things += [_thing(one, listing.provider, classes) for one in strange]
            coverage.append(
                Coverage(
                    provider=listing.provider,
                    type=kind,
                    managed=len(held),
                    known=len(others) - len(strange),
                    unmanaged=len(strange),
                    percent=percent(len(held), len(strange)),
                )
            )
    return Told(tuple(sorted(things, key=lambda one: (one.provider, one.type, one.name))), tuple(coverage))


def percent(managed: int, unmanaged: int) -> float | None:
    """Return how much is declared of what is there; None where nothing is.

    >>> percent(3, 1), percent(0, 0)
    (75.0, None)
    """
    return round(100 * managed / (managed + unmanaged), 1) if managed + unmanaged else None


def overall(coverage: Iterable[Coverage]) -> float | None:
    """Return how much is declared of all that could be listed."""
    rows = [*coverage]
    return percent(sum(row.managed for row in rows), sum(row.unmanaged for row in rows))


def as_change(thing: UnmanagedThing) -> DriftedResource:
    """Return how an entry that bears it sees it: its name, with the path ``unmanaged``."""
    return DriftedResource(
        component=thing.provider,
        kind=thing.type.rpartition(":")[2],
        name=thing.name,
        op="create",
        urn=f"{thing.type}::{thing.id}",
        deviations=(Deviation(path=UNMANAGED, expected=None, actual=thing.id),),
    )


def _thing(one: There, provider: str, classes: DriftClasses) -> UnmanagedThing:
    return UnmanagedThing(
        provider=provider,
        type=one.type,
        name=one.name or one.id,
        id=one.id,
        drift_class=classify(classes, one.type, Deed.UNMANAGED),
        monthly_usd=one.monthly_usd,
    )
