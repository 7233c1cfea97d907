"""The account: everything that exists in it, and its time."""

from pathlib import Path
from threading import RLock

from rehearsal.lambda_cloud import birth
from rehearsal.lambda_cloud.clock import Clock
from rehearsal.lambda_cloud.file_systems import FileSystems
from rehearsal.lambda_cloud.firewall import Firewall
from rehearsal.lambda_cloud.instances import Instances
from rehearsal.lambda_cloud.journal import Journal
from rehearsal.lambda_cloud.keys import SshKeys
from rehearsal.lambda_cloud.market import Market
from rehearsal.lambda_cloud.records import State, Status
from rehearsal.lambda_cloud.view import AccountView, view


class Account:
    """One Lambda Cloud account.

    What it offers raises ``ApiError`` where the API would refuse, and changes nothing then. Its clock stands until it
    is served. Whoever changes it while it is served holds its lock.

    Args:
        state: what it is.
    """

    def __init__(self, state: State) -> None:
        self.lock = RLock()
        self.state = state
        self.clock = Clock(state.now)
        self.journal = Journal(state, self.clock)
        self.market = Market(state)
        self.instances = Instances(state, self.clock, self.journal, self.market)
        self.ssh_keys = SshKeys(state, self.journal)
        self.file_systems = FileSystems(state, self.clock, self.journal)
        self.firewall = Firewall(state, self.clock, self.journal)

    @classmethod
    def born(cls, *, private_key: Path | None = None) -> "Account":
        """Return an account like the real one: five live machines, their SSH key, the global ruleset.

        Args:
            private_key: the file that gets the private half of the SSH key; without it nobody ever has it.
        """
        state, private = birth.born()
        if private_key:
            private_key.touch(mode=0o600)
            private_key.write_text(private, encoding="utf-8")
        return cls(state)

    @classmethod
    def empty(cls) -> "Account":
        """Return an account without machines and keys."""
        return cls(birth.empty())

    def snapshot(self) -> str:
        """Return everything it is now, as JSON."""
        with self.lock:
            self.state.now = self.clock.now
            return self.state.model_dump_json()

    def view(self) -> AccountView:
        """Return everything there is, terminated instances included."""
        with self.lock:
            return view(self.state, self.clock.now)

    def counters(self) -> dict[str, int]:
        """Return how often things happened, and how many instances run that were launched.

        ``launches`` and ``terminations`` are the API's; ``foreign`` are instances that appeared behind its users'
        backs, ``lost`` those that were terminated or preempted there, ``removed`` those that a reset took away and
        ``restored`` born machines that it brought back to their first state. While no born machine is terminated,
        ``launches + foreign - terminations - lost - removed`` is ``live``.
        """
        with self.lock:
            now = self.clock.now
            instances = self.state.instances.values()
            names = ("launches", "foreign", "terminations", "lost", "removed", "restored")
            counts = {**dict.fromkeys(names, 0), **self.state.counts}
            counts["lost"] += sum(one.status(now) is Status.PREEMPTED for one in instances)
            counts["live"] = sum(one.running(now) and not one.born for one in instances)
            return counts
