"""Definitions of Pulumi ESC for stacks of tests."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from rehearsal.home import PROJECT


def define(folder: Path, secrets: Sequence[str], *stacks: str) -> Path:
    """Write the definitions of stacks, as they are committed, and return their folder.

    Args:
        folder: where it is made.
        secrets: names of the secrets, which the stacks get as configuration.
        stacks: names of the stacks.
    """
    place = folder / "esc"
    place.mkdir(parents=True, exist_ok=True)
    given = {f"{PROJECT}:{name.lower()}": f"${{{PROJECT}.ai.{name}}}" for name in secrets}
    kept: dict[str, Any] = {"values": {PROJECT: {"ai": {name: {"fn::secret": ""} for name in secrets}}}}
    documents: dict[str, dict[str, Any]] = {"base": {"values": {}}} | {f"{stack}-secrets": kept for stack in stacks}
    for stack in stacks:
        imports = [f"{PROJECT}/base", f"{PROJECT}/{stack}-secrets"]
        documents[stack] = {"imports": imports, "values": {"pulumiConfig": given}}
    for name, document in documents.items():
        (place / f"{name}.yaml").write_text(yaml.safe_dump(document), encoding="utf-8")
    return place
