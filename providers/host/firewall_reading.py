"""What a host says of its firewall, as the inputs that it would have been made from.

How nft writes a rule down depends on its version, so both sides come from the same nft: the live table, and the wanted
one as that nft lists it after loading it elsewhere.
"""

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from providers.host.firewall_inputs import FirewallInputs
from providers.host.instants import seconds, spelt
from providers.host.ipv4 import address
from providers.host.recorded import plain, sound
from providers.host.ruleset import WAYS, BreakGlass, Row, comments

TOLERANCE_SECONDS: Final = 5
"""How far the end of a break-glass entry may be from the declared one: nft tells whole seconds, hosts take a moment."""
_UNNAMED: Final = {"handle", "index", "elem", "policy"}
_ONLY: Final = " only"
_Thing = Mapping[str, Any]


def declared(known: FirewallInputs) -> FirewallInputs:
    """Return recorded inputs as they may have been declared, without what only a reading could have found."""
    rows = ({**plain(row), "sources": _sources(plain(row).get("sources", ()))} for row in known.rows)
    return known.model_copy(
        update={
            "rows": sound(Row, rows),
            "nodes": tuple(one for one in known.nodes if _is_address(one)),
            "break_glass": sound(BreakGlass, known.break_glass),
        }
    )


def _sources(recorded: Iterable[Any]) -> list[str]:
    """Return the sources that were declared where some of their ways were found closed."""
    found = dict.fromkeys(str(one) for one in recorded)
    halves = {f"{way}{_ONLY}": source for source, ways in WAYS.items() for way in ways}
    return list(dict.fromkeys(halves.get(one, one) for one in found))


def _is_address(text: str) -> bool:
    try:
        return address(text) == text
    except ValueError:
        return False


def mirror(known: FirewallInputs, answer: Mapping[str, Any]) -> FirewallInputs:
    """Return the inputs that a host's firewall would have been made from.

    Args:
        known: what was declared: reasons and owners, which no table holds, come from it.
        answer: what the host says.
    """
    if "unreadable" in answer:
        # The table may well be in force: the kernel has it, and nobody there can say it.
        unpersisted = tuple(answer["unpersisted"])
        return known.model_copy(update={"reachable": True, "policy": answer["unreadable"], "unpersisted": unpersisted})
    live: Sequence[_Thing] = answer["live"] or ()
    expected: Sequence[_Thing] = answer["expected"]
    missing, strange = _compared(expected, live)
    absent_comments = {_comment(thing) for thing in missing}
    of_rows = {comment for row in known.rows for comment, _ in comments(row)}
    return known.model_copy(
        update={
            "reachable": True,
            "rows": tuple(row for one in known.rows if (row := _row(one, absent_comments)) is not None),
            "nodes": _nodes(live, known.nodes),
            "break_glass": _break_glass(known.break_glass, _elements(live, "break_glass"), answer["now"]),
            "policy": _policy(answer["live"]),
            "unexpected": tuple(sorted(_text(thing, answer["lines"]) for thing in strange)),
            "absent": tuple(sorted(_text(thing, {}) for thing in missing if _comment(thing) not in of_rows)),
            "foreign_tables": tuple(one for one in answer["foreign"] if one not in known.expected_tables),
            "unpersisted": tuple(answer["unpersisted"]),
        }
    )


def _compared(expected: Sequence[_Thing], live: Sequence[_Thing]) -> tuple[list[_Thing], list[_Thing]]:
    """Return what of the expected is not there, and what is there besides."""
    return _without(expected, live), _without(live, expected)


def _without(things: Iterable[_Thing], others: Iterable[_Thing]) -> list[_Thing]:
    left = Counter(_identity(other) for other in others)
    found = []
    for thing in things:
        identity = _identity(thing)
        if left[identity]:
            left[identity] -= 1
        else:
            found.append(thing)
    return found


