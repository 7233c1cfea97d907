"""Where a tool is taken from, and in which order."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from catalog.versions import ToolLock
from rehearsal.toolchain.cache import Entry
from rehearsal.toolchain.chain import provide
from rehearsal.toolchain.edges import Edges
from rehearsal.toolchain.progress import Progress
from rehearsal.toolchain.tool import Checksum, Tool, ToolError

Script = Callable[..., Path]
Take = Callable[..., Entry]
Offer = Callable[..., str]


def test_a_program_on_path_of_the_exact_version_is_taken(tiny: Tool, take: Take, script: Script) -> None:
    folder = script("tiny", "echo tiny v1.2.3")
    entry = take(tiny, folder)
    assert (entry.manifest.source, entry.manifest.origin) == ("PATH", str(folder))


def test_an_upgrade_on_path_does_not_change_what_the_cache_holds(tiny: Tool, take: Take, script: Script) -> None:
    entry = take(tiny, script("tiny", "echo tiny v1.2.3"))
    script("tiny", "echo tiny v9.9.9")
    assert "v1.2.3" in entry.program("tiny").read_text()


def test_a_tool_of_our_own_is_built_whatever_path_has(tiny: Tool, take: Take, script: Script, go: Path) -> None:
    folder = script("tiny", "echo tiny v1.2.3")
    assert take(replace(tiny, own=True, downloads=()), folder, go.parent).manifest.source == "build"


@pytest.mark.parametrize("body", ["echo tiny v1.2.4", "echo tiny v1.2.3-dispatcher", "echo hello", "exit 1"])
def test_a_program_on_path_that_is_not_exactly_it_is_passed_over(
    tiny: Tool, take: Take, script: Script, offer: Offer, body: str
) -> None:
    offer(tiny, "1.2.3")
    assert take(tiny, script("tiny", body)).manifest.source == "download"


def test_a_wrong_program_on_path_is_passed_over_in_silence(
    tiny: Tool, take: Take, script: Script, offer: Offer, lines: list[str]
) -> None:
    offer(tiny, "1.2.3")
    take(tiny, script("tiny", "echo tiny v1.2.4"))
    assert lines == ["Downloading tiny 1.2.3 from 127.0.0.1"]


def test_the_right_program_is_taken_from_behind_a_wrong_one(tiny: Tool, take: Take, script: Script) -> None:
    wrong, right = script("tiny", "echo tiny v1.0.0", "wrong"), script("tiny", "echo tiny v1.2.3", "right")
    assert take(tiny, wrong, right).manifest.origin == str(right)


def test_a_wrapper_that_works_only_in_its_place_is_passed_over(
    tiny: Tool, take: Take, script: Script, offer: Offer
) -> None:
    folder = script("tiny", 'exec "$(dirname "$0")/real/tiny"')
    script("tiny", "echo tiny v1.2.3", "programs/real")
    offer(tiny, "1.2.3")
    assert take(tiny, folder).manifest.source == "download"


def test_a_download_with_the_published_digest_is_taken(tiny: Tool, take: Take, offer: Offer) -> None:
    offer(tiny, "1.2.3")
    entry = take(tiny)
    assert (entry.manifest.source, entry.manifest.origin) == ("download", tiny.downloads[0].url)


def test_a_locked_digest_decides_without_asking_the_vendor_for_one(
    tiny: Tool, take: Take, offer: Offer, asked: list[str]
) -> None:
    lock = ToolLock(tools={"tiny": {"linux/amd64": {tiny.downloads[0].url: offer(tiny, "1.2.3")}}})
    take(tiny, lock=lock)
    assert "/SHA256SUMS" not in asked


def test_a_download_that_differs_from_the_lock_is_refused_and_the_next_source_is_tried(
    tiny: Tool, take: Take, offer: Offer, lines: list[str], go: Path
) -> None:
    offer(tiny, "1.2.3")
    lock = ToolLock(tools={"tiny": {"linux/amd64": {tiny.downloads[0].url: "1" * 64}}})
    assert take(tiny, go.parent, lock=lock).manifest.source == "build"
    assert f"instead of {'1' * 64} and was removed" in "\n".join(lines)


def test_a_refused_download_leaves_nothing_behind(tiny: Tool, edges: Edges, take: Take, offer: Offer) -> None:
    offer(tiny, "1.2.3", "2" * 64)
    with pytest.raises(ToolError):
        take(tiny)
    assert [path for path in edges.cache.rglob("*") if path.is_file() and path.name != "lock"] == []


def test_a_download_without_any_digest_is_refused_with_the_remedy(
    tiny: Tool, take: Take, offer: Offer, offered: dict[str, bytes], lines: list[str]
) -> None:
    offer(tiny, "1.2.3")
    offered["/SHA256SUMS"] = b""
    with pytest.raises(ToolError):
        take(tiny)
    assert "put its SHA-256 into catalog/lock/tools.yaml" in "\n".join(lines)


def test_a_digest_is_read_from_githubs_api(
    tiny: Tool, take: Take, offer: Offer, offered: dict[str, bytes], address: str
) -> None:
    name = tiny.downloads[0].url.rsplit("/", 1)[1]
    assets = [{"name": "old", "digest": None}, {"name": name, "digest": f"sha256:{offer(tiny, '1.2.3')}"}]
    offered["/release"] = json.dumps({"assets": assets}).encode()
    checksum = Checksum(url=f"{address}/release", form="github")
    tool = replace(tiny, downloads=(replace(tiny.downloads[0], checksum=checksum),))
    assert take(tool).manifest.source == "download"


def test_a_digest_alone_in_its_file_is_read(tiny: Tool, take: Take, offer: Offer, offered: dict[str, bytes]) -> None:
    offered["/SHA256SUMS"] = offer(tiny, "1.2.3").upper().encode()
    assert take(tiny).manifest.source == "download"


def test_a_download_that_answers_another_version_is_not_kept(
    tiny: Tool, take: Take, offer: Offer, lines: list[str]
) -> None:
    offer(tiny, "1.2.4")
    with pytest.raises(ToolError):
        take(tiny)
    assert "tiny answers 1.2.4" in "\n".join(lines)


def test_an_archive_that_lacks_the_program_is_refused(tiny: Tool, take: Take, offer: Offer, lines: list[str]) -> None:
    offer(tiny, "1.2.3")
    tool = replace(tiny, downloads=(replace(tiny.downloads[0], members=(("tiny/other", "tiny"),)),))
    with pytest.raises(ToolError):
        take(tool)
    assert "lacks tiny/other" in "\n".join(lines)


def test_an_archive_that_two_tools_share_is_fetched_once(
    tiny: Tool, edges: Edges, offer: Offer, asked: list[str], progress: Progress
) -> None:
    offer(tiny, "1.2.3")
    provide([tiny, replace(tiny, name="tiny-too")], edges, progress)
    assert len([path for path in asked if path.endswith(".tar.gz")]) == 1


def test_a_host_that_cannot_be_reached_is_told_once(
    tiny: Tool, edges: Edges, progress: Progress, lines: list[str]
) -> None:
    unreachable = "http://127.0.0.1:9"  # the discard port: nothing listens
    checksum = Checksum(url=f"{unreachable}/SHA256SUMS", form="sums")
    download = replace(tiny.downloads[0], url=f"{unreachable}/tiny.tar.gz", checksum=checksum)
    tools = [replace(tiny, name=name, downloads=(download,)) for name in ("tiny", "tiny-too", "tiny-three")]
    with pytest.raises(ToolError):
        provide(tools, edges, progress)
    assert lines == ["No downloads: 127.0.0.1:9 cannot be reached"]


def test_a_tool_is_built_when_nothing_else_has_it(tiny: Tool, take: Take, go: Path) -> None:
    manifest = take(tiny, go.parent).manifest
    assert (manifest.source, manifest.version) == ("build", "1.2.3")


def test_a_build_is_announced_with_the_time_it_takes(tiny: Tool, take: Take, lines: list[str], go: Path) -> None:
    take(tiny, go.parent)
    assert "Building tiny 1.2.3 (1 s)" in lines


def test_the_same_program_may_have_several_names(tiny: Tool, take: Take, go: Path) -> None:
    entry = take(replace(tiny, programs=("tiny", "tiny-client")), go.parent)
    assert entry.program("tiny-client") == entry.program("tiny")


def test_a_build_that_answers_another_version_is_not_kept(tiny: Tool, take: Take, go: Path) -> None:
    wrong = replace(tiny, build=replace(tiny.build, variables=(("main.version", "0.0.1"),)))
    with pytest.raises(ToolError, match=r"built as 1\.2\.3, but tiny answers 0\.0\.1"):
        take(wrong, go.parent)


def test_a_second_run_takes_the_first_ones_result_and_says_nothing(
    tiny: Tool, take: Take, script: Script, lines: list[str]
) -> None:
    take(tiny, script("tiny", "echo tiny v1.2.3"))
    lines.clear()
    take(tiny)
    assert lines == []
