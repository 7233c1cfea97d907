"""Deviations from what is declared that somebody has decided to bear for a while, each with a reason and an end."""

import re
from collections.abc import Collection, Iterator
from datetime import date, timedelta
from typing import Annotated, Final

from pydantic import AfterValidator, Field, JsonValue, StringConstraints

from catalog import references
from catalog.machine_rules import Where
from catalog.model import Model
from catalog.offence import Offence

ALL: Final = "all"
"""In place of a stack's name: every stack."""

LONGEST_DAYS: Final = 180
"""How far away the end of an entry may be: what lasts longer is declared, not ignored."""

Words = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
"""A text that is not blank."""

_NAME = r'[^.\[\]"*]+'
_PATH = re.compile(rf'{_NAME}(\.{_NAME}|\.\*|\[\d+\]|\[\*\]|\["([^"\\]|\\.)*"\])*')


def _path(text: str) -> str:
    if not _PATH.fullmatch(text):
        message = "it is a property's path as drift prints it, such as foreignTables or rules[*].port, a name first"
        raise ValueError(message)
    return text


PropertyPath = Annotated[str, AfterValidator(_path), Field(examples=["foreignTables", "rules[*].port"])]
"""A property, and with it all that lies in it: ``a.b[0]["c.d"]``, where ``[*]`` and ``.*`` stand for any of them."""


class DriftIgnore(Model):
    """A deviation that is no drift until a day, because somebody says why and answers for it."""

    stack: str
    """The stack where it is borne; ``all`` for every stack."""
    resource: Words
    """The logical name of the resource; ``*``, ``?`` and ``[...]`` match as in file names."""
    path: PropertyPath
    """The property, as ``drift`` prints it, and all that lies in it; ``[*]`` stands for any index or key. A resource
    that is gone as a whole is never ignored."""
    value: JsonValue = None
    """What is really there: only this is borne, as the whole value or as an item of a list; absent: whatever it is."""
    reason: Words
    """Why it is borne and not repaired."""
    owner: Words
    """Who answers for it."""
    expires: date
    """The first day on which it is a drift again, in UTC."""

    def covers(self, stack: str) -> bool:
        """Return whether it is about a stack."""
        return self.stack in {ALL, stack}

    def expired(self, today: date) -> bool:
        """Return whether it hides nothing any more.

        Args:
            today: the day, in UTC.
        """
        return self.expires <= today


class DriftIgnores(Model):
    """Deviations that are no drift for a while."""

    ignores: tuple[DriftIgnore, ...] = ()
    """The entries."""


def offences(ignores: DriftIgnores, where: Where, *, stacks: Collection[str], today: date) -> Iterator[Offence]:
    """Yield the rules that entries break.

    Args:
        ignores: the entries.
        where: gives the path of a field.
        stacks: names of the stacks.
        today: the day from which ends are counted, in UTC.
    """
    latest = today + timedelta(days=LONGEST_DAYS)
    seen: dict[str, int] = {}
    for index, entry in enumerate(ignores.ignores):

        def at(field: str, index: int = index) -> str:
            return where(f"ignores[{index}].{field}")

        yield from references.stack(at("stack"), entry.stack, (ALL, *sorted(stacks)))
        if entry.expires > latest:
            rule = f"a deviation is borne for at most {LONGEST_DAYS} days at a time"
            yield Offence(at("expires"), str(entry.expires), rule, f"choose {latest} or earlier, or declare it")
        what = entry.model_dump_json(include={"stack", "resource", "path", "value"})
        first = seen.setdefault(what, index)
        if first != index:
            rule = f"it is said once, and ignores[{first}] says it already"
            yield Offence(where(f"ignores[{index}]"), f"{entry.resource} {entry.path}", rule, "keep one of the two")
