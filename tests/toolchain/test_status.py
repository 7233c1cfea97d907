"""What the doctor says about the tool chain."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from catalog.versions import Versions, read_versions
from rehearsal.toolchain.cache import Entry
from rehearsal.toolchain.edges import Edges
from rehearsal.toolchain.status import inspect, inspect_tools
from rehearsal.toolchain.tool import Tool

Take = Callable[..., Entry]

Script = Callable[..., Path]


def test_a_missing_tool_is_mended_by_set_up(tiny: Tool, edges: Edges) -> None:
    status = inspect_tools([tiny], edges)[0]
    assert (status.ok, status.found, status.mend) == (False, None, "./sophia setup")


def test_a_tool_of_another_version_is_named_with_its_place(tiny: Tool, edges: Edges, script: Script) -> None:
    folder = script("tiny", "echo tiny v1.0.0")
    status = inspect_tools([tiny], replace(edges, search_path=str(folder)))[0]
    assert (status.ok, status.wanted, status.found, status.mend) == (False, "1.2.3", "1.0.0", "./sophia setup")
    assert str(folder) in status.source


def test_the_right_tool_on_path_is_well(tiny: Tool, edges: Edges, script: Script) -> None:
    folder = script("tiny", "echo tiny v1.2.3")
    status = inspect_tools([tiny], replace(edges, search_path=str(folder)))[0]
    assert (status.ok, status.found, status.source, status.mend) == (True, "1.2.3", str(folder), "")


def test_a_cached_tool_is_well_and_says_where_it_came_from(
    tiny: Tool, edges: Edges, take: Take, script: Script
) -> None:
    folder = script("tiny", "echo tiny v1.2.3")
    take(tiny, folder)
    status = inspect_tools([tiny], edges)[0]
    assert (status.ok, status.found, status.source) == (True, "1.2.3", f"tool cache, copied from {folder}")


def test_a_version_that_only_a_build_has_is_wanted_too(tiny: Tool, edges: Edges) -> None:
    tool = replace(tiny, build=replace(tiny.build, version="1.2.0"))
    assert inspect_tools([tool], edges)[0].wanted == "1.2.3, or 1.2.0 built here"


def test_a_damaged_cache_is_told(tiny: Tool, edges: Edges, take: Take, script: Script) -> None:
    folder = script("tiny", "echo tiny v1.2.3")
    take(tiny, folder).program("tiny").unlink()
    status = inspect_tools([tiny], edges)[0]
    assert (status.ok, status.source) == (False, "the tool cache is damaged: tiny is missing")


def test_a_missing_go_is_mended_by_the_command_that_installs_it(tiny: Tool, edges: Edges) -> None:
    status = inspect_tools([tiny], edges)[-1]
    assert (status.name, status.ok) == ("go", False)
    assert status.mend.startswith("sudo rm -rf /usr/local/go && curl -fsSL https://go.dev/dl/go1.26.3.")


def test_a_missing_go_is_no_fault_when_every_tool_is_there(
    tiny: Tool, edges: Edges, take: Take, script: Script
) -> None:
    take(tiny, script("tiny", "echo tiny v1.2.3"))
    status = inspect_tools([tiny], edges)[-1]
    assert (status.name, status.ok, status.mend) == ("go", True, "")


def test_a_go_that_is_new_enough_is_well(tiny: Tool, edges: Edges, go: Path) -> None:
    status = inspect_tools([tiny], replace(edges, search_path=str(go.parent)))[-1]
    assert (status.ok, status.mend) == (True, "")


def test_looking_leaves_no_trace(tiny: Tool, edges: Edges, script: Script) -> None:
    inspect_tools([tiny], replace(edges, search_path=str(script("tiny", "echo tiny v1.0.0"))))
    assert not edges.cache.exists()


def test_every_pinned_tool_is_looked_at(edges: Edges) -> None:
    machine = replace(edges, sources=Path(__file__).parents[2] / "tools")
    names = {status.name.replace("-", "_") for status in inspect(read_versions(), machine)}
    called = {
        "pulumi_kubernetes": "pulumi_resource_kubernetes",
        "gateway_api": "addon_gateway_api",
        "weaviate": "weaviate_server",
    }
    # They come as a wheel and as Debian's packages, which set-up unpacks for their images.
    unpacked = {"traefik", "postgresql", "pgvector", "valkey", "knot", "nginx"}
    pinned = {called.get(name, name) for name in Versions.model_fields} - unpacked
    assert pinned <= names
