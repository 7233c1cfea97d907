"""The rehearsal's runner is a peer of the hosts that there are, also of those that a run makes."""

import json
import threading
from types import SimpleNamespace
from typing import Any

from ops.runner import Following, Runner
from rehearsal import RehearsalError
from rehearsal.pulumi_cloud.store import Mark
from tests.ops.test_access import ACCESS, CANARY, STATE


class Stands:
    """A rehearsal of which only what joining asks for is there."""

    def __init__(self, resources: list[dict[str, Any]], secrets: dict[str, str]) -> None:
        self.secret = secrets.get
        self.stack = "prod"
        self.files: list[str] = []
        self.journal: list[Any] = []
        kept = SimpleNamespace(since=self.since)
        self.state = SimpleNamespace(resources=lambda: list(resources), kept=kept)
        self.account = SimpleNamespace(room=SimpleNamespace(join_access=self.files.append))

    def since(self, mark: Mark) -> tuple[bytes, Mark]:
        """Return what the journal says after a mark."""
        lines = [json.dumps([one], separators=(",", ":")).encode() for one in self.journal[mark.offset :]]
        return b"\n".join(lines), Mark(b"", len(self.journal))


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
    for more in ([], STATE[1:], STATE[1:]):
        resources += more
        stands.journal += [{"state": one} for one in more]
        runner.follow()
        told.append(len(stands.files))
    assert told == [0, 1, 1]


def test_a_state_is_not_read_for_what_is_no_interface():
    resources = STATE[:1]
    stands = Stands(resources, {"ACCESS_CI_PRIVATE_KEY": CANARY})
    runner = runner_of(stands)
    resources += STATE[1:]
    stands.journal += [{"state": {"type": "kubernetes:core/v1:Secret", "dependencies": ["a::host:index:Access::b"]}}]
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
