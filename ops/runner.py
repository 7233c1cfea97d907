"""The rehearsal's runner, which the engine's connections to hosts begin at, as a peer of the access network."""

import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Self

import catalog
from catalog.secret import CI_KEY
from ops.access import ACCESS, CI, HostAccess, hosts, wg_quick
from ops.error import AccessError, StateError
from rehearsal import Rehearsal, RehearsalError
from rehearsal.pulumi_cloud.store import Mark

_PERIOD_SECONDS = 1.0
"""Between two looks at what the run has written."""

_OF_AN_INTERFACE = f'"type":"{ACCESS}"'.encode()
"""What stands in the journal where an interface is written: to read a state of 800 resources takes 0.3 s."""


@dataclass(slots=True)
class Runner:
    """The runner of one stack's rehearsal.

    It is a peer of one stack's hosts at a time: each verb that goes to them joins first.

    Args:
        rehearsal: the stack's; it was started.
        facts: the catalog.
    """

    rehearsal: Rehearsal
    facts: catalog.Catalog
    _joined: Mapping[str, HostAccess] = field(default_factory=dict, init=False)
    _seen: Mark = field(default=Mark(), init=False)

    def join(self) -> bool:
        """Make the runner the peer ``ci`` of the stack's hosts, with the file that ``access config ci`` prints.

        Nothing happens, and False is returned, while no host has an access interface, or where ci's key is not known.

        Raises:
            RehearsalError: the state cannot be read, or the interface cannot be made.
        """
        found = hosts(self.rehearsal.state.resources())
        key = self.rehearsal.secret(CI_KEY)
        if not found or key is None:
            return False
        peer = self.facts.access.peers[CI]
        file = wg_quick(CI, peer, stack=self.rehearsal.stack, hosts=found, private_key=key)
        self.rehearsal.account.room.join_access(file)
        self._joined = found
        return True

    def follow(self) -> None:
        """Join when there are other hosts than those that it is a peer of.

        Raises:
            RehearsalError: the state cannot be read, or the interface cannot be made.
        """
        said, seen = self.rehearsal.state.kept.since(self._seen)
        if _OF_AN_INTERFACE in said and hosts(self.rehearsal.state.resources()) != self._joined:
            self.join()
        self._seen = seen


@dataclass(slots=True)
class Following:
    """Follows what the engine makes while the block runs.

    A cluster is reached by the access address of its server, whose interface the same run may have made.

    Args:
        follow: called every second.
    """

    follow: Callable[[], object]
    _leaving: threading.Event = field(default_factory=threading.Event, init=False)
    _thread: threading.Thread | None = field(default=None, init=False)

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._leaving.set()
        if self._thread:
            self._thread.join()

    def _run(self) -> None:
        while not self._leaving.wait(_PERIOD_SECONDS):
            # What keeps it from joining keeps the engine from its hosts, and is told when the run has ended.
            with suppress(AccessError, RehearsalError, StateError):
                self.follow()
