"""How people read what the rules say of a stack: as tables, and as Markdown."""

from collections import Counter
from collections.abc import Iterable, Iterator

from rich.console import Console
from rich.markup import escape
from rich.text import Text

from catalog.markdown import table
from ops import view
from ops.policy_rows import FindingRow, RuleRow
from ops.results import PolicyResult

_COLOURS = {"block": "red", "warn": "yellow", "skip": "dim"}
_MOST_SHOWN = 150
"""Findings that Markdown tells one by one: a comment holds 65,536 characters."""


def show(result: PolicyResult, console: Console) -> None:
    """Print every rule with its counts, what was found, the exemptions, and the verdict.

    Args:
        result: the answer.
        console: where it is printed.
    """
    rules = view.table("Rules", "rule", "what holds", "severity", "passes", "fails", "unknown", "later", "exempt")
    for rule in result.rules:
        counts = (len(rule.passes), rule.violations, rule.unknown, rule.deferred, rule.exempt)
        cells = ("not asked", "", "", "", "") if rule.level == "skip" else tuple(str(n) if n else "-" for n in counts)
        rules.add_row(rule.id, escape(rule.title), rule.severity, *cells)
    exemptions = view.table("Exemptions", "rule", "stack", "resource", "owner", "until", "excuses", "reason")
    for one in result.exemptions:
        excused = str(one.used) if one.state == "used" else one.state
        where = (one.rule, one.stack, escape(one.resource), one.owner, str(one.expires))
        exemptions.add_row(*where, excused, escape(one.reason))
    console.print(rules, exemptions)
    for finding in result.told:
        console.print(Text(_line(finding), _COLOURS[finding.level]), soft_wrap=True)
    console.print(verdict(result), highlight=False)


def verdict(result: PolicyResult) -> str:
    """Return the one line that says how it ended.

    Args:
        result: the answer.
    """
    asked = [rule for rule in result.rules if rule.level != "skip"]
    passes = sum(len(rule.passes) for rule in asked)
    levels = Counter(one.level for one in result.told)
    deferred = sum(rule.deferred for rule in asked)
    return (
        f"{result.stack}, {result.source}: {len(asked)} rules, {passes} times a rule holds; {levels['block']} block, "
        f"{levels['warn']} warn, {sum(rule.exempt for rule in asked)} exempt, {deferred} are judged when they are known"
    )


def _line(one: FindingRow) -> str:
    where = f" ({one.position})" if one.position else ""
    return f"{one.level}: {one.rule} {one.name}{where}: {one.message}"


def markdown(result: PolicyResult) -> str:
    """Return the answer as Markdown: for a comment of a pull request, or a page.

    Args:
        result: the answer.
    """
    # What is cut off blocks nothing, if it can be helped.
    told = sorted(result.told, key=lambda one: one.level != "block")
    parts = [f"### Policies of {result.stack}\n", f"{verdict(result)}.\n"]
    if told:
        parts += [
            "#### Findings\n",
            table(("level", "rule", "resource", "what is wrong, and what to do"), _found(told)) + "\n",
        ]
    if len(told) > _MOST_SHOWN:
        parts.append(f"And {len(told) - _MOST_SHOWN} more.\n")
    excused = table(("rule", "resource", "owner", "until", "excuses", "reason"), _exempt(result))
    parts += ["#### Exemptions\n", excused + "\n"]
    heads = ("rule", "what holds", "severity", "standards", "passes", "fails", "unknown", "later", "exempt")
    rules = table(heads, map(_cells, result.rules))
    parts += ["<details><summary>All rules</summary>\n", rules + "\n", "</details>\n"]
    return "\n".join(parts)


def _found(told: Iterable[FindingRow]) -> Iterator[tuple[str, ...]]:
    for one, _ in zip(told, range(_MOST_SHOWN), strict=False):
        yield one.level, f"`{one.rule}`", f"`{one.name}`" if one.name else "-", one.message


def _exempt(result: PolicyResult) -> Iterator[tuple[str, ...]]:
    for one in result.exemptions:
        excused = str(one.used) if one.state == "used" else one.state
        yield f"`{one.rule}`", f"`{one.resource}`", one.owner, str(one.expires), excused, one.reason


def _cells(rule: RuleRow) -> tuple[str, ...]:
    counts = (len(rule.passes), rule.violations, rule.unknown, rule.deferred, rule.exempt)
    said = ["not asked", "", "", "", ""] if rule.level == "skip" else [str(count) for count in counts]
    return f"`{rule.id}`", rule.title, rule.severity, ", ".join(rule.standards), *said
