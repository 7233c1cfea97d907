"""Holding what is about to be done to what somebody has reviewed."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from pydantic import ValidationError

from ops.commit import DIRTY
from ops.error import InputError
from ops.results import PlannedChange, PreviewResult

_NAMED: Final = 10
"""Differences that are named; the others are counted."""


def read(file: Path, option: str) -> PreviewResult:
    """Return a preview that was written before.

    Args:
        file: the answer of `preview --json`.
        option: the option that names it.

    Raises:
        InputError: it is none.
    """
    try:
        return PreviewResult.model_validate_json(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, ValidationError) as error:
        why = type(error).__name__
        msg = f"{option} {file}: it is no answer of `./sophia preview STACK --json` ({why}); write it anew"
        raise InputError(msg) from None


def require_reviewed(reviewed: PreviewResult, now: PreviewResult, *, edited: bool) -> None:
    """Refuse to do what nobody has reviewed.

    Args:
        reviewed: what was reviewed.
        now: what would be done.
        edited: whether files of this checkout may be edited, as on somebody's own machine.

    Raises:
        InputError: with every reason; nothing was changed.
    """
    if reasons := [*_reasons(reviewed, now, edited=edited)]:
        msg = f"nothing was changed, for this is not what was reviewed: {'; '.join(reasons)}"
        raise InputError(msg)


def _reasons(reviewed: PreviewResult, now: PreviewResult, *, edited: bool) -> Iterator[str]:
    if reviewed.stack != now.stack:
        yield f"that is of {reviewed.stack}, and this is {now.stack}"
        return
    if reviewed.errors:
        yield f"its preview failed ({reviewed.errors[0]}); preview again"
    if reviewed.commit != now.commit:
        yield (
            f"it was previewed at {reviewed.commit or 'no commit'} and this is {now.commit or 'none'}; check that "
            "commit out, or preview again"
        )
    if now.commit.endswith(DIRTY) and not edited:
        yield "files of this checkout are edited, so that nobody knows what would be made; commit or restore them"
    if reviewed.version != now.version:
        yield f"the state has moved: it was of update {reviewed.version} and is of {now.version}; preview again"
    told = [*_differences(reviewed, now)]
    yield from told[:_NAMED]
    if len(told) > _NAMED:
        yield f"and {len(told) - _NAMED} more"


def _differences(reviewed: PreviewResult, now: PreviewResult) -> Iterator[str]:
    before, after = ({one.urn: one for one in found.changes} for found in (reviewed, now))
    for urn, one in after.items():
        was = before.get(urn)
        if was is None:
            yield f"not reviewed: {_words(one)}"
        elif (was.op, was.edits) != (one.op, one.edits):
            yield f"reviewed as {_words(was)}, and would be {_words(one)}"
    yield from (f"reviewed, and would not be done: {_words(one)}" for urn, one in before.items() if urn not in after)


def _words(one: PlannedChange) -> str:
    return f"{one.op} {one.kind} {one.name}" + (f" ({', '.join(one.paths)})" if one.paths else "")
