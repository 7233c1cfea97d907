"""Since when what differs, and what somebody was told of it: small enough for an issue's body to carry."""

import base64
import binascii
import hashlib
import json
import re
import zlib
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from pydantic import ValidationError

from catalog.drift_classes import DriftClass
from ops.deployment import Target, folder_of
from ops.drift_rows import UnmanagedThing
from ops.results import DriftedResource, DriftResult
from ops.row import Row
from rehearsal.home import write_private

FILE: Final = "drift.json"
"""The file, in a rehearsal's directory, that holds its record."""

CLEAN: Final = "clean"
"""In place of a fingerprint: nothing differs any more."""

APPROVED: Final = "drift-approved"
"""The label, on a stack's issue, that lets a repair touch what endangers security and what is gone."""
CLAIM_SECONDS: Final = 900
"""After so long, whoever was to tell people has died over it."""

_KEY: Final = 12
_MOST: Final = 2000
"""So many findings keep their beginning; of more, whoever reads them has other worries."""
_LONGEST: Final = 200_000
"""Bytes of a record that is read back: an issue's body may be anybody's."""
_FLEETING: Final = re.compile(r"[0-9a-f]{8,}|\d+")


class Record(Row):
    """What is known of the drift of one stack from before."""

    fingerprint: str = ""
    """Of what differed."""
    since: Mapping[str, int] = {}
    """When each finding was seen first, in seconds since the epoch, by a digest of what it is about."""
    told: str = ""
    """The fingerprint of the last whole answer that people were told of; empty where that was that nothing differs."""
    trouble: str = ""
    """That of the last answer which was not whole, since then."""
    claimed: str = ""
    """What somebody is telling at the moment."""
    claimed_at: int = 0
    """Since when, in seconds since the epoch."""

    def packed(self) -> str:
        """Return it as one word of letters, digits, ``-`` and ``_``."""
        oldest = dict(sorted(self.since.items(), key=lambda item: item[1])[:_MOST])
        text = self.model_copy(update={"since": oldest}).model_dump_json()
        return base64.urlsafe_b64encode(zlib.compress(text.encode(), 9)).decode().rstrip("=")

    @classmethod
    def unpacked(cls, word: str) -> "Record":
        """Return what a word says; an empty record where it is none."""
        try:
            packed = base64.urlsafe_b64decode(word + "=" * (-len(word) % 4))
            unpacker = zlib.decompressobj()
            text = unpacker.decompress(packed, _LONGEST)
            return cls.model_validate_json(text)
        except (binascii.Error, ValueError, zlib.error, ValidationError):
            return cls()

    def merged(self, other: "Record") -> "Record":
        """Return what both know: of two beginnings the earlier one."""
        since = {**other.since, **self.since}
        since |= {key: min(one, other.since[key]) for key, one in self.since.items() if key in other.since}
        return self.model_copy(update={"since": since})

    def news(self, result: DriftResult) -> str:
        """Return what people have not been told of yet: its fingerprint, ``clean`` where a drift ended, or nothing.

        Args:
            result: an answer with its fingerprint.
        """
        if result.status in {"partial", "error"}:
            return result.fingerprint if result.fingerprint != self.trouble else ""
        if not result.fingerprint:
            return CLEAN if self.told or self.trouble else ""
        return result.fingerprint if result.fingerprint != self.told else ""

    def being_told(self, news: str, now: float) -> bool:
        """Return whether another run is about to tell the same.

        Args:
            news: what is new.
            now: seconds since the epoch.
        """
        return self.claimed == news and now - self.claimed_at < CLAIM_SECONDS

    def unclaimed(self) -> "Record":
        """Return it without anybody who is about to tell people."""
        return self.model_copy(update={"claimed": ""})

    def after(self, result: DriftResult) -> "Record":
        """Return it once people have been told of an answer."""
        if result.status in {"partial", "error"}:
            return self.model_copy(update={"trouble": result.fingerprint, "claimed": ""})
        return self.model_copy(update={"told": result.fingerprint, "trouble": "", "claimed": ""})


