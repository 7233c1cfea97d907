"""What the engine keeps about a stack, and what killed engines leave behind."""

import json
import os
from dataclasses import asdict, replace
from pathlib import Path

import psutil
import pytest

from rehearsal.error import RehearsalError
from rehearsal.home import Folder
from rehearsal.pulumi_cloud.store import Kept, Mark, Update, read_checkpoint
from rehearsal.state import State

RESOURCE = {"urn": "urn:pulumi:dev::sophia::test:index:Thing::one", "custom": True, "type": "test:index:Thing"}
BEGIN = {
    "version": 1,
    "kind": 0,
    "sequenceID": 1,
    "operationID": 1,
    "operation": {"type": "creating", "resource": RESOURCE},
}
SUCCESS = {"version": 1, "kind": 1, "sequenceID": 2, "operationID": 1, "state": RESOURCE}


@pytest.fixture
def kept(folder: Folder) -> Kept:
    found = State(folder).kept
    found.create()
    return found


def _update(pid: int) -> Update:
    return Update(id="1", token="t", pid=pid)  # noqa: S106 - no token of anything


@pytest.fixture
def ended() -> int:
    """The number of a process that is gone."""
    with psutil.Popen(["/bin/true"]) as process:
        process.wait()
    return int(process.pid)


def test_a_stack_that_was_never_initialised_holds_nothing(folder: Folder) -> None:
    state = State(folder)
    assert (state.kept.exists(), state.resources()) == (False, ())


def test_what_the_update_under_way_has_made_is_there_before_it_ends(folder: Folder, kept: Kept, ended: int) -> None:
    kept.begin(_update(ended))
    kept.append([BEGIN, SUCCESS])
    assert list(State(folder).resources()) == [RESOURCE]


def test_what_the_update_under_way_writes_is_read_once_and_in_whole_lines(kept: Kept, ended: int) -> None:
    assert kept.since(Mark()) == (b"", Mark())
    kept.begin(_update(ended))
    kept.append([BEGIN])
    first, mark = kept.since(Mark())
    assert json.loads(first) == [BEGIN]
    assert kept.since(mark) == (b"", mark)
    with kept.journal.open("ab") as file:
        file.write(b'[{"cut')
    assert kept.since(mark) == (b"", mark)
    kept.settle()
    kept.begin(replace(_update(ended), id="2"))
    kept.append([SUCCESS])
    second, _ = kept.since(mark)
    assert json.loads(second) == [SUCCESS], "of another update all of it"


def test_an_entry_that_was_cut_short_is_one_that_nobody_was_told_is_kept(kept: Kept, ended: int) -> None:
    kept.begin(_update(ended))
    kept.append([BEGIN])
    with kept.journal.open("a", encoding="utf-8") as file:
        file.write(json.dumps([SUCCESS])[:20])
    assert kept.deployment()["pending_operations"] == [BEGIN["operation"]]


def test_removing_takes_one_stack_and_leaves_its_neighbour(folder: Folder, kept: Kept, ended: int) -> None:
    neighbour = Kept(kept.root, kept.project, "dev-2")
    for one in (kept, neighbour):
        one.create()
        one.begin(_update(ended))
    State(folder).remove()
    left = sorted(path.name for path in folder.state.rglob("*") if path.is_file())
    assert left == ["dev-2.json", "dev-2.jsonl"]


def test_the_update_of_an_engine_that_is_gone_is_ended_and_nothing_of_it_lost(
    folder: Folder, kept: Kept, ended: int
) -> None:
    kept.begin(_update(ended))
    kept.append([BEGIN, SUCCESS])
    assert State(folder).release_dead_locks() == (ended,)
    assert not kept.journal.exists()
    assert read_checkpoint(kept.checkpoint)["resources"] == [RESOURCE]


def test_a_number_that_went_to_another_program_holds_no_update(folder: Folder, kept: Kept) -> None:
    kept.begin(_update(os.getpid()))
    assert State(folder).release_dead_locks() == (os.getpid(),)


def test_the_update_of_an_engine_that_works_goes_on(folder: Folder, kept: Kept, tmp_path: Path) -> None:
    engine = tmp_path / "pulumi"
    engine.symlink_to("/bin/sleep")
    with psutil.Popen([str(engine), "600"]) as process:
        kept.begin(_update(process.pid))
        released = State(folder).release_dead_locks()
        process.kill()
    assert released == ()
    assert kept.update() == _update(process.pid)


def test_a_state_lies_where_a_file_backend_would_look_for_it(folder: Folder, kept: Kept) -> None:
    kept.replace({"resources": [RESOURCE]})
    document = json.loads((folder.state / ".pulumi/stacks/sophia/dev.json").read_text(encoding="utf-8"))
    assert document["version"] == 3
    assert document["checkpoint"]["latest"]["resources"] == [RESOURCE]


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b"{}", b"\xff", b'{"checkpoint": null}', b'{"checkpoint": "canary"}']
)
def test_a_damaged_checkpoint_is_named_and_nothing_of_it_shown(kept: Kept, content: bytes) -> None:
    kept.checkpoint.write_bytes(content)
    with pytest.raises(RehearsalError, match=str(kept.checkpoint)) as raised:
        kept.deployment()
    assert "canary" not in str(raised.value)


def test_only_its_owner_reads_a_state(kept: Kept, ended: int) -> None:
    kept.begin(_update(ended))
    assert asdict(_update(ended)).keys() == json.loads(kept.journal.read_text("utf-8").splitlines()[0]).keys()
    assert {oct(file.stat().st_mode & 0o777) for file in (kept.journal, kept.checkpoint)} == {"0o600"}
