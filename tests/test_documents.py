"""The documents say what is so: generated ones are fresh, links lead somewhere, verbs and codes exist."""

import re
import tomllib
from collections.abc import Collection, Iterator
from pathlib import Path

import pytest
import typer.main

from ops.cli import app
from ops.documents import FORMATS, documents
from ops.exit_code import ExitCode
from ops.results import VERBS

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
ARCHITECTURE = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
CHANGELOG = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
DECISIONS = sorted((ROOT / "docs/decisions").glob("*.md"))
PAGES = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))]
VERBS_PAGE = (ROOT / "docs/verbs.md").read_text(encoding="utf-8")
TWO_SCREENS = 130


def named(path: Path) -> str:
    return str(path.relative_to(ROOT))


def code(text: str) -> str:
    """What a page shows as code: its fenced blocks and its code spans, a line each."""
    fenced = re.findall(r"^```.*?\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    prose = re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)
    return "\n".join([*fenced, *re.findall(r"`([^`]+)`", prose)])


def links(page: Path) -> Iterator[str]:
    """The relative targets of a page's links, without their fragments."""
    for target in re.findall(r"\[[^\]]*\]\(([^)\s]+)\)", page.read_text(encoding="utf-8")):
        path = target.split("#")[0]
        if path and not re.match(r"[a-z]+:", target):
            yield path


def rows(text: str, header: str) -> list[list[str]]:
    """The cells of the table with that header row."""
    table = text.split(f"\n{header}\n")[1].split("\n\n", maxsplit=1)[0]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in table.splitlines()[1:]]


def verbs() -> set[str]:
    """Every verb, and those of a verb that has verbs of its own; one that does nothing by itself is none."""
    commands = typer.main.get_group(app).commands
    alone = {name for name, command in commands.items() if not own(command) or "list" in own(command)}
    return {*alone, *(f"{name} {verb}" for name, group in commands.items() for verb in own(group) if verb != "list")}


def own(group: object) -> Collection[str]:
    return getattr(group, "commands", ())


def test_generated_documents_are_what_would_be_generated_now():
    generated = documents(ROOT)
    stale = [named(path) for path, text in generated.items() if not path.exists() or path.read_text("utf-8") != text]
    assert stale == [], "run `make docs`"


def test_no_schema_is_left_of_what_is_gone():
    kept = {path.stem for path in (ROOT / "docs/schema").glob("*.json")}
    assert kept == {name.replace(" ", "-") for name in (*VERBS, *FORMATS)}


@pytest.mark.parametrize("page", [pytest.param(page, id=named(page)) for page in PAGES])
def test_every_relative_link_leads_to_something(page):
    dead = [target for target in links(page) if not (page.parent / target).exists()]
    assert dead == []


def test_the_readme_leads_to_every_document():
    named_here = set(links(ROOT / "README.md"))
    folders = {ROOT / "docs/decisions", ROOT / "docs/runbooks"}
    written = {named(page) for page in PAGES if page.parent not in folders} - {"README.md"}
    assert written <= named_here


def test_the_readme_fits_two_screens():
    assert len(README.splitlines()) <= TWO_SCREENS


def test_every_verb_is_in_the_table_and_no_other_is():
    table = [
        re.match(r"`\./sophia ([a-z-]+(?: [a-z-]+)?)", row[0]) for row in rows(VERBS_PAGE, "| verb | what it does |")
    ]
    assert sorted(verb[1] for verb in table if verb) == sorted(verbs())


def test_the_table_marks_exactly_the_verbs_that_answer_as_json():
    marked = {row[0] for row in rows(VERBS_PAGE, "| verb | what it does |") if row[0].endswith("*")}
    assert {re.findall(r"sophia ([a-z-]+(?: [a-z-]+)?)", verb)[0] for verb in marked} == set(VERBS)


@pytest.mark.parametrize("page", [pytest.param(page, id=named(page)) for page in PAGES])
def test_every_verb_a_page_shows_exists(page):
    shown = set(re.findall(r"\./sophia ([a-z-]+)", code(page.read_text(encoding="utf-8"))))
    assert shown <= {verb.split()[0] for verb in verbs()}


@pytest.mark.parametrize("page", [pytest.param(page, id=named(page)) for page in PAGES])
def test_every_make_target_a_page_shows_exists(page):
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    shown = set(re.findall(r"\bmake ([a-z]+)", code(page.read_text(encoding="utf-8"))))
    assert shown <= targets


def test_the_exit_codes_of_the_readme_are_those_of_the_command():
    table = rows(README, "| exit code | name | meaning |")
    assert {int(number): name for number, name, _ in table} == {code.value: code.name for code in ExitCode}


def test_every_folder_of_the_project_has_a_row_in_the_architecture():
    table = rows(ARCHITECTURE, "| folder or file | role | what does not go here |")
    described = {row[0].strip("`").rstrip("/") for row in table if row[0].endswith("/`")}
    hidden = {path.name for path in ROOT.glob(".*")} - {".ci"}
    there = {
        path.parts[len(ROOT.parts)] for path in ROOT.glob("*/*") if path.parent.name not in {*hidden, "__pycache__"}
    }
    assert there <= described, "list each folder in ARCHITECTURE.md, with what does not go there"


def test_the_newest_section_of_the_changelog_is_the_projects_version():
    version = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    assert re.findall(r"^## (.+)$", CHANGELOG, re.MULTILINE)[0] == version


def test_every_section_of_the_changelog_says_what_the_next_plan_shows():
    sections = re.split(r"^## ", CHANGELOG, flags=re.MULTILINE)[1:]
    for section in sections:
        headings = re.findall(r"^### (.+)$", section, re.MULTILINE)
        assert re.match(r"20\d\d\.\d{1,2}\.\d+\n", section), "versions are calendar versions"
        assert headings, f"{section.splitlines()[0]}: what will the next plan show?"
        assert set(headings) <= {"Creates", "Updates", "Replaces", "No diff"}


@pytest.mark.parametrize("decision", [pytest.param(path, id=path.stem) for path in DECISIONS])
def test_a_decision_has_its_number_date_and_headings(decision):
    lines = decision.read_text(encoding="utf-8").splitlines()
    assert lines[0].startswith(f"# {decision.name[:4]} ")
    assert re.fullmatch(r"Date: 20\d\d-\d\d-\d\d\. Status: (accepted|superseded by \d{4})\.", lines[2])
    assert [line for line in lines if line.startswith("## ")] == ["## Context", "## Decision", "## Consequences"]


def test_decisions_are_numbered_without_a_gap():
    assert [path.name[:4] for path in DECISIONS] == [f"{number:04}" for number in range(1, len(DECISIONS) + 1)]
    assert DECISIONS
