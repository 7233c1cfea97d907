"""The state of a stack as one page of HTML: no script, nothing from elsewhere, the pages that say what to do in it."""

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from functools import cache, partial
from typing import Final

import jinja2
from markdown_it import MarkdownIt
from markupsafe import Markup
from pygal.style import Style

from ops import pages
from ops.capacity import in_words
from ops.capacity_rows import RoomRow
from ops.cost_chart import over_the_week
from ops.drift_report import headline, words
from ops.drift_view import age
from ops.report import RUNBOOKS
from ops.results import CostResult, ReportResult
from ops.row import Row

_SOON: Final = 14
"""Days before a date on which it is shown as near."""
_MINUTE: Final = 60
_LINK: Final = re.compile(r"(?P<page>[a-z0-9-]+)\.md(#.*)?")
_STYLE: Final = Style(
    background="transparent",
    plot_background="transparent",
    font_family="inherit",
    label_font_size=12,
    foreground="var(--text)",
    foreground_strong="var(--text)",
    foreground_subtle="var(--line)",
    colors=tuple(f"var(--chart-{number})" for number in range(1, 6)),
)
"""The page's own colours, which follow the reader's light or dark."""


class Tile(Row):
    """One sentence at the top of the page, and the part that explains it."""

    part: str
    title: str
    says: str
    state: str
    """``good``, ``look`` or ``bad``; ``none`` where nobody knows."""


def page(result: ReportResult) -> str:
    """Return the page.

    Args:
        result: the state of a stack.
    """
    return pages.rendered(
        _environment(),
        "report.html.j2",
        result=result,
        tiles=_tiles(result),
        week=_week(result.cost),
        manuals={row.file: manual(row.file, {one.file for one in result.runbooks}) for row in result.runbooks},
    )


@cache
def _environment() -> jinja2.Environment:
    filters: Mapping[str, Callable[..., object]] = {
        "ago": _ago,
        "at": lambda when: f"{when:%Y-%m-%d %H:%M} UTC",
        "amount": in_words,
        "lasted": _lasted,
        "used": _used,
        "words": words,
    }
    return pages.environment(filters, {"soon": _soon})


def _week(found: CostResult | None) -> Markup:
    """Return the chart of a week in which not every hour is alike."""
    if found is None or found.expected_monthly_usd == found.monthly_usd:
        return Markup()
    return Markup(over_the_week(found, _STYLE))  # noqa: S704 - names of machines, and numbers


def _tiles(result: ReportResult) -> Sequence[Tile]:
    return [
        _runs(result),
        _costs(result),
        _fits(result),
        _holds(result),
        _differs(result),
        _kept(result),
        _last(result),
    ]


def _runs(result: ReportResult) -> Tile:
    machines = [machine for region in result.regions for machine in region.machines]
    tile = partial(Tile, part="topology", title="Machines")
    if not result.live:
        return tile(says=f"{len(machines)} declared", state="none")
    down = [one.name for one in machines if not one.ready]
    unready = sum(place.pods - (place.ready or 0) for one in machines for place in one.runs)
    if down:
        return tile(says=f"not ready: {', '.join(down)}", state="bad")
    if unready:
        return tile(says=f"{len(machines)} ready; pods that are not: {unready}", state="look")
    return tile(says=f"{len(machines)} ready, and all pods", state="good")


def _costs(result: ReportResult) -> Tile:
    tile = partial(Tile, part="cost", title="Cost")
    if result.cost is None:
        return tile(says="not known", state="none")
    state = {"within": "good", "warned": "look", "blocked": "bad"}[result.cost.budget.standing]
    return tile(
        says=f"${result.cost.monthly_usd} a month, {result.cost.budget.used_percent} % of its budget", state=state
    )


