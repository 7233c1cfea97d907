"""Which of an answer's values are secret."""

from collections.abc import Iterable, Mapping
from typing import Any

from providers.kit.paths import Path, matches
from providers.kit.values import Values


def marked(patterns: Iterable[Path], plain: Mapping[str, Any], *records: Values) -> Values:
    """Return properties with their secrets marked: the declared ones, and what was marked before.

    Args:
        patterns: paths that are declared secret.
        plain: the properties.
        records: earlier ones of the same names; a mark inside a value that has changed since covers all of it.
    """
    secrets = {path for pattern in patterns for path in matches(pattern, plain)}
    for record in records:
        for path in record.secrets:
            name = str(path[0])
            if name in plain:
                secrets.add(path if record.plain.get(name) == plain[name] else (name,))
    return Values(dict(plain), frozenset(secrets))
