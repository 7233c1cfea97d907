"""What drift tells outside of a terminal: Markdown, a page of HTML, a line for a chat."""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

import jinja2

from catalog.drift_classes import WORST_FIRST
from ops.drift_rows import UnmanagedThing
from ops.drift_view import age, price
from ops.results import DriftedResource, DriftResult

_FOLDER: Final = Path(__file__).parent / "templates"
_SHOWN: Final = 120
"""Characters of a value that a table shows; the JSON answer has all of it."""
_EVERYTHING: Final = 1_000_000
_FEWEST: Final = 1


@dataclass(frozen=True, slots=True)
class Row:
    """One property that differs."""

    resource: str
    path: str
    expected: str
    actual: str
    since: str


@dataclass(frozen=True, slots=True)
class Blind:
    """Something that could not be looked at."""

    what: str
    trouble: str
    unchecked: int
    remedy: str


def markdown(result: DriftResult, *, longest: int = 0) -> str:
    """Return what was found in Markdown; of tables only as many rows as fit.

    Args:
        result: what was found.
        longest: bytes that it may have; 0 for any.
    """
    rows = _EVERYTHING
    text = _rendered("drift.md.j2", result, rows)
    most = max((len(group) for _, group in _classes(result)), default=0)
    rows = max(most, len(result.unmanaged), len(_blind(result)), _FEWEST)
    while longest and len(text.encode()) > longest and rows > _FEWEST:
        rows = max(_FEWEST, rows // 2)
        text = _rendered("drift.md.j2", result, rows)
    return _cut(text, longest) if longest else text


def html(result: DriftResult) -> str:
    """Return what was found as a page that needs nothing else."""
    return _rendered("drift.html.j2", result, _EVERYTHING)


def headline(result: DriftResult) -> str:
    """Return what was found in one line.

    >>> headline(DriftResult(stack="prod"))
    'prod is as declared'
    """
    if result.asleep:
        return f"{result.stack} is asleep"
    if result.status == "error":
        return f"{result.stack} could not be checked for drift"
    parts = []
    if result.changes:
        parts.append(_counted(len(result.changes), "resource differs", "resources differ"))
    if result.unmanaged:
        parts.append(_counted(len(result.unmanaged), "thing is not declared", "things are not declared"))
    if blind := _blind(result):
        parts.append(f"{', '.join(one.what for one in blind)} could not be looked at")
    if not parts:
        return f"{result.stack} is as declared"
    worst = f" (worst: {result.worst.value})" if result.changes or result.unmanaged else ""
    return f"{result.stack}: {', '.join(parts)}{worst}"


def code(value: object, longest: int = _SHOWN) -> str:
    r"""Return a value as Markdown that shows it and does nothing else: no markup, no mention, no end of a table's cell.

    >>> print(code("a|b `@you` <!-- x"))
    ``a\|b `@you` <!-- x``

    Args:
        value: the value.
        longest: characters that are shown of it.
    """
    text = "".join(one if one.isprintable() else "\N{REPLACEMENT CHARACTER}" for one in " ".join(str(value).split()))
    text = text if len(text) <= longest else f"{text[: longest - 1]}…"
    if not text:
        return ""
    fence = "`" * (max((len(run) for run in re.findall("`+", text)), default=0) + 1)
    pad = " " if text.startswith("`") or text.endswith("`") else ""
    # A cell of a table ends at a bar even within code (GitHub Flavored Markdown, 4.10).
    return f"{fence}{pad}{text}{pad}{fence}".replace("|", "\\|")


def words(value: Any) -> str:
    """Return a value of a deviation as text."""
    if value is None:
        return "absent"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


@cache
def _environment() -> jinja2.Environment:
    made = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_FOLDER),
        autoescape=jinja2.select_autoescape(enabled_extensions=("html.j2",), default=False),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    made.filters |= {"code": code, "kind": _kind, "price": price, "since": _since}
    made.globals |= {"headline": headline, "more": _more}
    return made


def _rendered(template: str, result: DriftResult, rows: int) -> str:
    text = (
        _environment()
        .get_template(template)
        .render(
            result=result,
            blind=_blind(result),
            classes=_classes(result),
            unlisted=sorted({_kind(one.type) for one in result.coverage if one.unlisted}),
            rows=rows,
        )
    )
    return re.sub(r"\n{3,}", "\n\n", text).strip() + "\n"


def _classes(result: DriftResult) -> Sequence[tuple[str, Sequence[Row]]]:
    rows = {name: [row for one in result.changes for row in _rows(one, name)] for name in WORST_FIRST}
    return [(name.value, found) for name, found in rows.items() if found]


def _rows(change: DriftedResource, name: str) -> Iterator[Row]:
    for one in change.deviations:
        if one.drift_class == name:
            expected, actual = words(one.expected), words(one.actual)
            yield Row(change.name, one.path or "the whole", expected, actual, _since(change))
    if not change.deviations and change.drift_class == name:
        yield Row(change.name, ", ".join(change.paths) or "the whole", "", "", _since(change))


def _blind(result: DriftResult) -> Sequence[Blind]:
    parts = (("the cluster", result.cluster), ("the vector store", result.vector_store))
    found = [Blind(one.provider, one.trouble, len(one.unchecked), one.remedy) for one in result.silent]
    found += [Blind(f"host {one.host}", one.trouble, len(one.unchecked), one.remedy) for one in result.unreachable]
    found += [Blind(what, one.trouble, len(one.unchecked), one.remedy) for what, one in parts if one]
    return found


def _since(one: DriftedResource | UnmanagedThing) -> str:
    return f"{one.first_seen:%Y-%m-%d %H:%M} ({age(one.age_seconds)})" if one.first_seen else ""


def _kind(kind: str) -> str:
    return kind.rpartition(":")[2]


def _more(items: Sequence[object], rows: int) -> str:
    left = len(items) - rows
    return f"\n…and {left} more: the report of the run has all of them." if left > 0 else ""


def _counted(number: int, one: str, several: str) -> str:
    return f"{number} {one if number == 1 else several}"


def _cut(text: str, longest: int) -> str:
    whole = text.encode()
    return text if len(whole) <= longest else whole[:longest].decode(errors="ignore")
