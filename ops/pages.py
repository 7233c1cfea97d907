"""Pages and comments that are made of templates: whatever comes from outside is shown, and does nothing."""

import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import jinja2

from ops.commit import short

COMMENT: Final = 65_000
"""Bytes that a comment or an issue may have: GitHub takes 65,536 characters."""
EVERYTHING: Final = 1_000_000
"""More rows than any table has."""

_FOLDER: Final = Path(__file__).parent / "templates"
_SHOWN: Final = 120
"""Characters of a value that a table shows; the JSON answer has all of it."""
_FEWEST: Final = 1


def environment(filters: Mapping[str, Callable[..., object]], names: Mapping[str, object]) -> jinja2.Environment:
    """Return what templates are rendered with.

    Args:
        filters: filters of theirs, beside `code` and `short`.
        names: names of theirs, beside `more`, which tells how many rows are left out.
    """
    made = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_FOLDER),
        autoescape=jinja2.select_autoescape(enabled_extensions=("html.j2",), default=False),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    made.filters |= {"code": code, "short": short, **filters}
    made.globals |= {"more": _more, **names}
    return made


def rendered(made: jinja2.Environment, template: str, **values: Any) -> str:
    """Return what a template makes of values, without more than one empty line in a row.

    Args:
        made: what it is rendered with.
        template: its name.
        values: the values.
    """
    return re.sub(r"\n{3,}", "\n\n", made.get_template(template).render(**values)).strip() + "\n"


def fitting(render: Callable[[int], str], most: int, longest: int) -> str:
    """Return a text whose tables have only as many rows as fit.

    Args:
        render: makes it, with so many rows in each table at most.
        most: rows of its longest table.
        longest: bytes that it may have; 0 for any.
    """
    text = render(EVERYTHING)
    rows = max(most, _FEWEST)
    while longest and len(text.encode()) > longest and rows > _FEWEST:
        rows = max(_FEWEST, rows // 2)
        text = render(rows)
    whole = text.encode()
    return text if not longest or len(whole) <= longest else whole[:longest].decode(errors="ignore")


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


def _more(items: Sequence[object], rows: int) -> str:
    left = len(items) - rows
    return f"\n…and {left} more: the report of the run has all of them." if left > 0 else ""
