"""What a deployment is after a journal, by the rules of Pulumi 3.259 (``backend``, ``sdk/go/common/apitype``)."""

import hashlib
from collections.abc import Callable, ItemsView, Iterable, Mapping
from datetime import UTC, datetime
from enum import IntEnum
from typing import Any

Json = dict[str, Any]
"""A part of a deployment, spelt as the engine spells it."""

_RELEASE = "v3.259.0"
"""The release of Pulumi whose rules these are."""
_MAGIC = hashlib.sha256(_RELEASE.encode()).hexdigest()
"""What the engine tells a manifest by that somebody has edited."""

_FEATURES = {
    "refreshBeforeUpdate": "refreshBeforeUpdate",
    "viewOf": "views",
    "resourceHooks": "hooks",
    "taint": "taint",
    "replaceWith": "replaceWith",
}
"""Fields of resources that older engines do not know, each with the feature that they are told of it by."""


class Kind(IntEnum):
    """What a journal entry says."""

    BEGIN = 0
    SUCCESS = 1
    FAILURE = 2
    REFRESH = 3
    OUTPUTS = 4
    WRITE = 5
    SECRETS = 6
    REBUILT = 7
    EXTENSION = 8
    SNIPPETS = 9


class Replay:
    """A deployment that entries are added to.

    Args:
        base: the deployment before the first entry; it is not changed.
    """

    def __init__(self, base: Mapping[str, Any]) -> None:
        self._base: Json = dict(base)
        self._extensions: Json = {}
        self._refreshed = False
        self._begin()

    def _begin(self) -> None:
        self._new: list[Json] = []
        self._index: dict[int, int] = {}
        """Places among the new resources, by operation."""
        self._incomplete: dict[int, Json] = {}
        self._removed_new: set[int] = set()
        self._removed: set[int] = set()
        self._replaced: dict[int, Json] = {}
        self._deleted: set[int] = set()
        self._pending: set[int] = set()

    def add(self, entry: Json) -> None:
        """Take one entry, in the order of their sequence."""
        kind, operation = Kind(entry["kind"]), entry.get("operationID", 0)
        if kind is Kind.BEGIN:
            self._incomplete[operation] = entry
        elif kind in {Kind.SUCCESS, Kind.REFRESH, Kind.FAILURE}:
            self._incomplete.pop(operation, None)
        if kind is Kind.SUCCESS:
            self._succeed(entry, operation)
        elif kind is Kind.REFRESH or (kind is Kind.OUTPUTS and entry.get("state") is not None):
            self._refresh(entry)
        else:
            self._rebase(kind, entry)

    def _rebase(self, kind: Kind, entry: Json) -> None:
        """Change what the entries after this one are about."""
        if kind is Kind.WRITE:
            self._base = entry.get("newSnapshot") or {}
        elif kind is Kind.SECRETS:
            self._base = {**self._base, "secrets_providers": entry["secretsProvider"]}
        elif kind is Kind.REBUILT:
            self._base = self.deployment()
            self._begin()
            self._extensions = {}
        elif kind is Kind.EXTENSION:
            self._extensions[entry["extensionRef"]] = entry["extension"]
        elif kind is Kind.SNIPPETS:
            self._base = {**self._base, "snippets": entry.get("snippets")}

    def _succeed(self, entry: Json, operation: int) -> None:
        if entry.get("state") is not None:
            self._index[operation] = len(self._new)
            self._new.append(dict(entry["state"]))
        for field, places in (
            ("removeOld", self._removed),
            ("removeNew", self._removed_new),
            ("deleteOld", self._deleted),
            ("pendingReplacementOld", self._pending),
        ):
            if entry.get(field) is not None:
                places.add(entry[field])
        for field, mark in (("deleteNew", "delete"), ("pendingReplacementNew", "pendingReplacement")):
            if entry.get(field) is not None:
                self._new[self._index[entry[field]]][mark] = True
        self._refreshed = self._refreshed or bool(entry.get("isRefresh"))

    def _refresh(self, entry: Json) -> None:
        """Put a state in the place of one of before, or take that one away."""
        state = entry.get("state")
        self._refreshed = self._refreshed or entry["kind"] == Kind.REFRESH
        if (old := entry.get("removeOld")) is not None:
            if state is None:
                self._removed.add(old)
            else:
                self._replaced[old] = dict(state)
        if (new := entry.get("removeNew")) is not None:
            if state is None:
                self._removed_new.add(new)
            else:
                self._new[self._index[new]] = dict(state)

    def deployment(self) -> Json:
        """Return the deployment that the entries so far lead to."""
        removed = {self._index[operation] for operation in self._removed_new if operation in self._index}
        resources = [dict(one) for place, one in enumerate(self._new) if place not in removed]
        for place, one in enumerate(self._base.get("resources") or ()):
            if place in self._removed:
                continue
            kept = dict(self._replaced.get(place, one))
            if place in self._pending and place not in self._replaced:
                kept["pendingReplacement"] = True
            if place in self._deleted and place not in self._replaced:
                kept["delete"] = True
            resources.append(kept)
        pending = [entry["operation"] for entry in self._incomplete.values() if entry.get("operation")]
        # What may have been made and is known to nobody is kept until somebody looks.
        pending += [one for one in self._base.get("pending_operations") or () if one["type"] == "creating"]
        if self._refreshed:
            _forget_missing(resources)
        kept = {key: self._base[key] for key in ("secrets_providers", "metadata", "snippets") if self._base.get(key)}
        extensions = {**self._extensions, **(self._base.get("extensions") or {})}
        return {
            "manifest": {"time": datetime.now(UTC).isoformat(), "magic": _MAGIC, "version": _RELEASE},
            **kept,
            "resources": _normalized(resources),
            **({"pending_operations": pending} if pending else {}),
            **({"extensions": extensions} if extensions else {}),
        }