def _fits(result: ReportResult) -> Tile:
    tile = partial(Tile, part="capacity", title="Capacity")
    if result.capacity is None:
        return tile(says="not known", state="none")
    if not result.capacity.fits:
        return tile(says=f"{result.capacity.unplaced or 'a quota'} does not fit", state="bad")
    lost = [one.node for one in result.capacity.losses if not one.survives]
    said = "all pods fit" if result.capacity.grows else "all pods fit, and cannot all grow"
    return tile(
        says=f"{said}; machines that cannot be lost unharmed: {len(lost)}",
        state="good" if result.capacity.grows and not lost else "look",
    )


def _holds(result: ReportResult) -> Tile:
    tile = partial(Tile, part="policies", title="Policies")
    if result.policy is None:
        return tile(says="not known", state="none")
    levels = Counter(one.level for one in result.policy.told)
    exempt = sum(rule.exempt for rule in result.policy.rules)
    state = "bad" if levels["block"] else "look" if levels["warn"] else "good"
    return tile(says=f"{levels['block']} refuse, {levels['warn']} warn, {exempt} exempt", state=state)


def _differs(result: ReportResult) -> Tile:
    tile = partial(Tile, part="drift", title="Drift")
    if result.drift is None:
        return tile(says="nobody has looked", state="none")
    state = {"in_sync": "good", "asleep": "none", "drifted": "bad"}.get(result.drift.status, "look")
    return tile(says=headline(result.drift), state=state)


def _kept(result: ReportResult) -> Tile:
    tile = partial(Tile, part="secrets", title="Secrets")
    if not result.secrets:
        return tile(says="not known", state="none")
    wrong = sum(bool(one.findings) for one in result.secrets)
    soon = sum(_soon(one.due, result.made) for one in result.secrets)
    return tile(
        says=f"{len(result.secrets)} kept; to look at: {wrong}; due within {_SOON} days: {soon}",
        state="look" if wrong or soon else "good",
    )


def _last(result: ReportResult) -> Tile:
    tile = partial(Tile, part="deployments", title="Deployment")
    if not result.deployments:
        return tile(says="none", state="none")
    last = result.deployments[0]
    state = {"succeeded": "good", "failed": "bad"}.get(last.result, "look")
    return tile(says=f"{last.kind} {last.result} {_ago(last.started, result.made)}", state=state)


def _ago(when: datetime, now: datetime) -> str:
    said = age(max(0, round((now - when).total_seconds())))
    return said if said == "now" else f"{said} ago"


def _lasted(seconds: int | None) -> str:
    return "" if seconds is None else f"{seconds // 60} min {seconds % 60} s" if seconds >= _MINUTE else f"{seconds} s"


def _soon(due: date | None, now: datetime) -> bool:
    return due is not None and (due - now.date()).days <= _SOON


def _used(row: RoomRow, what: str) -> int:
    """Return how much of a node's amount pods take at their floors, in percent."""
    whole, left = (getattr(amounts, what) or 0 for amounts in (row.allocatable, row.left))
    return round(100 * (whole - left) / whole) if whole else 0


def manual(name: str, known: set[str]) -> Markup:
    """Return a runbook as HTML that may stand in a page: its headings below the page's own, its links within it.

    Args:
        name: its file, without the ending.
        known: the runbooks that are in the page; what a link elsewhere leads to is shown as text.
    """
    text = (RUNBOOKS / f"{name}.md").read_text(encoding="utf-8").partition("\n")[2]
    reader = MarkdownIt("commonmark", {"html": False}).enable("table")
    tokens = reader.parse(text)
    for token in tokens:
        if token.type.startswith("heading"):
            token.tag = f"h{min(6, int(token.tag[1]) + 1)}"
        links = [child for child in token.children or () if child.type.startswith("link_")]
        inside = True
        for child in links:
            if child.type == "link_open":
                found = _LINK.fullmatch(str(child.attrs.get("href", "")))
                inside = bool(found and found["page"] in known)
                if found and inside:
                    child.attrs["href"] = f"#runbook-{found['page']}"
            if not inside:
                child.tag, child.attrs = "span", {}
    return Markup(reader.renderer.render(tokens, reader.options, {}))  # noqa: S704 - without HTML of the text's own
