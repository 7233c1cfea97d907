"""What every component promises, whatever it builds."""

import ast
import inspect
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_origin

import pulumi
import pytest

import components

ROOT = Path(components.__file__).parent
MODULES = sorted(ROOT.rglob("*.py"))

each_component = pytest.mark.parametrize(
    "component", [pytest.param(getattr(components, name), id=name) for name in components.__all__]
)
each_module = pytest.mark.parametrize("path", [pytest.param(path, id=str(path.relative_to(ROOT))) for path in MODULES])


def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def imported(path: Path) -> set[str]:
    """Everything a module imports, by its full name."""
    found: set[str] = set()
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def used(path: Path) -> set[str]:
    """Every dotted name a module uses, and every bare name it calls."""
    nodes = list(ast.walk(tree(path)))
    dotted = {ast.unparse(node) for node in nodes if isinstance(node, ast.Attribute)}
    return dotted | {ast.unparse(node.func) for node in nodes if isinstance(node, ast.Call)}


def token(component: type) -> str:
    """The type token as the constructor writes it; the test fails where it is not a literal."""
    calls = [n for n in ast.walk(ast.parse(inspect.getsource(component))) if isinstance(n, ast.Call)]
    (call,) = [call for call in calls if ast.unparse(call.func) == "super().__init__"]
    literal: object = ast.literal_eval(call.args[0])
    assert isinstance(literal, str)
    return literal


def exported(component: type) -> str:
    """The name it is exported by; two packages may each have a Cluster."""
    return next(name for name in components.__all__ if getattr(components, name) is component)


def documented(component: type) -> list[str]:
    """The kinds that "Creates" names: the first words of its lines."""
    text = inspect.getdoc(component) or ""
    section = re.search(r"^Creates:\n((?:[ ]{4}.*\n)+)", text, re.MULTILINE)
    assert section, "a reader wants to know what is created"
    leads = re.findall(r"^ {4}- ((?:(?:``[^`]+``|[A-Z]\w+)(?: and | or )?)+)", section[1], re.MULTILINE)
    return [kind.strip("`") for lead in leads for kind in re.split(r" and | or ", lead)]


def builds(examples, component: type, build, *, known: bool = True) -> Iterator[Any]:
    for example in examples[exported(component)]:
        yield build(lambda example=example: example("sample", known=known))


def test_the_public_surface_is_every_component():
    classes = [(path, node) for path in MODULES for node in ast.walk(tree(path)) if isinstance(node, ast.ClassDef)]
    found = [(path, c.name) for path, c in classes if "pulumi.ComponentResource" in map(ast.unparse, c.bases)]
    public = [getattr(components, name) for name in components.__all__]
    assert sorted((Path(inspect.getfile(one)), one.__name__) for one in public) == sorted(found)
    assert all(name.endswith(one.__name__) for name, one in zip(components.__all__, public, strict=True))


@each_component
def test_its_token_is_a_literal_that_says_where_it_stands(component):
    # A package whose name is a word of Python ends with an underscore.
    package = Path(inspect.getfile(component)).parent.name.removesuffix("_")
    assert token(component) == f"sophia:{package}:{component.__name__}"


@each_component
def test_its_token_is_the_first_words_of_its_docstring(component):
    first = (inspect.getdoc(component) or "").splitlines()[0]
    assert re.match(rf"``{re.escape(token(component))}``: \S+ \S+", first)


@each_component
def test_it_is_registered_under_its_token(component, examples, build):
    assert {built.root.type for built in builds(examples, component, build)} == {token(component)}


@each_component
def test_its_docstring_names_exactly_the_kinds_it_creates(component, examples, build):
    children = [child for built in builds(examples, component, build) for child in built.children]
    created = {child.type.rsplit(":", 1)[-1] if child.custom else child.type for child in children}
    assert sorted(documented(component)) == sorted(created)


@each_component
def test_only_its_name_is_positional_and_its_options_come_last(component):
    _, first, *others = inspect.signature(component.__init__).parameters.values()
    assert (first.name, first.kind) == ("name", inspect.Parameter.POSITIONAL_OR_KEYWORD)
    assert {parameter.kind for parameter in others} == {inspect.Parameter.KEYWORD_ONLY}
    last = others[-1]
    assert (last.name, last.default, last.annotation) == ("opts", None, pulumi.ResourceOptions | None)


@each_component
def test_everything_it_creates_hangs_under_it(component, examples, build):
    for built in builds(examples, component, build):
        strays = [r.urn for r in built.resources.values() if r is not built.root and r.parent not in built.resources]
        assert built.children
        assert strays == [], "what hangs elsewhere is not protected, moved or removed with its component"


@each_component
def test_what_it_creates_is_named_after_it(component, examples, build):
    for built in builds(examples, component, build):
        names = [child.name for child in built.children if child.custom]
        assert all(re.fullmatch(r"sample-[a-z]+(-[a-z0-9]+)*", name) for name in names), names


@each_component
def test_its_declared_outputs_are_those_it_registers(component, examples, build):
    declared = {name for name in component.__annotations__ if not name.startswith("_")}
    assert declared
    for built in builds(examples, component, build):
        assert built.registered[built.root.urn] == declared


@each_component
def test_its_outputs_are_outputs(component, examples, build):
    declared = component.__annotations__
    assert {get_origin(annotation) for annotation in declared.values()} == {pulumi.Output}
    for built in builds(examples, component, build):
        assert all(isinstance(getattr(built.component, name), pulumi.Output) for name in declared)


@each_component
def test_it_creates_the_same_whether_or_not_its_inputs_are_known(component, examples, build):
    known = [sorted(built.resources) for built in builds(examples, component, build)]
    unknown = [sorted(built.resources) for built in builds(examples, component, build, known=False)]
    assert unknown == known, "what is created inside `apply` is missing from the first preview"


@each_module
def test_no_component_sees_the_process_the_clock_or_chance(path):
    forbidden = {
        "os",
        "time",
        "random",
        "datetime",
        "secrets",
        "uuid",
        "pathlib",
        "socket",
        "subprocess",
        "httpx",
        "io",
    }
    assert {name.split(".")[0] for name in imported(path)} & forbidden == set()


@each_module
def test_no_component_reads_configuration_files_or_the_stacks_name(path):
    readers = {"Config", "get_stack", "get_project", "get_organization"}
    named = {name for name in readers if f"pulumi.{name}" in used(path) | imported(path)}
    assert named | ({"open"} & used(path)) == set(), "a component is told everything by its arguments"
