"""What ends a start before anything is changed, and what works without the tool chain."""

import io
import shutil
from pathlib import Path
from typing import NamedTuple

import httpx
import pytest

from rehearsal import Rehearsal, RehearsalError, stacks
from rehearsal.home import AccountFolder, Folder
from rehearsal.toolchain import Toolchain, progress_for

NO_TOOLS = Toolchain(Path("/none"), {}, Path("/none"))


class Usage(NamedTuple):
    total: int
    used: int
    free: int


def test_a_full_disk_ends_the_start_before_anything_is_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rehearsal.machines.command.os.geteuid", lambda: 0)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(10**12, 10**12 - 10**8, 10**8))
    rehearsal = Rehearsal(stack="dev", home=tmp_path / "home", toolchain=NO_TOOLS)
    with pytest.raises(RehearsalError, match=r"95 MiB are free and a rehearsal needs 1024.*SOPHIA_HOME"):
        rehearsal.start(progress_for(io.StringIO()))
    assert not rehearsal.folder.path.exists()


def test_a_kubeconfig_of_a_cluster_that_is_gone_is_not_left_to_people(tmp_path: Path) -> None:
    rehearsal = Rehearsal(stack="dev", home=tmp_path / "home")
    rehearsal.folder.create()
    rehearsal.kubeconfig.write_text("old", encoding="utf-8")
    with pytest.raises(RehearsalError, match=r"there is no cluster yet.*`\./sophia up dev` brings it up"):
        rehearsal.write_kubeconfig()
    assert not rehearsal.kubeconfig.exists()


def test_a_request_before_there_is_a_cluster_says_so(tmp_path: Path) -> None:
    with (
        Rehearsal(stack="dev", home=tmp_path / "home").cluster() as cluster,
        pytest.raises(httpx.ConnectError, match="there is no cluster yet"),
    ):
        cluster.get("/api/v1/nodes")


def test_a_stack_that_sleeps_has_no_kubeconfig_until_it_wakes(tmp_path: Path) -> None:
    rehearsal = Rehearsal(stack="dev", home=tmp_path / "home")
    rehearsal.folder.create()
    rehearsal.kubeconfig.write_text("old", encoding="utf-8")
    rehearsal.vector_store.data.mkdir()
    rehearsal.sleep("cloud")
    assert (rehearsal.asleep, rehearsal.kubeconfig.exists()) == (True, False)
    assert rehearsal.vector_store.data.exists(), "a vendor's store does not go with the machines"
    rehearsal.sleep("self-hosted")
    assert not rehearsal.vector_store.data.exists()
    rehearsal.wake()
    assert not rehearsal.asleep


def test_a_rehearsal_is_looked_at_without_the_tool_chain_and_without_a_trace(tmp_path: Path) -> None:
    status = Rehearsal(stack="dev", home=tmp_path / "home").status()
    assert [service.name for service in status if service.running] == []
    assert not (tmp_path / "home").exists()


def test_removing_what_never_was_leaves_nothing(tmp_path: Path) -> None:
    Rehearsal(stack="dev", home=tmp_path / "home").remove()
    assert not (tmp_path / "home").exists()


def test_starting_without_the_tool_chain_says_how_to_get_it(tmp_path: Path) -> None:
    with pytest.raises(RehearsalError, match=r"run `\./sophia setup`"):
        Rehearsal(stack="dev", home=tmp_path).environment()


def test_a_stack_ends_although_the_account_cannot_be_told_and_the_end_says_so(tmp_path: Path) -> None:
    home = tmp_path / "home"
    for stack in ("dev", "staging"):
        Folder(home, stack).create()
    folder = AccountFolder(home)
    folder.create()
    folder.key.write_text("opens-nothing", encoding="utf-8")
    folder.state.write_text("{}", encoding="utf-8")
    with pytest.raises(RehearsalError, match=r"dev is gone, but the account still holds what was its"):
        Rehearsal(stack="dev", home=home).remove()
    assert stacks(home) == ("staging",)
    Rehearsal(stack="staging", home=home).remove(release=False)
    assert not home.exists()
