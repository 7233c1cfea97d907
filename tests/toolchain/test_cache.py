"""The tool cache: keyed by content, whole or absent, used without asking anyone."""

import os
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from catalog.addons import cache_root
from rehearsal.toolchain.cache import Cache, Entry, key
from rehearsal.toolchain.chain import Toolchain, program_folder
from rehearsal.toolchain.edges import Edges
from rehearsal.toolchain.tool import Tool, ToolError

Start = Callable[..., "subprocess.Popen[str]"]

Take = Callable[..., Entry]

Script = Callable[..., Path]

NO_CALLS_OUT = """
def refuse(event, arguments):
    if event in ("subprocess.Popen", "os.exec", "os.posix_spawn", "os.fork", "socket.connect", "socket.getaddrinfo"):
        raise SystemExit(f"{event} {arguments}")
sys.addaudithook(refuse)
"""


@pytest.fixture
def cached(tiny: Tool, take: Take, script: Script) -> Entry:
    return take(tiny, script("tiny", "echo tiny v1.2.3"))


@pytest.fixture
def again(tiny: Tool, take: Take, lines: list[str], cached: Entry) -> Callable[[], Entry]:
    """A later set-up that may take the tool from PATH, told from anew."""
    lines.clear()
    folder = cached.manifest.origin
    return lambda: take(tiny, Path(folder))


def test_a_cached_tool_is_used_without_a_process_or_a_connection(
    tiny: Tool, edges: Edges, start: Start, cached: Entry
) -> None:
    assert cached.folder.exists()
    done = start(tiny, edges, NO_CALLS_OUT)
    output, _ = done.communicate(timeout=30)
    assert (done.returncode, output) == (0, "")


def test_the_proof_above_notices_a_process(tiny: Tool, edges: Edges, script: Script, start: Start) -> None:
    there = replace(edges, search_path=str(script("tiny", "echo tiny v1.2.3")))
    done = start(tiny, there, NO_CALLS_OUT)
    done.communicate(timeout=30)
    assert done.returncode != 0


def test_a_truncated_program_is_noticed_told_and_provided_anew(
    lines: list[str], cached: Entry, again: Callable[[], Entry]
) -> None:
    with cached.program("tiny").open("r+b") as file:
        file.truncate(5)
    assert again().program("tiny").read_text().endswith("echo tiny v1.2.3\n")
    assert "The tool cache is damaged: tiny 1.2.3: tiny has 5 bytes" in "\n".join(lines)


def test_a_program_with_another_content_of_the_same_size_is_noticed(
    lines: list[str], cached: Entry, again: Callable[[], Entry]
) -> None:
    program = cached.program("tiny")
    program.write_text(program.read_text().replace("1.2.3", "6.6.6"))
    again()
    assert "tiny has another content" in "\n".join(lines)


def test_a_missing_program_is_noticed(lines: list[str], cached: Entry, again: Callable[[], Entry]) -> None:
    cached.program("tiny").unlink()
    again()
    assert "tiny is missing" in "\n".join(lines)


def test_a_program_that_may_not_be_run_is_noticed(lines: list[str], cached: Entry, again: Callable[[], Entry]) -> None:
    cached.program("tiny").chmod(0o644)
    again()
    assert "tiny has another file mode" in "\n".join(lines)


@pytest.mark.parametrize("content", ["", "{", '{"tool": "tiny"}'])
def test_a_broken_manifest_is_noticed(
    lines: list[str], cached: Entry, again: Callable[[], Entry], content: str
) -> None:
    (cached.folder / "manifest.json").write_text(content)
    again()
    assert "its manifest cannot be read" in "\n".join(lines)


def test_a_file_that_was_only_touched_is_still_trusted(
    lines: list[str], cached: Entry, again: Callable[[], Entry]
) -> None:
    os.utime(cached.program("tiny"), (1, 1))
    again()
    assert lines == []


def test_a_touched_file_is_read_once_and_then_known_by_its_time(cached: Entry, again: Callable[[], Entry]) -> None:
    os.utime(cached.program("tiny"), (1, 1))
    assert again().manifest.files["tiny"].mtime_ns == 1_000_000_000


