"""Builds from Go modules: pinned, in a copy, and clear about what they lack."""

import errno
import json
import os
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from zipfile import ZipFile

import pytest

from rehearsal.toolchain.cache import Entry
from rehearsal.toolchain.chain import provide
from rehearsal.toolchain.disk import writing
from rehearsal.toolchain.edges import Edges
from rehearsal.toolchain.progress import Progress
from rehearsal.toolchain.tool import ModuleFile, Tool, ToolError

Take = Callable[..., Entry]
Script = Callable[..., Path]

EMBEDDING = """package main

import _ "embed"

//go:embed schema.json
var schema string

func main() { println(schema) }
"""


@pytest.fixture
def with_module(edges: Edges, go: Path, tmp_path: Path) -> Iterator[Edges]:
    """A machine whose module proxy is a folder with one module, pinned by the tiny tool's go.sum."""
    versions = tmp_path / "proxy" / "example.com" / "facts" / "@v"
    versions.mkdir(parents=True)
    module = "module example.com/facts\n\ngo 1.26.0\n"
    (versions / "v1.0.0.mod").write_text(module)
    (versions / "v1.0.0.info").write_text(json.dumps({"Version": "v1.0.0"}))
    with ZipFile(versions / "v1.0.0.zip", "w") as packed:
        root = "example.com/facts@v1.0.0"
        packed.writestr(f"{root}/go.mod", module)
        packed.writestr(f"{root}/facts.go", "package facts\n")
        packed.writestr(f"{root}/schema.json", '{"name": "facts"}')
        packed.writestr(f"{root}/stages/a.yaml", "a: 1\n")
        packed.writestr(f"{root}/stages/b.yaml", "b: 2\n")
    tiny = edges.sources / "tiny"
    (tiny / "go.mod").write_text("module sophia/tools/tiny\n\ngo 1.26.0\n\nrequire example.com/facts v1.0.0\n")
    environment = {
        **os.environ,
        "GOPROXY": (tmp_path / "proxy").as_uri(),
        "GOMODCACHE": str(tmp_path / "modules"),
        "GONOSUMDB": "*",
        "GOTOOLCHAIN": "local",
    }
    (tiny / "facts.go").write_text('package main\n\nimport _ "example.com/facts"\n')
    subprocess.run([go, "mod", "tidy"], cwd=tiny, env=environment, check=True, capture_output=True)
    (tiny / "facts.go").unlink()
    yield replace(edges, search_path=str(go.parent), environment=environment)
    subprocess.run([go, "clean", "-modcache"], env=environment, check=True, capture_output=True)


@pytest.fixture
def stages(tiny: Tool) -> Tool:
    """A tool that is only files of the module."""
    copies = (ModuleFile(folder="tiny", module="example.com/facts", paths=("stages/*.yaml",), name="stages.yaml"),)
    build = replace(tiny.build, package="", output="", copies=copies)
    return replace(tiny, programs=(), probes=(), artefacts=("stages.yaml",), downloads=(), build=build)


def test_files_of_a_module_are_joined_as_documents(with_module: Edges, stages: Tool, progress: Progress) -> None:
    entry = provide([stages], with_module, progress)["tiny"]
    assert (entry.folder / "stages.yaml").read_text() == "a: 1\n---\nb: 2\n"


def test_a_pattern_without_files_is_told(with_module: Edges, stages: Tool, progress: Progress) -> None:
    moved = replace(stages.build.copies[0], paths=("moved/*.yaml",))
    tool = replace(stages, build=replace(stages.build, copies=(moved,)))
    with pytest.raises(ToolError, match=r"module example\.com/facts does not hold moved/\*\.yaml"):
        provide([tool], with_module, progress)["tiny"]


def test_a_module_that_go_sum_does_not_pin_is_refused(with_module: Edges, stages: Tool, progress: Progress) -> None:
    (with_module.sources / "tiny" / "go.sum").write_text("")
    with pytest.raises(ToolError, match=r"a hash that tools/tiny/go\.sum does not pin"):
        provide([stages], with_module, progress)["tiny"]


def test_an_embedded_schema_gets_the_version_and_never_enters_the_checkout(
    tiny: Tool, with_module: Edges, progress: Progress
) -> None:
    folder = with_module.sources / "tiny"
    (folder / "main.go").write_text(EMBEDDING)
    before = sorted(path.name for path in folder.iterdir())
    schema = ModuleFile(folder="tiny", module="example.com/facts", paths=("schema.json",), name="schema.json")
    tool = replace(tiny, probes=(), downloads=(), build=replace(tiny.build, variables=(), schema=schema))
    program = provide([tool], with_module, progress)["tiny"].program("tiny")
    printed = subprocess.run([program], capture_output=True, check=True, text=True).stderr
    assert json.loads(printed) == {"name": "facts", "version": "1.2.3"}
    assert sorted(path.name for path in folder.iterdir()) == before


