"""How an object of one version of a collection becomes one of another."""

from collections import Counter
from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from typing import Any, Final

from providers.weaviate.declaration import CollectionInputs
from providers.weaviate.property import Property
from providers.weaviate.vector_index import Vector

Json = Mapping[str, Any]
Convert = Callable[[Any], Any]


def _same(value: Any) -> Any:
    return value


def _listed(value: Any) -> list[Any]:
    return [value]


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def _each(convert: Convert) -> Convert:
    return lambda values: [convert(value) for value in values]


_SIMPLE: Final[dict[tuple[str, str], Convert]] = {
    ("int", "number"): _same,
    **{(kind, "text"): _text for kind in ("int", "number", "boolean", "date", "uuid")},
}


def converting(old: str, new: str) -> Convert | None:
    """Return what makes a value of one data type to one of another without loss; none where nothing does.

    >>> converting("int", "text")(3), converting("text", "text[]")("a"), converting("text", "int")
    ('3', ['a'], None)
    """
    if old == new:
        return _same
    if old.endswith("[]") and new.endswith("[]"):
        each = _SIMPLE.get((old[:-2], new[:-2]))
        return _each(each) if each else None
    if new == f"{old}[]":
        return _listed
    return _SIMPLE.get((old, new))


class Conversion:
    """Turns objects of one version into objects of another.

    Args:
        old: what the objects follow.
        new: what they shall follow.
        class_name: the other version's own name.
        filled: all settings of each old vector's module, those that the server filled in among them.
    """

    def __init__(
        self, old: CollectionInputs, new: CollectionInputs, class_name: str, filled: Mapping[str, Json]
    ) -> None:
        self._class_name = class_name
        self._renames = dict(new.renames)
        self._drops = new.drops
        self._old = {one.name: one for one in old.properties}
        self._new = {one.name: one for one in new.properties}
        self._vectors = dict(_vectors(old.every_vector, new.every_vector, filled))
        self._went = old.every_vector.keys() - new.every_vector.keys() - self._vectors.keys()
        self.tenants = new.multi_tenancy.enabled
        self._was_tenants = old.multi_tenancy.enabled

    @property
    def copied(self) -> Sequence[str]:
        """Names of the vectors that are copied, the one without a name as the empty one."""
        return [*self._vectors]

    def problems(self, foreign: Container[str]) -> Iterator[str]:
        """Give what would be lost, each with its remedy.

        Args:
            foreign: properties that somebody else added, and that the declaration says are to be removed.
        """
        if self.tenants != self._was_tenants:
            yield "multiTenancy.enabled: objects have no tenant, or would lose theirs; declare a second collection"
        for before, after in self._renames.items():
            if before not in self._old and after not in self._old:
                yield f"renames: the collection has no property {before}; remove the entry"
        yield from self._of_properties(foreign)
        for name in sorted(self._lost_vectors()):
            yield f"vectors: {name} would go: name it in drops"

    def _of_properties(self, foreign: Container[str]) -> Iterator[str]:
        for name, one in self._old.items():
            new = self._new.get(self._renames.get(name, name))
            if new is None and name not in self._drops and name not in foreign:
                yield f"properties: {name} would go: declare it, or its new name in renames, or name it in drops"
            if one.data_type == "blobHash" and name not in self._drops:
                yield f"properties: {name} holds a hash, which the server would hash again; name it in drops"
            if new is not None and converting(one.data_type, new.data_type) is None:
                yield (
                    f"properties: {name} holds {one.data_type}, which cannot become {new.data_type} without loss; "
                    "declare a property of another name for it"
                )
        become = Counter(self._renames.get(name, name) for name in self._old if name not in self._drops)
        for name, count in become.items():
            if count > 1:
                yield f"properties: {count} would become {name}: keep one of them, and name the others in drops"

    def _lost_vectors(self) -> set[str]:
        """Return the vectors that come to nothing; those that the server makes anew do not."""
        return {name or "vector" for name in self._went} - set(self._drops)

    def object(self, old: Json, tenant: str | None) -> dict[str, Any]:
        """Return an object as the other version holds it.

        Args:
            old: the object, as the server lists it with its vectors; the one without a name may be under the empty one.
            tenant: whose it is.
        """
        found: dict[str, Any] = {"class": self._class_name, "id": old["id"], "properties": self._properties(old)}
        if tenant is not None:
            found["tenant"] = tenant
        named = {**(old.get("vectors") or {}), **({"": old["vector"]} if old.get("vector") else {})}
        for before, after in self._vectors.items():
            if before in named and after:
                found.setdefault("vectors", {})[after] = named[before]
            elif before in named:
                found["vector"] = named[before]
        return found

    def stored(self, new: Json) -> dict[str, Any]:
        """Return what an object of the other version holds, as `object` gives it.

        Args:
            new: the object, as the server lists it.
        """
        return {
            name: _reference(value) if _refers(self._new.get(name)) else value
            for name, value in (new.get("properties") or {}).items()
            if value is not None
        }

    def _properties(self, old: Json) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for name, value in (old.get("properties") or {}).items():
            after = self._renames.get(name, name)
            one, new = self._old.get(name), self._new.get(after)
            convert = converting(one.data_type, new.data_type) if one and new and name not in self._drops else None
            if value is not None and convert is not None:
                found[after] = _reference(value) if _refers(new) else convert(value)
        return found


def _refers(one: Property | None) -> bool:
    return one is not None and one.data_type[:1].isupper()


def _reference(value: Any) -> list[Any]:
    """Return references without the address that a listing adds."""
    return [{"beacon": one["beacon"]} for one in value]


def _vectors(
    old: Mapping[str, Vector], new: Mapping[str, Vector], filled: Mapping[str, Json]
) -> Iterator[tuple[str, str]]:
    """Give the vectors that are copied, by their names before and after.

    One that another module, or another model, would make is not: it would lie in another space, so the server makes
    it anew from what the object holds.
    """
    unnamed = len(old) == len(new) == 1 and "" in {*old, *new}
    for name, one in old.items():
        after = next(iter(new)) if unnamed else name
        wanted = new.get(after)
        if wanted is not None and (wanted.vectorizer == "none" or _made_alike(one, wanted, filled.get(name) or {})):
            yield name, after


def _made_alike(old: Vector, new: Vector, filled: Json) -> bool:
    # What is said now may be what the server had filled in before.
    said = {key: filled[key] for key in filled.keys() & new.settings.keys()} | old.settings
    return (old.vectorizer, said) == (new.vectorizer, new.settings)
