"""What backups promise whatever the service, with the real restic: what they find, what they refuse, how they end."""

import secrets
import time
from collections.abc import Callable
from datetime import UTC, datetime
from itertools import count

import pytest

from tests.backup.root import Root, until

pytestmark = pytest.mark.engine

KEPT = '''
import os, sys, time
from backup import __main__ as program
from backup.service import Service, checksum

class Kept(Service):
    """A service that holds the words of a variable."""

    def dump(self, folder):
        words = os.environ.get("WORDS", "")
        (folder / "data").write_text(words)
        if place := os.environ.get("ALSO"):
            with open(place, "w") as file:
                file.write(words)
        time.sleep(float(os.environ.get("SLEEP", "0")))
        return {"words": checksum(words.split())}

    def try_out(self, folder):
        time.sleep(float(os.environ.get("SLEEP", "0")))
        return {"words": checksum((folder / "data").read_text().split())}

    def load(self, folder):
        open("/data/loaded", "w").close()
        return self.try_out(folder)

program.SERVICES = {"kept": Kept}
sys.exit(program.main())
'''
NUMBERS = count()


class Repository:
    """A repository of one test's own.

    Args:
        root: where it is.
    """

    def __init__(self, root: Root) -> None:
        self.root = root
        self.name = f"repository-{next(NUMBERS)}"

    def start(self, verb: str, **told: str):
        """Start the program; /data/pid says which process it is."""
        script = f"echo $$ > /data/pid; exec python3 /srv/kept.py kept {verb}"
        return self.root.start(script, told=self.root.environment(RESTIC_REPOSITORY=f"/data/{self.name}", **told))

    def run(self, verb: str, **told: str):
        """Return what the program says in its last line."""
        return self.root.said(self.start(verb, **told))

    def restic(self, script: str) -> str:
        """Return what a script says that asks restic."""
        return self.root.run(f"cd /data; {script}", told=self.root.environment(RESTIC_REPOSITORY=f"/data/{self.name}"))

    def locks(self) -> int:
        """Return how many locks there are."""
        return len([*(self.root.place / "data" / self.name / "locks").iterdir()])

    def hold(self) -> Callable[[], str]:
        """Have another run use it; return what ends that as if by the loss of its node."""
        script = "echo $$ > /data/holder; exec restic backup --quiet --stdin-from-command -- sleep 1000"
        holder = self.root.start(script, told=self.root.environment(RESTIC_REPOSITORY=f"/data/{self.name}"))
        until(lambda: self.locks() == 1)

        def lose() -> str:
            self.root.run("kill -KILL $(cat /data/holder)")
            holder.communicate()
            return ""

        return lose


@pytest.fixture
def repository(root: Root) -> Repository:
    """A repository that nobody has made yet."""
    (root.place / "srv/kept.py").write_text(KEPT)
    (root.place / "data/loaded").unlink(missing_ok=True)
    return Repository(root)


def test_the_newest_backup_is_taken_unless_another_one_is_named(repository: Repository) -> None:
    first = repository.run("backup", WORDS="a b")
    second = repository.run("backup", WORDS="a b c")
    assert repository.run("drill")["checksums"] == second["checksums"]
    assert repository.run("restore", SNAPSHOT=first["snapshot"][:8])["checksums"] == first["checksums"]
    told = repository.run("restore", SNAPSHOT="0000000000")
    assert "0 backups of dev kept have an id that begins with 0000000000: choose among" in told["error"]
    assert second["snapshot"][:8] in told["error"]


def test_where_there_is_no_backup_that_is_told(repository: Repository) -> None:
    assert repository.run("restore")["error"] == "there is no backup with the tags dev, kept: make one first"
    repository.run("backup", STACK="prod")
    assert repository.run("restore")["error"] == "there is no backup with the tags dev, kept: make one first"


@pytest.mark.parametrize("verb", ["drill", "restore"])
def test_a_backup_of_another_stack_is_never_loaded(repository: Repository, verb: str) -> None:
    repository.run("backup", WORDS="mine")
    theirs = repository.run("backup", WORDS="theirs", STACK="prod")["snapshot"]
    assert "0 backups of dev kept" in repository.run(verb, SNAPSHOT=theirs)["error"]
    repository.restic(f"restic tag --quiet --set dev,kept {theirs}")
    error = repository.run(verb)["error"]
    assert error.startswith("the backup is of kept in prod, and this is kept in dev; nothing was changed")
    assert not (repository.root.place / "data/loaded").exists()


