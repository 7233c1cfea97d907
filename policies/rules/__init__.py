"""Every rule: each module here that has rules, in the order of their ids."""

import importlib
import pkgutil
from collections.abc import Iterator
from typing import Final

from policies.rule import Rule


def _found() -> Iterator[Rule]:
    for module in pkgutil.iter_modules(__path__):
        names = vars(importlib.import_module(f"{__name__}.{module.name}"))
        yield from (value for value in names.values() if isinstance(value, Rule))


RULES: Final[tuple[Rule, ...]] = tuple(sorted({id(rule): rule for rule in _found()}.values(), key=lambda rule: rule.id))
"""All rules."""
