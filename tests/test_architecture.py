"""The import arrows of the design hold; a new arrow is a decision, not an accident."""

import ast
import os
import re
import sys
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
OURS = {
    "__main__",
    "backup",
    "catalog",
    "components",
    "ops",
    "policies",
    "providers",
    "rehearsal",
    "render",
    "settings",
}
ALLOWED = {
    "backup": set(),
    "catalog": set(),
    "settings": {"catalog"},
    "components": {"catalog", "providers"},
    "__main__": {"catalog", "settings", "components"},
    "providers": set(),
    "render": {"catalog"},
    "policies": {"catalog", "render"},
    "rehearsal": {"catalog", "providers"},
    "ops": {"catalog", "render", "policies", "providers", "rehearsal"},
}


def modules() -> Iterator[tuple[str, Path]]:
    for path in sorted(ROOT.glob("*.py")):
        yield path.stem, path
    for package in sorted(OURS):
        for path in sorted((ROOT / package).rglob("*.py")):
            yield package, path


def full_names(path: Path) -> set[str]:
    """All imported names, those inside functions too."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def imported(path: Path) -> set[str]:
    """The first parts of all imported names."""
    return {name.split(".")[0] for name in full_names(path)}


@pytest.mark.parametrize(("package", "path"), [pytest.param(*m, id=str(m[1].relative_to(ROOT))) for m in modules()])
def test_every_import_follows_an_arrow_of_the_design(package, path):
    forbidden = (imported(path) & OURS) - ALLOWED[package] - {package}
    assert not forbidden, f"{path.relative_to(ROOT)} imports {forbidden}; see ARCHITECTURE.md, arrows"


def test_every_library_that_the_program_imports_is_pinned():
    lines = (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    pinned = {re.sub(r"[-_.]+", "-", line.split("==")[0].lower()) for line in lines if "==" in line}
    given_by = packages_distributions()
    loose = {
        f"{path.relative_to(ROOT)}: {name}"
        for _package, path in modules()
        for name in imported(path) - OURS - sys.stdlib_module_names
        if pinned.isdisjoint(re.sub(r"[-_.]+", "-", of.lower()) for of in given_by.get(name, [name]))
    }
    assert loose == set(), "it works here alone: name the library with its version in requirements.txt"


PROVIDERS = sorted(path.parent.name for path in ROOT.glob("providers/*/PulumiPlugin.yaml"))


def of_providers(folder: str) -> set[str]:
    """What the modules of a folder import of the providers."""
    names = {name for path in (ROOT / folder).rglob("*.py") for name in full_names(path)}
    return {name for name in names if name.startswith("providers.")}


@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_provider_could_be_published_alone(provider):
    own = (f"providers.{provider}.", "providers.kit.")
    assert [name for name in of_providers(f"providers/{provider}") if not f"{name}.".startswith(own)] == []


@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_provider_starts_without_the_detour_over_the_language_host(provider):
    program = ROOT / f"providers/{provider}/pulumi-resource-{provider.replace('_', '-')}"
    assert os.access(program, os.X_OK), "without it every run starts an interpreter more, a quarter of a second"


def test_the_kit_knows_nothing_of_ours():
    assert [name for name in of_providers("providers/kit") if not name.startswith("providers.kit")] == []


def test_components_use_the_typed_classes_of_providers_alone():
    assert [name for name in of_providers("components") if name.split(".")[2] != "sdk"] == []


def test_the_rehearsal_uses_nothing_of_a_provider_that_it_stands_in_for():
    assert [name for name in of_providers("rehearsal") if name.split(".")[1] != "kit"] == []


@pytest.mark.parametrize("package", ["catalog", "ops", "rehearsal"])
def test_only_the_program_and_what_renders_it_know_pulumi(package):
    users = [str(p.relative_to(ROOT)) for name, p in modules() if name == package and "pulumi" in imported(p)]
    assert users == []


def test_rules_know_nothing_of_the_engine():
    allowed = {"policies/servicer.py", "policies/reading.py", "policies/testing/analyzer.py"}
    users = {
        str(path.relative_to(ROOT))
        for package, path in modules()
        if package == "policies" and imported(path) & {"pulumi", "pulumi_policy"}
    }
    assert users == allowed, "a rule is judged on renders and states too: it imports the catalog and the reading layer"


def test_nothing_constructs_the_sdk_s_policy_pack():
    users = [str(path.relative_to(ROOT)) for _, path in modules() if "PolicyPack(" in path.read_text(encoding="utf-8")]
    assert users == [], "its constructor never returns, and its servicer fails open; see docs/decisions/0026"


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


def test_verbs_render_where_what_is_lacking_is_brought_first():
    """On a new computer nothing has been rendered of add-ons, which every stack has."""
    bare = {"render.render", "render.program.render"}
    assert [path.name for path in sorted((ROOT / "ops").rglob("*.py")) if full_names(path) & bare] == []
