"""Property paths, as the engine writes them: ``rules[0].portRange``, ``tags["a.b"]``."""

import re
from collections.abc import Iterable, Iterator
from typing import Any

Path = tuple[str | int, ...]
"""Keys and indices from the outside in; ``*`` stands for any of them in a pattern."""

_PLAIN = re.compile(r"[A-Za-z_$][\w$-]*")
_PART = re.compile(r'\.?(?P<name>[^.\[\]"]+)|\[(?P<index>\d+)\]|\[\*\]|\["(?P<key>(?:[^"\\]|\\.)*)"\]')


def text(path: Iterable[str | int]) -> str:
    """Return a path as the engine writes it.

    >>> text(("rules", 0, "portRange")), text(("tags", "a.b"))
    ('rules[0].portRange', 'tags["a.b"]')
    """
    parts: list[str] = []
    for part in path:
        if isinstance(part, int):
            parts.append(f"[{part}]")
        elif _PLAIN.fullmatch(part):
            parts.append(f".{part}" if parts else part)
        else:
            escaped = part.replace("\\", "\\\\").replace('"', '\\"')
            parts.append(f'["{escaped}"]')
    return "".join(parts)


def parsed(path: str) -> Path:
    """Return the parts of a path; what is no path is one part.

    >>> parsed('rules[*].tags["a.b"]')
    ('rules', '*', 'tags', 'a.b')
    """
    parts: list[str | int] = []
    position = 0
    while position < len(path):
        match = _PART.match(path, position)
        if match is None:
            return (path,)
        if match["name"] is not None:
            parts.append(match["name"])
        elif match["index"] is not None:
            parts.append(int(match["index"]))
        else:
            key = match["key"]
            parts.append("*" if key is None else re.sub(r"\\(.)", r"\1", key))
        position = match.end()
    return tuple(parts)


def covers(pattern: Path, path: Path) -> bool:
    """Return whether a pattern names a path or something it lies in.

    >>> covers(("rules", "*"), ("rules", 3, "protocol")), covers(("rules", 3), ("rules",))
    (True, False)
    """
    return len(pattern) <= len(path) and all(p in {"*", q} for p, q in zip(pattern, path, strict=False))


def touches(pattern: Path, path: Path) -> bool:
    """Return whether one of the two lies in the other.

    >>> touches(("rules", 3), ("rules",))
    True
    """
    return all(p in {"*", q} for p, q in zip(pattern, path, strict=False))


def matches(pattern: Path, value: Any, at: Path = ()) -> Iterator[Path]:
    """Give every path of a value that a pattern names.

    >>> list(matches(("rules", "*", "key"), {"rules": [{"key": 1}, {}]}))
    [('rules', 0, 'key')]
    """
    if len(at) == len(pattern):
        yield at
        return
    part = pattern[len(at)]
    if isinstance(value, dict):
        for key in value if part == "*" else ({part} & value.keys()):
            yield from matches(pattern, value[key], (*at, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            if part in {"*", index}:
                yield from matches(pattern, item, (*at, index))