def replayed(base: Mapping[str, Any], entries: Iterable[Json]) -> Json:
    """Return a deployment after a journal.

    Args:
        base: the deployment before.
        entries: the journal, in order.
    """
    replay = Replay(base)
    for entry in entries:
        replay.add(entry)
    return replay.deployment()


def features(deployment: Mapping[str, Any]) -> list[str]:
    """Return what an engine must know to read a deployment."""
    resources = deployment.get("resources") or ()
    return sorted({name for one in resources for field, name in _FEATURES.items() if one.get(field)})


def _forget_missing(resources: list[Json]) -> None:
    """Take references away to what a refresh has found gone; the resources are in the order of their dependencies."""
    known: set[str] = set()
    for one in resources:
        for field in ("dependencies", "replaceWith"):
            if one.get(field):
                one[field] = [urn for urn in one[field] if urn in known]
        if one.get("propertyDependencies"):
            known_now = {key: [urn for urn in urns or () if urn in known] for key, urns in _by_property(one)}
            one["propertyDependencies"] = {key: urns for key, urns in known_now.items() if urns}
        if one.get("deletedWith") and one["deletedWith"] not in known:
            del one["deletedWith"]
        known.add(one["urn"])
    parents: dict[str, str] = {}
    for one in resources:
        if (parent := one.get("parent", "")) and parent not in known:
            one["parent"] = parents.get(parent, "")
        parents[one["urn"]] = one.get("parent", "")


def _normalized(resources: list[Json]) -> list[Json]:
    """Return the resources with every reference by today's name, and without the names of before."""
    aliased: dict[str, str] = {}
    for one in resources:
        aliased |= dict.fromkeys(one.get("aliases") or (), one["urn"])
        parent = aliased.get(one.get("parent", ""))
        if parent and _qualified(parent) != "pulumi:pulumi:Stack":
            stack, project, types, name = one["urn"].removeprefix("urn:pulumi:").split("::", 3)
            own = types.rsplit("$", 1)[-1]
            aliased[one["urn"]] = f"urn:pulumi:{stack}::{project}::{_qualified(parent)}${own}::{name}"
    if not aliased:
        return resources

    for one in resources:
        _rename(one, lambda urn: aliased.get(urn, urn))
    return resources


def _rename(one: Json, today: Callable[[str], str]) -> None:
    one.pop("aliases", None)
    for field in ("urn", "parent", "deletedWith", "viewOf"):
        if one.get(field):
            one[field] = today(one[field])
    if one.get("provider"):
        urn, _, identity = one["provider"].rpartition("::")
        one["provider"] = f"{today(urn)}::{identity}"
    if one.get("dependencies"):
        one["dependencies"] = [today(urn) for urn in one["dependencies"]]
    if one.get("propertyDependencies"):
        one["propertyDependencies"] = {key: [today(urn) for urn in urns or ()] for key, urns in _by_property(one)}


def _by_property(one: Json) -> ItemsView[str, list[str] | None]:
    found: dict[str, list[str] | None] = one["propertyDependencies"]
    return found.items()


def _qualified(urn: str) -> str:
    return urn.split("::")[2]
