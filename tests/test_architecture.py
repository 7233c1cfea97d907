"""The import arrows of the design hold; a new arrow is a decision, not an accident."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
OURS = {"catalog", "components", "ops", "policies", "providers", "rehearsal", "render", "settings", "__main__"}
ALLOWED = {
    "catalog": set(),
    "settings": {"catalog"},
    "components": {"catalog", "providers"},
    "__main__": {"catalog", "settings", "components"},
    "providers": set(),
    "render": {"catalog"},
    "policies": {"catalog", "render"},
    "rehearsal": {"catalog"},
    "ops": {"catalog", "render", "policies", "providers", "rehearsal"},
}


def modules() -> Iterator[tuple[str, Path]]:
    for path in sorted(ROOT.glob("*.py")):
        yield path.stem, path
    for package in sorted(OURS):
        for path in sorted((ROOT / package).rglob("*.py")):
            yield package, path


def imported(path: Path) -> set[str]:
    """The first parts of all imported names, those inside functions too."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.add(node.module)
    return {name.split(".")[0] for name in names}


@pytest.mark.parametrize(("package", "path"), [pytest.param(*m, id=str(m[1].relative_to(ROOT))) for m in modules()])
def test_every_import_follows_an_arrow_of_the_design(package, path):
    forbidden = (imported(path) & OURS) - ALLOWED[package] - {package}
    assert not forbidden, f"{path.relative_to(ROOT)} imports {forbidden}; see ARCHITECTURE.md, arrows"


@pytest.mark.parametrize("package", ["catalog", "ops", "rehearsal"])
def test_only_the_program_and_what_renders_it_know_pulumi(package):
    users = [str(p.relative_to(ROOT)) for name, p in modules() if name == package and "pulumi" in imported(p)]
    assert users == []


def test_only_settings_touches_the_stack_configuration():
    users = [
        str(path.relative_to(ROOT))
        for package, path in modules()
        if package not in {"settings", "render"} and "pulumi.Config(" in path.read_text(encoding="utf-8")
    ]
    assert users == []


def test_every_test_file_is_collected():
    strays = [
        str(path.relative_to(ROOT))
        for path in (ROOT / "tests").rglob("*.py")
        if not path.name.startswith("test_") and path.name != "conftest.py" and "def test_" in path.read_text()
    ]
    assert strays == [], "a file without the prefix is silently never run"


def test_the_program_stays_a_picture():
    tree = ast.parse((ROOT / "__main__.py").read_text(encoding="utf-8"))
    branches = [node for node in ast.walk(tree) if isinstance(node, ast.If | ast.For | ast.While | ast.FunctionDef)]
    assert branches == [], "the composition has no branch, no loop and no function: give it to a component"
