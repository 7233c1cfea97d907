"""Files that cannot be read."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catalog import Offence
from catalog.source import Source

Broken = Callable[[dict[str, Any]], list[Offence]]


def test_a_syntax_error_names_file_and_line(broken: Broken) -> None:
    (offence,) = broken({"mcp/github.yaml": "title: GitHub\ndescription: {a\n"})
    assert offence.path == "catalog/mcp/github.yaml:3"


def test_a_tab_in_the_indentation_names_file_and_line(broken: Broken) -> None:
    (offence,) = broken({"mcp/github.yaml": "title: GitHub\nsettings:\n\tORG: x\n"})
    assert offence.path == "catalog/mcp/github.yaml:3"


def test_every_key_given_twice_is_named_with_its_line(broken: Broken) -> None:
    text = "title: GitHub\ntitle: Git\nport: 9005\nport: 9005\ndescription: x\ntier: SECONDARY\nowner: dev_team\n"
    text += "mcp:\n  tools: {allow: [search_repositories, list_issues, create_issue]}\n"
    text += "  smoke_call: {tool: list_issues, expect: x}\n"
    assert [(offence.path, offence.value) for offence in broken({"mcp/github.yaml": text})] == [
        ("catalog/mcp/github.yaml:2", "title is given twice"),
        ("catalog/mcp/github.yaml:4", "port is given twice"),
    ]


def test_a_part_that_contains_itself_is_refused(broken: Broken) -> None:
    (offence,) = broken({"mcp/github.yaml": "settings: &all\n  ORG: *all\n"})
    assert offence.value == "an alias stands for another part of the file"


def test_a_value_that_its_tag_does_not_allow_names_its_line(broken: Broken) -> None:
    (offence,) = broken({"prices/2026.yaml": "source: x\nas_of: 2026-13-45\nhourly_cents: {}\n"})
    assert (offence.path, offence.remedy) == ("catalog/prices/2026.yaml:2", "put the value in quotes")


def test_a_file_that_is_not_utf_8_names_the_byte(broken: Broken) -> None:
    (offence,) = broken({"limits.yaml": b"max_machines: \xff\n"})
    assert (offence.path, offence.value) == ("catalog/limits.yaml", "byte 14")


@pytest.mark.parametrize(("text", "shown"), [("", "empty"), ("- a\n- b\n", "a list"), ("github\n", "a single value")])
def test_a_file_that_is_not_a_mapping_says_what_it_is(broken: Broken, text: str, shown: str) -> None:
    (offence,) = broken({"secrets.yaml": text})
    assert (offence.path, offence.value) == ("catalog/secrets.yaml", shown)


def test_a_missing_file_says_how_to_get_it_back(broken: Broken) -> None:
    (offence,) = broken({"machines.yaml": None})
    assert (offence.path, offence.value) == ("catalog/machines.yaml", "No such file or directory")
    assert "git restore" in offence.remedy


@pytest.mark.parametrize("name", ["github.yml", ".github.yaml", ".DS_Store", "github.yaml~"])
def test_a_stray_file_beside_the_servers_is_not_skipped(broken: Broken, name: str) -> None:
    (offence,) = broken({f"mcp/{name}": "title: GitHub\n"})
    assert (offence.path, offence.value) == (f"catalog/mcp/{name}", "a stray file")


def test_a_catalog_without_servers_folder_is_refused(broken: Broken, folder: Path) -> None:
    (folder / "mcp").rename(folder.parent / "elsewhere")
    assert "catalog/mcp" in [offence.path for offence in broken({})]


@settings(deadline=None)
@given(st.one_of(st.binary(max_size=200), st.text("ab:-[]{}&*!?|>\"'#%@,\n\t 0", max_size=60).map(str.encode)))
def test_no_bytes_whatever_escape_as_an_exception(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    root = tmp_path_factory.getbasetemp() / "any"
    root.mkdir(exist_ok=True)
    (root / "any.yaml").write_bytes(content)
    source = Source(root)
    tree = source.mapping("any.yaml")
    assert isinstance(tree, dict) or source.offences
