"""What people see of what drift found beside resources that differ."""

from collections.abc import Iterator

from rich.console import Console
from rich.text import Text

from ops.drift_rows import UnmanagedThing
from ops.results import DriftedResource, DriftResult

_DAY, _HOUR, _MINUTE = 86400, 3600, 60


def age(seconds: int) -> str:
    """Return how long something is, as people say it.

    >>> age(59), age(7200), age(200000)
    ('now', '2 h', '2 d')
    """
    for unit, name in ((_DAY, "d"), (_HOUR, "h"), (_MINUTE, "min")):
        if seconds >= unit:
            return f"{seconds // unit} {name}"
    return "now"


def price(thing: UnmanagedThing) -> str:
    """Return what something that nobody declared costs, in words that follow its class; nothing where nobody says."""
    return f", ${thing.monthly_usd} a month" if thing.monthly_usd else ""


def judgement(change: DriftedResource) -> str:
    """Return how bad a drift is, and since when."""
    known = f", for {age(change.age_seconds)}" if change.age_seconds else ""
    return f"  {change.drift_class.value}{known}"


def show_beside(result: DriftResult, console: Console) -> None:
    """Print what could not be asked, what nobody declared, and how much is declared."""
    for one in result.silent:
        unchecked = f"{len(one.unchecked)} resources could not be checked"
        console.print(Text(f"{one.provider}: {one.trouble}; {unchecked}", "red"), soft_wrap=True)
        console.print(Text(f"  What to do: {one.remedy}"), soft_wrap=True)
    if result.unmanaged:
        console.print(Text("not declared", "bold"))
    for thing in result.unmanaged:
        known = f", for {age(thing.age_seconds)}" if thing.age_seconds else ""
        kind = thing.type.rpartition(":")[2]
        line = f"  ? {thing.provider:12} {kind:24} {thing.name}  {thing.drift_class.value}{price(thing)}{known}"
        console.print(Text(line, "yellow"), soft_wrap=True)


def show_coverage(result: DriftResult, console: Console) -> None:
    """Print how much of what is there is declared, and what differs in noise alone."""
    if result.coverage_percent is not None:
        console.print(Text("; ".join([f"Declared: {result.coverage_percent} % of what is there", *_short(result)])))
    if result.noise:
        names = ", ".join(sorted({one.name for one in result.noise}))
        console.print(Text(f"noise, and no drift: {names}", "dim"), soft_wrap=True)


def _short(result: DriftResult) -> Iterator[str]:
    lacking = [row for row in result.coverage if row.unmanaged]
    yield from (f"{row.type.rpartition(':')[2]} {row.percent} %" for row in lacking)
    unlisted = sorted({row.provider for row in result.coverage if row.unlisted})
    if unlisted:
        yield f"not listed: {', '.join(unlisted)}"
