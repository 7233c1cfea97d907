"""A page with what a stack costs: by machine, and over the week."""

from html import escape
from typing import Any

import pygal
from pygal.style import Style

from ops.results import CostResult

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_STYLE = Style(background="white", plot_background="white", font_family="sans-serif", label_font_size=12)

_PAGE = """\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>{title}</title>
<style>body {{ font: 16px sans-serif; margin: 2em auto; max-width: 60em }} td, th {{ padding: 0 1em 0 0;
text-align: left }} svg {{ max-width: 100% }}</style>
</head>
<body>
<h1>{title}</h1>
<p>{summary}</p>
<table><tr><th>item</th><th>what</th><th>a month</th><th>expected</th></tr>
{rows}
</table>
<figure>{by_item}</figure>
<figure>{over_the_week}</figure>
</body>
</html>
"""


def page(result: CostResult) -> str:
    """Return the page as HTML that needs nothing else.

    Args:
        result: what a stack costs.
    """
    told = (
        f"{result.hourly_usd} USD an hour, {result.monthly_usd} a month, expected {result.expected_monthly_usd}; "
        f"prices of {result.book.as_of}: {result.book.source}"
    )
    return _PAGE.format(
        title=escape(f"Cost of {result.stack}"),
        summary=escape(told),
        rows="\n".join(_row(one.name, one.what, one.monthly_usd, one.expected_usd) for one in result.items),
        by_item=by_item(result),
        over_the_week=over_the_week(result),
    )


def by_item(result: CostResult) -> str:
    """Return the chart of a month by machine and whatever else is billed, as SVG; what has no price has no bar."""
    chart = _chart(pygal.HorizontalBar, f"{result.stack}: dollars a month")
    # It draws them from below.
    items = result.items[::-1]
    chart.x_labels = [item.name for item in items]
    chart.add("around the clock", [_number(item.monthly_usd) for item in items])
    if result.expected_monthly_usd != result.monthly_usd:
        chart.add("expected", [_number(item.expected_usd) for item in items])
    return _svg(chart)


def over_the_week(result: CostResult, style: Style = _STYLE) -> str:
    """Return the chart of every hour of a week, machine upon machine, as SVG."""
    chart = _chart(pygal.StackedBar, f"{result.stack}: dollars an hour over the week", style)
    chart.x_labels = [f"{_DAYS[hour // 24]} {hour % 24:02}:00" for hour in range(7 * 24)]
    chart.x_labels_major = [f"{day} 00:00" for day in _DAYS]
    chart.show_minor_x_labels = False
    for name, hours in result.week_usd.items():
        chart.add(name, [float(hour) for hour in hours])
    return _svg(chart)


def _chart(kind: Any, title: str, style: Style = _STYLE) -> Any:
    # Without its script, which comes from elsewhere, a page is whole by itself.
    return kind(
        title=title, js=[], style=style, width=900, height=420, legend_at_bottom=True, spacing=4, truncate_label=-1
    )


def _svg(chart: Any) -> str:
    chart.add_xml_filter(_without_script)
    return str(chart.render(is_unicode=True, disable_xml_declaration=True))


def _without_script(root: Any) -> Any:
    """Take out what pygal writes for its script, which would act on a pointer: a page's own policy forbids it."""
    for parent in root.iter():
        for child in [one for one in parent if str(one.tag).endswith("script")]:
            parent.remove(child)
    return root


def _number(usd: str | None) -> float | None:
    return None if usd is None else float(usd)


def _row(*cells: str | None) -> str:
    return "<tr>" + "".join(f"<td>{escape(cell or 'unknown')}</td>" for cell in cells) + "</tr>"