def test_a_service_that_lost_everything_is_not_backed_up_unasked(repository: Repository) -> None:
    assert "error" not in repository.run("backup"), "there was nothing yet"
    kept = repository.run("backup", WORDS="a")
    told = repository.run("backup")
    assert "kept holds nothing, and its newest backup does; nothing was kept" in told["error"]
    assert repository.run("drill")["checksums"] == kept["checksums"]
    assert "error" not in repository.run("backup", EMPTY="meant")
    assert "error" not in repository.run("backup"), "its newest backup holds nothing either"


def test_a_wrong_password_is_told_without_it(repository: Repository) -> None:
    repository.run("backup", WORDS="a")
    wrong = secrets.token_hex(16)
    error = repository.run("drill", RESTIC_PASSWORD=wrong)["error"]
    assert "wrong password" in error
    assert wrong not in error


def test_a_snapshot_of_somebody_else_is_told_from_a_backup(repository: Repository) -> None:
    repository.run("backup", WORDS="a")
    repository.restic("echo other > other; restic backup --quiet --tag dev,kept other")
    assert "holds no manifest: it is no backup of ours" in repository.run("restore")["error"]


def test_the_lock_of_a_run_that_died_stops_nobody(repository: Repository) -> None:
    repository.run("backup", WORDS="a")
    repository.hold()()
    assert repository.locks() == 1
    assert "error" not in repository.run("backup", WORDS="a b")
    assert repository.locks() == 0


def test_the_lock_of_another_run_is_waited_for(repository: Repository) -> None:
    repository.run("backup", WORDS="a")
    end = repository.hold()
    started = repository.start("backup", WORDS="a b")
    time.sleep(5)
    assert started.poll() is None
    end()
    repository.restic("restic unlock")
    assert "error" not in repository.root.said(started)


def test_told_to_end_it_says_so_and_leaves_nothing_behind(repository: Repository) -> None:
    kept = repository.run("backup", WORDS="a")
    started = repository.start("backup", WORDS="a b", SLEEP="600", TMPDIR="/data")
    until(lambda: len([*repository.root.place.glob("data/backup-*")]) == 1)
    repository.root.run("kill -TERM $(cat /data/pid)")
    assert "it was told to end before it was done" in repository.root.said(started)["error"]
    assert [*repository.root.place.glob("data/backup-*")] == []
    assert repository.run("drill")["checksums"] == kept["checksums"]


def test_told_to_end_it_ends_restic_which_unlocks(repository: Repository) -> None:
    repository.run("backup", WORDS="a")
    end = repository.hold()
    started = repository.start("backup", WORDS="a b")
    until(lambda: "restic --retry-lock=30m forget" in _commands(repository.root))
    repository.root.run("kill -TERM $(cat /data/pid)")
    assert "it was told to end" in repository.root.said(started)["error"]
    assert "--retry-lock" not in _commands(repository.root)
    assert repository.locks() == 1, "that of the other run"
    end()


def test_a_full_disk_is_told_with_what_to_do(repository: Repository) -> None:
    error = repository.run("backup", WORDS="a", ALSO="/dev/full")["error"]
    assert error == "[Errno 28] No space left on device; make room on the node"


def test_what_it_was_not_told_is_named(repository: Repository) -> None:
    started = repository.root.start("exec python3 /srv/kept.py kept backup", told={"STACK": "dev", "WORDS": "a"})
    assert repository.root.said(started)["error"].startswith("'BACKUP_RETENTION' is neither in the environment")


def test_a_backup_is_as_old_as_it_was_when_it_was_asked_for(repository: Repository) -> None:
    taken = datetime.fromisoformat(repository.run("backup", WORDS="a")["taken_at"])
    told = repository.run("drill", SLEEP="5")
    assert told["age_seconds"] <= (datetime.now(UTC) - taken).total_seconds() - 4


def _commands(root: Root) -> str:
    return root.run("for one in /proc/[0-9]*/cmdline; do tr '\\0' ' ' < $one; echo; done 2>/dev/null || true")