def test_a_file_from_elsewhere_in_the_repository_is_embedded_and_never_copied_there(
    tiny: Tool, edges: Edges, take: Take, go: Path
) -> None:
    folder = edges.sources / "tiny"
    (folder / "main.go").write_text(EMBEDDING)
    (edges.sources.parent / "schema.json").write_text("facts")
    before = sorted(path.name for path in folder.iterdir())
    tool = replace(tiny, probes=(), downloads=(), build=replace(tiny.build, variables=(), embeds=("schema.json",)))
    program = take(tool, go.parent).program("tiny")
    assert subprocess.run([program], capture_output=True, check=True, text=True).stderr == "facts\n"
    assert sorted(path.name for path in folder.iterdir()) == before


def test_what_go_complains_about_is_told(tiny: Tool, edges: Edges, take: Take, go: Path) -> None:
    (edges.sources / "tiny" / "main.go").write_text("package main\n\nfunc main() { undefined() }\n")
    with pytest.raises(ToolError, match="undefined: undefined"):
        take(tiny, go.parent)


def test_a_module_proxy_out_of_reach_is_told_as_such(
    with_module: Edges, stages: Tool, progress: Progress, tmp_path: Path
) -> None:
    empty = tmp_path / "empty"
    environment = {**with_module.environment, "GOPROXY": "http://127.0.0.1:9", "GOMODCACHE": str(empty)}
    with pytest.raises(ToolError, match="set GOPROXY to a module proxy that answers"):
        provide([stages], replace(with_module, environment=environment), progress)


def test_without_go_one_message_names_the_tools_and_the_command(tiny: Tool, edges: Edges, progress: Progress) -> None:
    tools = [tiny, replace(tiny, name="tiny-too")]
    with pytest.raises(
        ToolError, match=r"Go 1\.26\.3 or newer is needed to build tiny, tiny-too, .*none is installed"
    ) as e:
        provide(tools, edges, progress)
    assert "https://go.dev/dl/go1.26.3." in e.value.remedy


@pytest.mark.parametrize("release", ["go1.26.2", "go1.26", "go1.25.9", "go1.4", "devel"])
def test_a_go_that_is_too_old_is_told(tiny: Tool, take: Take, script: Script, release: str) -> None:
    answer = json.dumps({"GOVERSION": release, "GOCACHE": "/", "GOMODCACHE": "/"})
    folder = script("go", f"echo '{answer}'")
    with pytest.raises(ToolError, match=f"{folder}/go is {release}"):
        take(tiny, folder)


def test_a_go_behind_an_old_one_is_used(tiny: Tool, take: Take, script: Script, go: Path) -> None:
    old = script("go", """echo '{"GOVERSION": "go1.19", "GOCACHE": "/", "GOMODCACHE": "/"}'""")
    entry = take(tiny, old, go.parent)
    assert entry.manifest.source == "build"


def test_a_full_disk_is_told_before_a_build_begins(tiny: Tool, take: Take, lines: list[str], go: Path) -> None:
    tool = replace(tiny, downloads=())
    with pytest.raises(ToolError, match=r"is full: building tiny needs up to 12 MiB and 11 MiB are free"):
        take(tool, go.parent, free_bytes=lambda _: 11 * 1024 * 1024)
    assert "Building" not in "\n".join(lines)


def test_a_full_disk_is_told_before_a_download_begins(tiny: Tool, take: Take, asked: list[str]) -> None:
    with pytest.raises(ToolError, match=r"is full: downloading tiny 1\.2\.3 needs up to 4 MiB and 0 MiB are free"):
        take(tiny, free_bytes=lambda _: 0)
    assert asked == []


def test_a_disk_that_fills_up_in_mid_build_is_told_as_such(
    tiny: Tool, edges: Edges, take: Take, script: Script, go: Path
) -> None:
    failing = f'[ "$1" = build ] && {{ echo "write /x: no space left on device"; exit 1; }}\nexec {go} "$@"'
    with pytest.raises(ToolError, match=r"the disk of .* is full: building tiny 1\.2\.3 stopped and left nothing"):
        take(tiny, script("go", failing))
    assert not list(edges.cache.rglob("staging-*"))


@pytest.mark.parametrize(
    ("number", "message"), [(errno.ENOSPC, "is full"), (errno.EDQUOT, "is full"), (errno.EROFS, "may not be written")]
)
def test_a_disk_that_takes_no_more_is_one_clear_error(tmp_path: Path, number: int, message: str) -> None:
    with pytest.raises(ToolError, match=message), writing(tmp_path, "building"):
        raise OSError(number, os.strerror(number))
