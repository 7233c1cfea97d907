"""A copy of the committed catalog that a test may break."""

import copy
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from catalog import ROOT, Catalog, CatalogError, Offence, load

Edit = str | bytes | dict[str, Any] | Callable[[dict[str, Any]], object] | None
Broken = Callable[[Mapping[str, Edit]], list[Offence]]


@pytest.fixture(scope="session")
def committed() -> Catalog:
    return load()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    root = tmp_path / "catalog"
    shutil.copytree(ROOT, root, ignore=shutil.ignore_patterns("*.py", "__pycache__", "schema"))
    return root


@pytest.fixture
def edited(folder: Path) -> Callable[[Mapping[str, Edit]], Path]:
    """Gives the copy after edits by file: text or bytes replace it, a mapping is merged, a function changes it."""

    def edit(edits: Mapping[str, Edit]) -> Path:
        for name, change in edits.items():
            path = folder / name
            if change is None:
                path.unlink()
            elif isinstance(change, bytes):
                path.write_bytes(change)
            elif isinstance(change, str):
                path.write_text(change, encoding="utf-8")
            else:
                tree = yaml.safe_load(path.read_text(encoding="utf-8"))
                tree = _over(tree, change) if isinstance(change, dict) else (change(tree), tree)[1]
                path.write_text(yaml.safe_dump(copy.deepcopy(tree), sort_keys=False), encoding="utf-8")
        return folder

    return edit


@pytest.fixture
def broken(edited: Callable[[Mapping[str, Edit]], Path]) -> Broken:
    """Gives the offences of the copy after edits, in the order they are reported."""

    def offences(edits: Mapping[str, Edit]) -> list[Offence]:
        with pytest.raises(CatalogError) as error:
            load(edited(edits))
        return list(error.value.offences)

    return offences


def _over(lower: dict[str, Any], upper: Mapping[str, Any]) -> dict[str, Any]:
    for key, value in upper.items():
        below = lower.get(key)
        lower[key] = _over(below, value) if isinstance(value, dict) and isinstance(below, dict) else value
    return lower