def kept(path: Path) -> Record:
    """Return the record of a file; an empty one where there is none, or it cannot be read."""
    try:
        return Record.model_validate_json(path.read_text(encoding="utf-8"))
    except (OSError, ValidationError):
        return Record()


def keep(path: Path, record: Record) -> None:
    """Write a record to a file, whole or not at all."""
    if path.parent.is_dir():
        write_private(path, record.model_dump_json())


def keep_answer(path: Path, result: DriftResult) -> None:
    """Write the last answer beside the record of a file, for whoever reports of the stack."""
    if path.parent.is_dir():
        write_private(_answer(path), result.model_dump_json())


def kept_answer(path: Path) -> DriftResult | None:
    """Return the last answer beside the record of a file; None where there is none, or it cannot be read."""
    try:
        return DriftResult.model_validate_json(_answer(path).read_text(encoding="utf-8"))
    except (OSError, ValidationError):
        return None


def _answer(path: Path) -> Path:
    return path.with_name(f"{path.stem}-answer.json")


def record_file(stack: str, target: Target) -> Path:
    """Return the file that holds the record of a stack.

    Args:
        stack: name of the stack.
        target: where it is.
    """
    return folder_of(stack, target) / FILE


def fingerprint(result: DriftResult) -> str:
    """Return what stays the same as long as the same differs in the same way; empty where nothing does.

    Noise, ages and the words of what fails are no part of it, so that nobody is told twice.

    Args:
        result: what was found.
    """
    found = sorted(_identities(result))
    if not found:
        return ""
    return hashlib.sha256(json.dumps(found, ensure_ascii=False).encode()).hexdigest()[:16]


def aged(result: DriftResult, before: Record, now: datetime) -> tuple[DriftResult, Record]:
    """Return what was found with its fingerprint and its ages, and the record of it.

    Of what could not be looked at this time, the record keeps what it knew.

    Args:
        result: what was found.
        before: the record of before.
        now: this moment.
    """
    moment = int(now.timestamp())
    blind = result.status in {"partial", "error"} or bool(result.unreachable or result.cluster or result.vector_store)
    since = dict(before.since) if blind else {}
    since |= {key: before.since.get(key, moment) for key in _keys(result)}

    def first(*keys: str) -> dict[str, object]:
        begun = min((since[key] for key in keys), default=moment)
        return {"first_seen": datetime.fromtimestamp(begun, UTC), "age_seconds": max(0, moment - begun)}

    mark = fingerprint(result)
    told = result.model_copy(
        update={
            "fingerprint": mark,
            "changes": tuple(one.model_copy(update=first(*_of_change(one))) for one in result.changes),
            "unmanaged": tuple(one.model_copy(update=first(_of_thing(one))) for one in result.unmanaged),
        }
    )
    return told, before.model_copy(update={"fingerprint": mark, "since": since})


def _keys(result: DriftResult) -> Iterator[str]:
    for change in result.changes:
        yield from _of_change(change)
    yield from (_of_thing(one) for one in result.unmanaged)


def _of_change(change: DriftedResource) -> list[str]:
    paths = [one.path for one in change.deviations] or [*change.paths] or [""]
    return [_digest(change.urn, change.op, path) for path in paths]


def _of_thing(thing: UnmanagedThing) -> str:
    return _digest(thing.type, thing.id)


def _digest(*words: str) -> str:
    return hashlib.sha256("\n".join(words).encode()).hexdigest()[:_KEY]


def _identities(result: DriftResult) -> Iterator[list[str]]:
    for change in result.changes:
        counted = [one for one in change.deviations if one.drift_class is not DriftClass.NOISE]
        values = [json.dumps([one.path, one.actual], sort_keys=True) for one in counted]
        yield ["change", change.urn, change.op, *sorted(values or change.paths)]
    yield from (["unmanaged", one.type, one.id] for one in result.unmanaged)
    yield from (["host", one.host] for one in result.unreachable)
    yield from (["cluster"] for _ in filter(None, [result.cluster]))
    yield from (["store"] for _ in filter(None, [result.vector_store]))
    yield from (["silent", one.provider] for one in result.silent)
    # The same failure at another time, of another process: the same.
    yield from (["error", _FLEETING.sub("#", one)] for one in result.errors)