def test_a_change_of_the_sources_is_another_entry(tiny: Tool, edges: Edges) -> None:
    before = key(tiny, edges)
    (edges.sources / "tiny" / "go.sum").write_text("example.com/x v1.0.0 h1:AAAA=\n")
    assert key(tiny, edges) != before


@pytest.mark.parametrize("change", [{"version": "1.2.4"}, {"tags": ("osusergo",)}, {"variables": ()}])
def test_a_change_of_the_build_is_another_entry(tiny: Tool, edges: Edges, change: Any) -> None:
    changed = replace(tiny, build=replace(tiny.build, **change))
    assert key(changed, edges) != key(tiny, edges)


def test_another_go_is_another_entry(tiny: Tool, edges: Edges) -> None:
    assert key(tiny, replace(edges, go="1.27.0")) != key(tiny, edges)
    assert key(tiny, replace(edges, go="1.26.4")) == key(tiny, edges), "a repair of Go makes no tool anew"


def test_a_generated_file_beside_the_sources_changes_nothing(tiny: Tool, edges: Edges) -> None:
    before = key(tiny, edges)
    (edges.sources / "tiny" / "schema.json").write_text("{}")
    assert key(tiny, edges) == before


def test_a_test_beside_the_sources_changes_nothing(tiny: Tool, edges: Edges) -> None:
    before = key(tiny, edges)
    (edges.sources / "tiny" / "main_test.go").write_text("package main\n")
    assert key(tiny, edges) == before


def test_a_change_of_what_a_program_embeds_is_another_entry(tiny: Tool, edges: Edges) -> None:
    facts = edges.sources.parent / "facts.json"
    facts.write_text("{}")
    embedding = replace(tiny, build=replace(tiny.build, embeds=("facts.json",)))
    before = key(embedding, edges)
    facts.write_text('{"a": 1}')
    assert key(embedding, edges) != before


def test_the_cache_is_where_the_user_says() -> None:
    assert cache_root({"SOPHIA_CACHE": "/a", "XDG_CACHE_HOME": "/b"}) == Path("/a")
    assert cache_root({"XDG_CACHE_HOME": "/b"}) == Path("/b/sophia")
    assert cache_root({}) == Path.home() / ".cache" / "sophia"


def test_looking_changes_nothing(tiny: Tool, edges: Edges, cached: Entry) -> None:
    os.utime(cached.program("tiny"), (1, 1))
    before = (cached.folder / "manifest.json").read_bytes()
    Cache(edges).find(tiny, refresh=False)
    assert (cached.folder / "manifest.json").read_bytes() == before


def test_programs_of_another_version_have_another_folder(edges: Edges, cached: Entry) -> None:
    record = cached.manifest.files["tiny"].model_copy(update={"sha256": "0" * 64})
    other = Entry(cached.folder, cached.manifest.model_copy(update={"files": {"tiny": record}}))
    assert program_folder([cached], edges) != program_folder([other], edges)


def test_a_program_in_the_folder_for_path_is_the_cached_file_itself(edges: Edges, cached: Entry) -> None:
    assert (program_folder([cached], edges) / "tiny").samefile(cached.program("tiny"))


@pytest.mark.parametrize("harm", ["missing", "replaced", "extra"])
def test_a_damaged_folder_for_path_is_made_anew(edges: Edges, cached: Entry, harm: str) -> None:
    folder = program_folder([cached], edges)
    if harm == "extra":
        (folder / "intruder").touch()
    else:
        (folder / "tiny").unlink()
    if harm == "replaced":
        (folder / "tiny").write_text("something else")
    program_folder([cached], edges)
    assert [path.name for path in folder.iterdir()] == ["tiny"]
    assert (folder / "tiny").samefile(cached.program("tiny"))


def test_a_program_that_is_not_in_the_chain_is_told_with_those_that_are(edges: Edges, cached: Entry) -> None:
    chain = Toolchain(bin=program_folder([cached], edges), plugins={}, kwok_stages=Path())
    with pytest.raises(ToolError, match="ask for one of: tiny"):
        chain.program("helm")
