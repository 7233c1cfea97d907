"""What differs between two declarations of a collection, and what the server can change in place.

Source: Weaviate 1.39.0, `usecases/schema/{class,parser,property}.go` and `adapters/repos/db/vector/*/config_update.go`.
What is not listed here as changing in place needs another collection.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, Literal

from providers.kit import UNKNOWN, Difference, Live, Model, differing
from providers.kit.paths import parsed
from providers.weaviate import spelling
from providers.weaviate.declaration import CollectionInputs, Known
from providers.weaviate.property import NestedProperty
from providers.weaviate.vector_index import Vector

Kind = Literal["add", "delete", "update"]

_HNSW: Final = (
    r"ef|dynamicEfMin|dynamicEfMax|dynamicEfFactor|flatSearchCutoff|filterStrategy|vectorCacheMaxObjects|"
    r"sq\.rescoreLimit|rq\.rescoreLimit"
)
_FLAT: Final = r"vectorCacheMaxObjects|bq\.rescoreLimit|bq\.cache|rq\.rescoreLimit"
_IN_PLACE: Final = re.compile(
    r"description|previousVersions|"
    r"invertedIndex\.(bm25\.\w+|stopwords\.(preset|additions.*|removals.*)|stopwordPresets.*|cleanupIntervalSeconds)|"
    r"multiTenancy\.autoTenant(Creation|Activation)|replication\.deletionStrategy|objectTtl(\..*)?|"
    rf"vectors?(\..+|\[.+\])?\.(hnsw\.({_HNSW})|flat\.({_FLAT})|hfresh\.(searchProbe|maxPostingSizeKB|rq\.rescoreLimit)|"
    rf"dynamic\.(threshold|hnsw\.({_HNSW})|flat\.({_FLAT})))"
)
_ADDED: Final = re.compile(
    r"generative|reranker|vectors(\.[^.]+|\[[^]]+\])|vectors?(\..+|\[.+\])?\.hnsw\.(pq|bq|sq|rq)"
)
"""What may come, but not go."""
_MODULES: Final = re.compile(r"(generative|reranker)(\..*|\[.*)?")
_PROPERTY_IN_PLACE: Final = {"description"}
LOCAL_INPUTS: Final = frozenset(
    {"on_breaking_change", "undeclared_properties", "deletion_protection", "renames", "drops", "previous_versions"}
)
"""Inputs that the server knows nothing of."""
_INDEXES: Final = {"index_filterable", "index_searchable", "index_range_filters"}


def breaking(one: Difference, old: CollectionInputs) -> bool:
    """Tell whether a difference outside the properties needs another collection.

    Args:
        one: the difference, as the kit found it.
        old: what exists.
    """
    path = one.path
    if _MODULES.fullmatch(path):
        # One module may take another's place; none is ever taken away.
        return one.kind == "delete" and path in {"generative", "reranker"}
    if _IN_PLACE.fullmatch(path):
        return False
    if path.startswith("vectors") and not old.vectors:
        # The one without a name does not go.
        return True
    if _ADDED.fullmatch(path):
        # Compression may be switched on, but what is compressed stays so.
        return one.kind == "delete" or (one.kind == "update" and not _switched_on(one, old))
    return True


def _switched_on(one: Difference, old: CollectionInputs) -> bool:
    """Tell whether an update switches binary quantization on, the one that is a yes or no."""
    value: Any = old.model_dump(by_alias=True)
    for part in re.findall(r'[^.\[\]"]+', one.path):
        value = value.get(part) if isinstance(value, Mapping) else None
    return value is False


def of_properties(
    old: Sequence[NestedProperty], new: Iterable[Any], at: str, *, undeclared: Mapping[str, bool | None]
) -> Iterator[Difference]:
    """Give what differs between two lists of properties, compared by their names.

    Args:
        old: what exists.
        new: what is wanted; one that is not known yet is passed over.
        at: path of the list.
        undeclared: by name, of properties that exist and are not wanted: whether that breaks; none passes it over.
    """
    there = {one.name: (index, one) for index, one in enumerate(old)}
    wanted: dict[str, tuple[int, NestedProperty]] = {}
    for index, one in enumerate(new):
        if isinstance(one, NestedProperty):
            wanted[one.name] = index, one
    nested = at != "properties"
    for name, (index, one) in wanted.items():
        if name not in there:
            # What an object holds can be extended by nobody.
            yield Difference("properties", f"{at}[{index}]", nested, "add")
        else:
            yield from _of_one(there[name][1], one, f"{at}[{index}]")
    for name, (index, _) in there.items():
        breaks = undeclared.get(name, True)
        if name not in wanted and breaks is not None:
            yield Difference("properties", f"{at}[{index}]", breaks, "delete")


def _of_one(old: NestedProperty, new: NestedProperty, at: str) -> Iterator[Difference]:
    for name, info in type(new).model_fields.items():
        before, after = getattr(old, name, None), getattr(new, name)
        path = f"{at}.{info.alias or name}"
        if name == "nested_properties":
            yield from of_properties(before or (), after, path, undeclared={})
        elif before != after:
            switched_off = name in _INDEXES and before and not after and "nestedProperties" not in at
            yield Difference("properties", path, not (name in _PROPERTY_IN_PLACE or switched_off), _kind(before, after))


def _kind(before: Any, after: Any) -> Kind:
    if before is None:
        return "add"
    return "delete" if after is None else "update"


def settled(value: Any) -> bool:
    """Tell whether all of a value is known."""
    if isinstance(value, Mapping):
        return all(settled(item) for item in value.values())
    if isinstance(value, list | tuple):
        return all(settled(item) for item in value)
    if isinstance(value, Model):
        return all(settled(getattr(value, name)) for name in type(value).model_fields)
    return value is not UNKNOWN


def plain(inputs: CollectionInputs) -> dict[str, Any]:
    """Return the fields of a declaration by name."""
    return {name: getattr(inputs, name) for name in type(inputs).model_fields}


def against(live: Mapping[str, Any], inputs: CollectionInputs) -> Iterator[Difference]:
    """Give what differs between a collection and a declaration that nothing was recorded of.

    Args:
        live: the server's answer.
        inputs: the declaration.
    """
    there = spelling.declared(live, inputs.name, behind_alias=inputs.behind_alias)
    there = there.model_copy(update={name: getattr(inputs, name) for name in LOCAL_INPUTS})
    known = Live(there, spelling.outputs(live, there, object_count=0))
    return judged(known, plain(inputs), differing(there, inputs))


def judged(live: Known, new: Mapping[str, Any], found: Iterable[Difference]) -> Iterator[Difference]:
    """Give what differs, each with whether it needs another collection; what is not known yet never does.

    Args:
        live: what exists.
        new: what is wanted by Python name, with what is not known yet.
        found: what the kit found by comparing the two.
    """
    for one in found:
        known = settled(new.get(one.field))
        if one.field == "properties" and known:
            continue
        if one.field == "shards" and new.get("shards") is None:
            continue
        if one.field == "vector" and known and live.inputs.every_vector == _every_vector(new):
            continue
        if known and _as_filled(one, live, new):
            continue
        if one.field in {"name", "behind_alias"} or not known or one.field in LOCAL_INPUTS:
            yield one
        else:
            breaks = breaking(one, live.inputs)
            yield one if breaks == one.replace else Difference(one.field, one.path, breaks, one.kind)
    wanted = new.get("properties") or ()
    if settled(wanted):
        yield from of_properties(live.inputs.properties, wanted, "properties", undeclared=_undeclared(live, new))


def _undeclared(live: Known, new: Mapping[str, Any]) -> dict[str, bool | None]:
    """Return what happens about each property that exists and is not declared, and never was."""
    policy = {"report": False, "ignore": None, "remove": True}[new.get("undeclared_properties") or "report"]
    ours = set(live.outputs.declared_properties)
    return {one.name: policy for one in live.inputs.properties if one.name not in ours}


def _every_vector(new: Mapping[str, Any]) -> Mapping[str, Vector]:
    made = CollectionInputs.model_construct(None, name="", vector=new.get("vector"), vectors=new.get("vectors") or {})
    return made.every_vector


def _as_filled(one: Difference, live: Known, new: Mapping[str, Any]) -> bool:
    """Tell whether a setting of a module is only said no more, or only now: it stays what it was last written as."""
    parts = parsed(one.path)
    name = str(parts[1]) if parts[0] == "vectors" else ""
    if one.kind == "update" or parts[0] not in {"vector", "vectors"} or parts[-2:-1] != ("settings",):
        return False
    vector = (live.inputs.every_vector if one.kind == "delete" else _every_vector(new)).get(name)
    key, filled = str(parts[-1]), live.outputs.vectorizer_settings.get(name) or {}
    return vector is not None and key in filled and filled[key] == vector.settings.get(key)
