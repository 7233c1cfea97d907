"""What backups promise whatever the service: a digest that finds every difference, and no restore of something else."""

import json
import sys
from pathlib import Path
from typing import ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backup import __main__ as program
from backup import repository
from backup.service import BackupError, Service, checksum

ITEMS = st.lists(st.dictionaries(st.text(max_size=4), st.integers() | st.text(max_size=4), max_size=3), max_size=6)


@given(ITEMS, st.randoms())
def test_the_order_of_items_changes_no_checksum(items, chance):
    mixed = chance.sample(items, len(items))
    assert checksum(items) == checksum(mixed)


@given(ITEMS, st.data())
def test_an_item_more_or_less_or_another_one_does(items, data):
    extra = data.draw(st.dictionaries(st.text(max_size=4), st.integers(), max_size=2))
    assert checksum([*items, extra]) != checksum(items)
    if items:
        index = data.draw(st.integers(0, len(items) - 1))
        assert checksum([*items[:index], {"other": True}, *items[index + 1 :]]) != checksum(items)


class Kept(Service):
    """A service that holds what a file of the dump says."""

    loaded: ClassVar[list[str]] = []

    def dump(self, folder: Path):
        (folder / "data").write_text("1")
        return {"data": checksum([1])}

    def try_out(self, folder: Path):
        return {"data": checksum(json.loads(f"[{(folder / 'data').read_text()}]"))}

    def load(self, folder: Path):
        self.loaded.append("yes")
        return self.try_out(folder)


@pytest.fixture
def kept(monkeypatch):
    """Gives a folder into which a snapshot is fetched that says what the test wants."""

    def say(**manifest: object) -> None:
        def fetch(folder: Path, *_: object):
            (folder / "data").write_text(str(manifest.pop("data", 1)))
            told = {"stack": "dev", "service": "kept", "taken_at": "2026-11-29T02:00:00+00:00"}
            return {**told, "checksums": {"data": checksum([1])}, "snapshot": "abc", **manifest}

        monkeypatch.setattr(repository, "fetch", fetch)

    monkeypatch.setattr(program, "SERVICES", {"kept": Kept})
    Kept.loaded.clear()
    return say


@pytest.mark.parametrize("verb", ["drill", "restore"])
def test_a_backup_of_another_stack_is_refused_before_anything_is_loaded(kept, tmp_path, verb):
    kept(stack="prod")
    with pytest.raises(
        BackupError, match="the backup is of kept in prod, and this is kept in dev; nothing was changed"
    ):
        program.restore("kept", "dev", tmp_path, verb=verb)
    assert Kept.loaded == []


def test_what_differs_from_what_was_backed_up_is_told(kept, tmp_path):
    kept(data=2)
    with pytest.raises(BackupError, match="data are not what was backed up as abc"):
        program.restore("kept", "dev", tmp_path, verb="drill")


def test_what_a_drill_does_not_find_is_told_too(kept, tmp_path):
    kept(checksums={"data": checksum([1]), "gone": checksum([])})
    with pytest.raises(BackupError, match="gone are not what was backed up"):
        program.restore("kept", "dev", tmp_path, verb="drill")


def test_what_is_whole_is_told_with_its_age(kept, tmp_path):
    kept()
    told = program.restore("kept", "dev", tmp_path, verb="restore")
    assert told["checksums"] == {"data": checksum([1])}
    assert told["age_seconds"] > 0


def test_it_is_of_the_standard_library_alone():
    """Its image brings nothing else."""
    names = {path.stem for path in Path(program.__file__).parent.glob("*.py")}
    imported = {
        line.split()[1].partition(".")[0]
        for path in Path(program.__file__).parent.glob("*.py")
        for line in path.read_text(encoding="utf-8").splitlines()
        if line.startswith(("import ", "from "))
    }
    assert imported <= {*sys.stdlib_module_names, "backup"}
    assert {"postgresql", "valkey", "weaviate"} <= names
