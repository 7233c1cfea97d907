"""How the server spells a collection, and how it is read back.

Source: Weaviate 1.39.0, `entities/models/class.go` and what its answers hold. A key that an answer lacks, because the
server is older, reads as the default.
"""

import copy
from collections.abc import Iterator, Mapping
from typing import Any, Final, get_args

from pydantic import ValidationError

from providers.kit import Model
from providers.weaviate.declaration import CollectionInputs, CollectionOutputs, Known
from providers.weaviate.property import NestedProperty, Property
from providers.weaviate.vector_index import KINDS, Vector

Json = Mapping[str, Any]

_QUANTIZATIONS: Final = ("pq", "bq", "sq", "rq")
_NO_MODULE: Final = "none"
_UNNAMED: Final = ""


def whole(value: Any) -> Any:
    """Return a value with whole numbers as such: the engine makes 768 to 768.0, and the server refuses that."""
    if isinstance(value, Mapping):
        return {key: whole(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [whole(item) for item in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _dump(model: Model, *without: str) -> dict[str, Any]:
    found: dict[str, Any] = model.model_dump(mode="json", by_alias=True, exclude_none=True, exclude=set(without))
    return found


def collection(inputs: CollectionInputs, class_name: str) -> dict[str, Any]:
    """Return a collection as the body that makes it.

    Args:
        inputs: what is declared.
        class_name: the collection's own name.
    """
    inverted = _dump(inputs.inverted_index)
    body: dict[str, Any] = {
        "class": class_name,
        "description": inputs.description,
        "properties": [_property(one, _modules(inputs)) for one in inputs.properties],
        "invertedIndexConfig": {key: value for key, value in inverted.items() if key != "stopwordPresets" or value},
        "multiTenancyConfig": _dump(inputs.multi_tenancy),
        "replicationConfig": _dump(inputs.replication),
        "moduleConfig": modules(inputs),
    }
    if inputs.shards is not None:
        body["shardingConfig"] = {"desiredCount": inputs.shards}
    if inputs.object_ttl is not None:
        body["objectTtlConfig"] = _dump(inputs.object_ttl)
    if inputs.vectors:
        return body | {"vectorConfig": {name: vector(one) for name, one in inputs.vectors.items()}}
    one = inputs.every_vector[_UNNAMED]
    said = vector(one)
    body |= {key: said[key] for key in ("vectorIndexType", "vectorIndexConfig")} | {"vectorizer": one.vectorizer}
    if one.vectorizer != _NO_MODULE:
        body["moduleConfig"] = {**body["moduleConfig"], one.vectorizer: whole(one.settings)}
    return body


def modules(inputs: CollectionInputs) -> dict[str, Any]:
    """Return the modules that work on results, as the server spells them."""
    used = [one for one in (inputs.generative, inputs.reranker) if one is not None]
    return {one.module: whole(one.settings) for one in used}


def vector(one: Vector) -> dict[str, Any]:
    """Return a vector as the server spells it."""
    kind = one.kind
    return {
        "vectorizer": {one.vectorizer: whole(one.settings)},
        "vectorIndexType": kind,
        "vectorIndexConfig": _index(kind, getattr(one, kind)),
    }


def _index(kind: str, index: Model) -> dict[str, Any]:
    plain = _dump(index)
    if kind == "dynamic":
        return plain | {inner: _index(inner, getattr(index, inner)) for inner in ("hnsw", "flat")}
    if kind == "hfresh":
        return plain
    for name in set(_QUANTIZATIONS) & set(type(index).model_fields):
        used = plain.get(name)
        plain[name] = {**(used if isinstance(used, dict) else {}), "enabled": bool(used)}
    if kind == "hnsw":
        used = plain.get("multivector")
        plain["multivector"] = {"enabled": used is not None, **(used or {})}
        if used is not None:
            plain["multivector"]["muvera"] = {"enabled": "muvera" in used, **used.get("muvera", {})}
    # What is declared decides, and not what the server is configured to prefer.
    return plain | {"skipDefaultQuantization": True}


def _modules(inputs: CollectionInputs) -> list[str]:
    """Return the modules that make vectors of texts: those that know how each property is treated."""
    used = {one.vectorizer for one in inputs.every_vector.values()}
    return sorted(module for module in used if module.startswith("text2vec-"))


def new_property(one: Property, inputs: CollectionInputs) -> dict[str, Any]:
    """Return a property as the body that adds it."""
    return _property(one, _modules(inputs))


def _property(one: Property, used: list[str]) -> dict[str, Any]:
    plain = _nested(one)
    if one.text_analyzer is not None:
        plain["textAnalyzer"] = _dump(one.text_analyzer)
    if used:
        settings = {"skip": one.skip_vectorization, "vectorizePropertyName": one.vectorize_property_name}
        plain["moduleConfig"] = dict.fromkeys(used, settings)
    return plain


def _nested(one: NestedProperty) -> dict[str, Any]:
    plain: dict[str, Any] = {
        "name": one.name,
        "dataType": one.data_type.split(" | "),
        "indexFilterable": one.index_filterable,
        "indexSearchable": one.index_searchable,
        "indexRangeFilters": one.index_range_filters,
    }
    plain |= {"description": one.description} if one.description else {}
    plain |= {"tokenization": one.tokenization} if one.tokenization else {}
    return plain | (
        {"nestedProperties": [_nested(inner) for inner in one.nested_properties]} if one.nested_properties else {}
    )


def declared(live: Json, name: str, *, behind_alias: bool, known: Known | None = None) -> CollectionInputs:
    """Return what a collection would have been declared as.

    Args:
        live: the server's answer.
        name: the name it is declared under.
        behind_alias: whether that is an alias.
        known: what was recorded: what it left to a module is left out as long as it is what it was, and what the
            server knows nothing of is as it was.
    """
    plain = {key: value for key, value in _declared(live, known) if value is not None}
    plain |= {"name": name, "behindAlias": behind_alias}
    plain |= {"previousVersions": known.inputs.previous_versions} if known else {}
    return lenient(plain)


def lenient(plain: Json) -> CollectionInputs:
    """Return a collection as a model, with what breaks a rule as it is: the server may know more than we do."""
    try:
        return CollectionInputs.model_validate(plain)
    except ValidationError:
        fields = CollectionInputs.model_fields
        wires = {info.alias or name: name for name, info in fields.items()}
        return CollectionInputs.model_construct(None, **{wires[key]: value for key, value in plain.items()})


def settings(live: Json) -> dict[str, dict[str, Any]]:
    """Return all settings of each vector's module, by the vector's name."""
    return {name: dict(_module(entry, live)[1]) for name, entry in _vectors(live)}


def outputs(
    live: Json,
    inputs: CollectionInputs,
    *,
    object_count: int,
    previous: tuple[str, ...] = (),
    unfinished: bool = False,
) -> CollectionOutputs:
    """Return what is recorded of a collection beyond its inputs.

    Args:
        live: the server's answer.
        inputs: what it is declared as now.
        object_count: how many objects it holds.
        previous: versions that were migrated from and are still there.
        unfinished: whether a migration has not come to its end.
    """
    return CollectionOutputs(
        class_name=live["class"],
        previous=previous,
        object_count=object_count,
        unfinished=unfinished,
        declared_properties=tuple(one.name for one in inputs.properties),
        vectorizer_settings=settings(live),
    )


def _declared(live: Json, known: Known | None) -> Iterator[tuple[str, Any]]:
    recorded = {one.name: one for one in known.inputs.properties if isinstance(one, Property)} if known else {}
    yield "description", live.get("description") or ""
    yield "properties", [_read_property(one, recorded.get(one["name"])) for one in live.get("properties") or ()]
    found = {name: _read_vector(entry, live) for name, entry in _vectors(live)}
    for name, one in found.items():
        one["settings"] = _said(name, one["settings"], known)
    if _UNNAMED in found:
        unsaid = known is None or known.inputs.vector is None
        yield "vector", None if unsaid and _plain_vector(found[_UNNAMED]) else found[_UNNAMED]
    else:
        yield "vectors", found
    inverted = live.get("invertedIndexConfig") or {}
    bm25 = inverted.get("bm25")
    stopwords = {key: value for key, value in (inverted.get("stopwords") or {}).items() if value is not None}
    yield (
        "invertedIndex",
        {
            **{key: value for key, value in inverted.items() if key in _INVERTED},
            # The server leaves out a zero in what it has been told.
            **({} if bm25 is None else {"bm25": {"k1": 0, "b": 0, **bm25}}),
            "stopwords": stopwords,
        },
    )
    yield "multiTenancy", live.get("multiTenancyConfig") or {}
    replication = live.get("replicationConfig") or {}
    yield (
        "replication",
        {key: value for key, value in replication.items() if key in {"factor", "deletionStrategy"} and value},
    )
    tenants = (live.get("multiTenancyConfig") or {}).get("enabled")
    unsaid = known is not None and known.inputs.shards is None
    yield "shards", None if tenants or unsaid else (live.get("shardingConfig") or {}).get("desiredCount")
    for field in ("generative", "reranker"):
        used = [name for name in live.get("moduleConfig") or {} if name.startswith(f"{field}-")]
        yield field, {"module": used[0], "settings": live["moduleConfig"][used[0]] or {}} if used else None
    yield "objectTtl", live.get("objectTtlConfig")


def _said(name: str, told: Json, known: Known | None) -> dict[str, Any]:
    """Return a module's settings without those that were left to it and are what they were."""
    if known is None:
        return dict(told)
    one = known.inputs.every_vector.get(name)
    said = one.settings if isinstance(one, Vector) else {}
    left = known.outputs.vectorizer_settings.get(name) or {}
    return {key: value for key, value in told.items() if key in said or key not in left or left[key] != value}


_INVERTED: Final = (
    "cleanupIntervalSeconds",
    "indexTimestamps",
    "indexNullState",
    "indexPropertyLength",
    "stopwordPresets",
)


def _vectors(live: Json) -> Iterator[tuple[str, Json]]:
    """Give the vectors of a collection; one whose index was dropped is none any more."""
    named = live.get("vectorConfig")
    if not named:
        yield _UNNAMED, {**live, "vectorizer": {live.get("vectorizer") or _NO_MODULE: {}}}
        return
    for name, entry in named.items():
        if entry.get("vectorIndexType") != _NO_MODULE:
            yield name, entry


def _module(entry: Json, live: Json) -> tuple[str, Json]:
    name = next(iter(entry.get("vectorizer") or {_NO_MODULE: {}}))
    if not live.get("vectorConfig"):
        return name, (live.get("moduleConfig") or {}).get(name) or {}
    return name, entry["vectorizer"][name] or {}


def _read_vector(entry: Json, live: Json) -> dict[str, Any]:
    name, told = _module(entry, live)
    kind = entry.get("vectorIndexType") or "hnsw"
    plain = {"vectorizer": name, "settings": dict(told) if name != _NO_MODULE else {}}
    return plain | {kind: _read_index(kind, entry.get("vectorIndexConfig") or {})}


def _read_index(kind: str, config: Json) -> dict[str, Any]:
    if kind not in KINDS:
        return dict(config)
    plain = _known(KINDS[kind], config)
    if kind == "dynamic":
        return plain | {inner: _read_index(inner, config.get(inner) or {}) for inner in ("hnsw", "flat")}
    for name in ("multivector", *_QUANTIZATIONS):
        if kind == "hfresh" or not isinstance(plain.get(name), Mapping):
            continue
        used = plain.pop(name)
        if used.get("enabled"):
            plain[name] = True if (kind, name) == ("hnsw", "bq") else _known(_inner(KINDS[kind], name), used)
    if "multivector" in plain and not (plain["multivector"].get("muvera") or {}).get("enabled"):
        plain["multivector"].pop("muvera", None)
    elif "multivector" in plain:
        plain["multivector"]["muvera"].pop("enabled")
    return plain


def _inner(model: type[Model], field: str) -> type[Model] | None:
    """Return the model of a field that may be absent."""
    found = [one for one in get_args(model.model_fields[field].annotation) if isinstance(one, type)]
    return next((one for one in found if issubclass(one, Model)), None)


def _known(model: type[Model] | None, plain: Json) -> dict[str, Any]:
    """Return the keys that a model has, by their names on the wire; those of its own models alone, too."""
    if model is None:
        return dict(plain)
    found: dict[str, Any] = {}
    for name, info in model.model_fields.items():
        wire = info.alias or name
        if plain.get(wire) is not None:
            value = plain[wire]
            inner: Any = info.annotation
            nested = isinstance(inner, type) and issubclass(inner, Model) and isinstance(value, Mapping)
            found[wire] = _known(inner, value) if nested else value
    return found


def _plain_vector(found: Json) -> bool:
    """Return whether a vector is what there is where nothing is said."""
    try:
        return Vector.model_validate(found) == Vector()
    except ValidationError:
        return False


def _read_property(one: Json, recorded: Property | None) -> dict[str, Any]:
    plain = _read_nested(one)
    # The server tells each module by itself; they are told the same, so that one of them differs by somebody's hand.
    told = list((one.get("moduleConfig") or {}).values())
    for key, field in (("skip", "skip_vectorization"), ("vectorizePropertyName", "vectorize_property_name")):
        before = getattr(recorded, field, False)
        said = [bool(each[key]) for each in told if isinstance(each, Mapping) and key in each]
        wire = Property.model_fields[field].alias or field
        plain[wire] = next((value for value in said if value is not before), before) if said else before
    analyzer = one.get("textAnalyzer")
    return plain | ({"textAnalyzer": dict(analyzer)} if analyzer else {})


def _read_nested(one: Json) -> dict[str, Any]:
    keys = ("name", "description", "tokenization", "indexFilterable", "indexSearchable", "indexRangeFilters")
    plain = {key: one[key] for key in keys if one.get(key) not in {None, ""}}
    plain["dataType"] = " | ".join(one["dataType"])
    inner = [_read_nested(nested) for nested in one.get("nestedProperties") or ()]
    return plain | ({"nestedProperties": inner} if inner else {})


def edited(live: Json, inputs: CollectionInputs) -> dict[str, Any] | None:
    """Return the body that changes a collection in place; none where nothing of it differs.

    It replaces the whole collection, so it is the server's own answer with what is declared put over it: settings that
    this provider does not know stay.

    Args:
        live: the server's answer, which has every declared property already.
        inputs: what is declared.
    """
    wanted = collection(inputs, live["class"])
    body = copy.deepcopy(dict(live))
    body["description"] = inputs.description
    if not inputs.description and "description" not in live:
        del body["description"]
    for key in ("invertedIndexConfig", "multiTenancyConfig", "replicationConfig"):
        body[key] = _over(live.get(key), wanted[key])
    if not inputs.inverted_index.stopword_presets:
        body["invertedIndexConfig"].pop("stopwordPresets", None)
    body.pop("objectTtlConfig", None)
    if inputs.object_ttl is not None:
        body["objectTtlConfig"] = _over(live.get("objectTtlConfig"), wanted["objectTtlConfig"])
    replaced = {one.module.partition("-")[0] for one in (inputs.generative, inputs.reranker) if one is not None}
    used = {
        name: told for name, told in (live.get("moduleConfig") or {}).items() if name.partition("-")[0] not in replaced
    }
    if used or replaced:
        body["moduleConfig"] = used | modules(inputs)
    if inputs.vectors:
        body["vectorConfig"] = {**live["vectorConfig"]}
        for name, one in wanted["vectorConfig"].items():
            there = live["vectorConfig"].get(name)
            index = None if there is None else _over(there["vectorIndexConfig"], one["vectorIndexConfig"])
            body["vectorConfig"][name] = one if there is None else {**there, "vectorIndexConfig": index}
    else:
        body["vectorIndexConfig"] = _over(live["vectorIndexConfig"], wanted["vectorIndexConfig"])
    body["properties"] = _described(live.get("properties"), {one["name"]: one for one in wanted["properties"]})
    return None if body == live else body


def _over(live: Any, wanted: Any) -> Any:
    """Return a value with another put over it, key by key; an empty one over nothing is nothing."""
    if isinstance(wanted, Mapping) and isinstance(live, Mapping):
        return {**live, **{key: _over(live.get(key), value) for key, value in wanted.items()}}
    return None if live is None and wanted in ([], {}) else wanted


def _described(live: Any, wanted: Mapping[str, Json]) -> Any:
    """Return properties with the declared descriptions, and what modules that came are told about them."""
    if not live:
        return live
    found = []
    for one in live:
        told = wanted.get(one["name"])
        changed = dict(one)
        if told is not None:
            changed.pop("description", None)
            changed |= {"description": told["description"]} if "description" in told else {}
            modules_of_both = {**told.get("moduleConfig", {}), **(one.get("moduleConfig") or {})}
            changed |= {"moduleConfig": modules_of_both} if modules_of_both else {}
            inner = {each["name"]: each for each in told.get("nestedProperties", ())}
            changed |= {"nestedProperties": _described(one["nestedProperties"], inner)} if inner else {}
        found.append(changed)
    return found
