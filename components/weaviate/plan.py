"""What the catalog's collections, roles and users are to Weaviate."""

import re
from collections.abc import Iterator
from typing import Any

from catalog.collection import Collection, Module, Property, Role, Weaviate
from providers.weaviate.sdk import PermissionArgs

VECTOR = "default"
"""The name of the one vector that each object has, which is what clients take where they name none."""


def collection(name: str, one: Collection, weaviate: Weaviate, *, guarded: bool) -> dict[str, Any]:
    """Return a collection's arguments.

    Args:
        name: its name.
        one: what the catalog says of it.
        weaviate: what holds for all.
        guarded: whether nobody may delete it in passing.
    """
    made = one.vectorizer == "default"
    vector = {"vectorizer": weaviate.vectorizer.module, "settings": {**weaviate.vectorizer.settings}} if made else {}
    return {
        "name": name,
        "description": one.description,
        "properties": [_property(each, told) for each, told in one.properties.items()],
        "vectors": {VECTOR: {**vector, "hnsw": {}}},
        # By it a migration, and whoever looks for what is new, finds what changed last.
        "inverted_index": {"index_timestamps": True},
        "generative": None if weaviate.generative is None else _module(weaviate.generative),
        "behind_alias": True,
        "on_breaking_change": "migrate",
        "deletion_protection": guarded,
    }


def _property(name: str, one: Property) -> dict[str, Any]:
    said: dict[str, Any] = {"name": name, "data_type": one.type}
    if one.description:
        said["description"] = one.description
    if one.tokenization:
        said["tokenization"] = one.tokenization
    if one.range:
        said["index_range_filters"] = True
    return said


def _module(one: Module) -> dict[str, Any]:
    return {"module": one.module, "settings": {**one.settings}}


def permissions(role: Role) -> list[PermissionArgs]:
    """Return what a role permits.

    Args:
        role: what the catalog says of it.
    """
    return [*_permissions(role)]


def _permissions(role: Role) -> Iterator[PermissionArgs]:
    # A name is an alias: what is behind it has the same name and a version.
    pattern = role.collections if role.collections == "*" else f"{role.collections}.*"
    for verb in role.objects:
        yield {"action": f"{verb}_data", "collection": pattern}
    if role.objects:
        # Queries in GraphQL ask for all collections, and clients for the one that they use.
        yield {"action": "read_collections", "collection": "*"}
        yield {"action": "read_aliases", "collection": "*"}
    if role.backups:
        yield {"action": "manage_backups", "collection": pattern}
        yield {"action": "read_nodes"}


def logical(name: str) -> str:
    """Return a collection's name as a part of a resource's.

    >>> logical("SophiaMemory")
    'sophia-memory'
    """
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", name).lower()
