"""Whether what a report says may be repaired now: it is still so, at the same commit, and somebody answers for it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from pydantic import ValidationError

from ops.commit import DIRTY
from ops.error import InputError
from ops.results import DriftResult

_LONGEST: Final = 50_000_000
_NAMED: Final = 5


def read(text: str, stack: str, *, where: str) -> DriftResult:
    """Return a report.

    Args:
        text: the JSON that ``drift`` answered.
        stack: the stack that it has to be about.
        where: how messages name it.

    Raises:
        InputError: it is none, or about another stack.
    """
    try:
        report = DriftResult.model_validate_json(text[:_LONGEST])
    except ValidationError as error:
        first = error.errors(include_input=False)[0]
        place = ".".join(map(str, first["loc"])) or "the whole"
        msg = f"{where}: no answer of `./sophia drift {stack} --json`: {place}: {first['msg']}"
        raise InputError(msg) from None
    if report.stack != stack:
        msg = f"{where}: it is about {report.stack}; name that stack, or give the report of {stack}"
        raise InputError(msg)
    return report


def read_file(path: Path, stack: str) -> DriftResult:
    """Return the report of a file.

    Raises:
        InputError: there is none.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        msg = f"{path}: it cannot be read ({type(error).__name__}); write it with `./sophia drift {stack} --json`"
        raise InputError(msg) from None
    return read(text, stack, where=str(path))


def require_ready(report: DriftResult, commit: str, *, approved: bool, edited: bool) -> None:
    """Refuse what cannot be repaired, before anything is looked at again.

    Args:
        report: what differed.
        commit: that of this checkout.
        approved: whether somebody answers for what endangers security and what is gone.
        edited: whether files of this checkout may be edited, as on somebody's own machine.

    Raises:
        InputError: with every reason.
    """
    _refuse([*_refusals(report, commit, approved=approved, edited=edited)])


def require_same(report: DriftResult, now: DriftResult) -> None:
    """Refuse where something else differs by now.

    Raises:
        InputError: it does, or it cannot be told.
    """
    if now.status != "drifted":
        _refuse([f"{now.stack} is {now.status.replace('_', ' ')} now, and was drifted; there is a new report"])
    if now.fingerprint != report.fingerprint:
        _refuse([f"what differs is something else by now ({now.fingerprint}, was {report.fingerprint}); read it first"])


def _refusals(report: DriftResult, commit: str, *, approved: bool, edited: bool) -> Iterator[str]:
    if report.status != "drifted":
        yield f"the report says {report.status.replace('_', ' ')}, and only what has drifted is repaired"
    if not report.fingerprint:
        yield "the report has no fingerprint; write it with `./sophia drift --json`"
    if report.commit != commit:
        yield (
            f"the report was made at {report.commit or 'no commit'} and this is {commit or 'none'}; check that commit "
            "out, or run drift again"
        )
    if commit.endswith(DIRTY) and not edited:
        yield "files of this checkout are edited, so that nobody knows what would be made; commit or restore them"
    if report.risky and not approved:
        names = ", ".join(report.risky[:_NAMED]) + (", ..." if len(report.risky) > _NAMED else "")
        yield f"it would touch what endangers security or is gone ({names}); look at it, and add --approved"


def _refuse(reasons: list[str]) -> None:
    if reasons:
        msg = f"nothing was repaired: {'; '.join(reasons)}"
        raise InputError(msg)