def _identity(thing: _Thing) -> str:
    """Return all that makes a thing what it is; handles, elements of sets and the policy are looked at elsewhere."""
    kind, content = next(iter(thing.items()))
    return json.dumps([kind, {key: _settled(value) for key, value in content.items() if key not in _UNNAMED}])


def _settled(value: Any) -> Any:
    """Return a value whose sets have one order."""
    if isinstance(value, Mapping):
        inner = {key: _settled(one) for key, one in value.items()}
        if isinstance(inner.get("set"), list):
            inner["set"] = sorted(inner["set"], key=json.dumps)
        return dict(sorted(inner.items()))
    return [_settled(one) for one in value] if isinstance(value, list) else value


def _comment(thing: _Thing) -> str:
    return str(thing.get("rule", {}).get("comment", ""))


def _text(thing: _Thing, lines: Mapping[str, str]) -> str:
    kind, content = next(iter(thing.items()))
    if kind != "rule":
        return f"{kind} {content.get('name', content.get('handle'))}"
    comment = _comment(thing)
    return lines.get(str(content["handle"]), comment) if lines else comment


def _row(row: Row, absent: Iterable[str]) -> Row | None:
    """Return a row with the ways that are open: `access` alone means both, the interface and break-glass."""
    gone = {way for comment, way in comments(row) if comment in absent}
    sources: list[str] = []
    for source in row.sources:
        ways = WAYS[source]
        left = [way for way in ways if way not in gone]
        sources += [source] if len(left) == len(ways) else [f"{way}{_ONLY}" for way in left]
    if not sources:
        return None
    return row.model_copy(update={"sources": tuple(sources)})


def _policy(live: Sequence[_Thing] | None) -> str:
    if live is None:
        return "there is no table inet sophia"
    chains = (thing["chain"] for thing in live if "chain" in thing)
    policy = next((chain.get("policy") for chain in chains if chain["name"] == "input"), None)
    return str(policy or "there is no chain input")


def _elements(live: Sequence[_Thing], name: str) -> list[Any]:
    return [one for thing in live if thing.get("set", {}).get("name") == name for one in thing["set"].get("elem", ())]


def _nodes(live: Sequence[_Thing], known: Sequence[str]) -> tuple[str, ...]:
    present = [_network(element) for element in _elements(live, "nodes")]
    return tuple(sorted(present, key=lambda one: (known.index(one) if one in known else len(known), one)))


def _network(value: Any) -> str:
    if isinstance(value, Mapping) and "prefix" in value:
        return f"{value['prefix']['addr']}/{value['prefix']['len']}"
    if isinstance(value, Mapping) and "range" in value:
        return "-".join(value["range"])
    return str(value)


def _break_glass(known: Iterable[BreakGlass], elements: Iterable[Any], now: float) -> tuple[BreakGlass, ...]:
    """Return the entries that are there or rightly gone, with the end that each really has."""
    ends: dict[str, float | None] = {}
    for element in elements:
        inner = element["elem"] if isinstance(element, Mapping) and "elem" in element else {"val": element}
        cidr = _network(inner["val"])
        ends[cidr if "/" in cidr or "-" in cidr else f"{cidr}/32"] = (
            now + inner["expires"] if "expires" in inner else None
        )
    found = []
    for entry in known:
        if entry.cidr in ends:
            found.append(_ending(entry, ends.pop(entry.cidr)))
        elif seconds(entry.expires) <= now + TOLERANCE_SECONDS:
            found.append(entry)
    strange = (BreakGlass.model_construct(cidr=cidr, reason="", owner="", expires="") for cidr in ends)
    return (*found, *(_ending(entry, ends[entry.cidr]) for entry in strange))


def _ending(entry: BreakGlass, end: float | None) -> BreakGlass:
    if end is not None and entry.expires and abs(end - seconds(entry.expires)) <= TOLERANCE_SECONDS:
        return entry
    return entry.model_copy(update={"expires": "never" if end is None else spelt(end)})
