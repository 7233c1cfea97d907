"""The programs that run on a host, as text."""

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Final

FOLDER: Final = Path(__file__).parent / "remote"
MODULES: Final = "providers.host.remote"
"""The package their modules are in, there as here."""


@cache
def modules(program: str) -> Mapping[str, str]:
    """Return the text of the modules that a program consists of, each after those it imports."""
    found: dict[str, str] = {}

    def add(name: str) -> None:
        text = (FOLDER / f"{name}.py").read_text(encoding="utf-8")
        for imported in re.findall(rf"^from {re.escape(MODULES)}\.(\w+) import", text, re.MULTILINE):
            if f"{MODULES}.{imported}" not in found:
                add(imported)
        found[f"{MODULES}.{name}"] = text

    add("common")
    add(program)
    return found
