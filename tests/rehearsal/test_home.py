"""Where rehearsals keep what they own."""

import stat
from pathlib import Path

import pytest

from rehearsal import RehearsalError, home, stacks
from rehearsal.home import Folder, private, write_private


def test_the_chosen_home_wins_over_the_state_directory(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SOPHIA_HOME", str(tmp_path / "lane"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    assert home() == tmp_path / "lane"


def test_the_home_is_in_the_state_directory_by_default(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("SOPHIA_HOME", raising=False)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    assert home() == tmp_path / "sophia"


def test_a_relative_state_directory_is_ignored_as_its_specification_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SOPHIA_HOME", raising=False)
    monkeypatch.setenv("XDG_STATE_HOME", "state")
    assert home() == Path.home() / ".local/state/sophia"


@pytest.mark.parametrize("name", ["", "../prod", "Dev", "a.b", "a/b"])
def test_a_name_that_is_no_stack_never_becomes_a_path(name: str, tmp_path: Path) -> None:
    with pytest.raises(RehearsalError, match="stack's name"):
        Folder(tmp_path, name)


def test_nobody_else_can_enter_what_a_rehearsal_makes(tmp_path: Path) -> None:
    folder = Folder(tmp_path / "home", "dev")
    folder.create()
    made = [tmp_path / "home", *(path for path in (tmp_path / "home").rglob("*") if path.is_dir())]
    assert {stat.S_IMODE(path.stat().st_mode) for path in made} == {0o700}


def test_a_directory_that_was_there_keeps_its_mode(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    private(tmp_path / "home")
    assert stat.S_IMODE(tmp_path.stat().st_mode) == 0o755, "SOPHIA_HOME may be below a directory that others use"


def test_a_file_in_the_way_of_the_home_is_named_with_the_remedy(tmp_path: Path) -> None:
    (tmp_path / "home").write_text("", encoding="utf-8")
    with pytest.raises(RehearsalError, match=r"home/stacks.*set SOPHIA_HOME"):
        Folder(tmp_path / "home", "dev").create()


def test_a_private_file_is_its_owners_alone_even_over_an_open_one(tmp_path: Path) -> None:
    secret = tmp_path / "passphrase"
    secret.write_text("old", encoding="utf-8")
    secret.chmod(0o644)
    write_private(secret, "new")
    assert (stat.S_IMODE(secret.stat().st_mode), secret.read_text(encoding="utf-8")) == (0o600, "new")


def test_the_stacks_of_a_home_are_its_directories(tmp_path: Path) -> None:
    for stack in ("prod", "dev"):
        Folder(tmp_path, stack).create()
    Folder(tmp_path, "dev").lock.touch()
    assert stacks(tmp_path) == ("dev", "prod")


def test_a_home_that_does_not_exist_has_no_stacks(tmp_path: Path) -> None:
    assert stacks(tmp_path / "none") == ()


def test_the_last_stack_takes_the_shared_parts_with_it(tmp_path: Path) -> None:
    home = tmp_path / "home"
    dev, prod = Folder(home, "dev"), Folder(home, "prod")
    dev.create()
    prod.create()
    dev.remove()
    assert dev.pulumi_home.is_dir(), "prod still needs the engine's directory"
    prod.remove()
    assert not home.exists()


def test_removing_never_deletes_what_a_rehearsal_did_not_make(tmp_path: Path) -> None:
    folder = Folder(tmp_path, "dev")
    folder.create()
    (tmp_path / "notes.txt").write_text("mine", encoding="utf-8")
    folder.remove()
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]
