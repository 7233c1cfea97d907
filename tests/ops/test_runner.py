"""The rehearsal's runner is a peer of the hosts that there are, also of those that a run makes."""

import threading
from types import SimpleNamespace
from typing import Any

from ops.runner import Following, Runner
from rehearsal import RehearsalError
from tests.ops.test_access import ACCESS, CANARY, STATE


class Stands:
    """A rehearsal of which only what joining asks for is there."""

    def __init__(self, resources: list[dict[str, Any]], secrets: dict[str, str]) -> None:
        self.secret = secrets.get
        self.stack = "prod"
        self.files: list[str] = []
        self.moment = 0
        self.state = SimpleNamespace(resources=lambda: list(resources), written=lambda: self.moment)
        self.account = SimpleNamespace(room=SimpleNamespace(join_access=self.files.append))

    def written(self, moment: int) -> None:
        """Let the state be written."""
        self.moment = moment


def runner_of(rehearsal: Stands) -> Runner:
    return Runner(rehearsal, SimpleNamespace(access=ACCESS))  # type: ignore[arg-type]  # what it asks


def joined(*given: Any) -> list[str]:
    stands = Stands(*given)
    assert runner_of(stands).join() is bool(stands.files)
    return stands.files


def test_the_runner_joins_nothing_while_there_is_nothing_to_join():
    assert joined(STATE, {}) == [], "ci has no key"
    assert joined(STATE[:1], {"ACCESS_CI_PRIVATE_KEY": CANARY}) == [], "no host is finished"


def test_the_runner_follows_what_a_run_makes_and_joins_once_for_the_same_hosts():
    resources = STATE[:1]
    stands = Stands(resources, {"ACCESS_CI_PRIVATE_KEY": CANARY})
    runner, told = runner_of(stands), []
    for moment, more in enumerate(([], STATE[1:], []), start=1):
        resources += more
        stands.written(moment)
        runner.follow()
        told.append(len(stands.files))
    assert told == [0, 1, 1]


def test_a_state_that_was_not_written_again_is_not_read_again():
    resources = STATE[:1]
    stands = Stands(resources, {"ACCESS_CI_PRIVATE_KEY": CANARY})
    stands.written(1)
    runner = runner_of(stands)
    runner.follow()
    resources += STATE[1:]
    runner.follow()
    assert stands.files == []


def test_it_is_followed_until_the_run_has_ended_whatever_goes_wrong(monkeypatch):
    monkeypatch.setattr("ops.runner._PERIOD_SECONDS", 0.01)
    asked = threading.Semaphore(0)

    def fail() -> None:
        asked.release()
        msg = "the state cannot be read"
        raise RehearsalError(msg)

    before = threading.active_count()
    with Following(fail):
        assert asked.acquire(timeout=5)
        assert asked.acquire(timeout=5), "one failure is not the end"
    assert threading.active_count() == before
