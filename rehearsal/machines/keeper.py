"""Makes the machines of a home equal to its account, again and again."""

import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from rehearsal.error import RehearsalError
from rehearsal.machines.machine import Machine
from rehearsal.machines.room import Room
from rehearsal.machines.wanted import Sources, Wanted

_PERIOD = 0.1
"""Seconds between looks: a look is a `stat` of a few files, and costs no measurable time."""

_PULSE = 1.0
"""Seconds between looks at the machines themselves: one that ended by itself, as by a reboot, is booted again."""

_AGAIN = 5.0
"""Seconds until what failed is tried again."""

_AT_ONCE = 8


@dataclass(slots=True)
class Keeper:
    """Follows an account.

    Args:
        room: where its machines are; it is open.
        write: told each line of the log.
    """

    room: Room
    write: Callable[[str], None] = field(default=lambda line: print(line, file=sys.stderr, flush=True))  # noqa: T201
    _sources: Sources = field(init=False)
    _pool: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(_AT_ONCE), init=False)
    _busy: set[str] = field(default_factory=set, init=False)
    _failed: dict[str, float] = field(default_factory=dict, init=False)
    _booted: dict[str, float] = field(default_factory=dict, init=False)
    _ending: threading.Event = field(default_factory=threading.Event, init=False)
    _looked: threading.Condition = field(default_factory=threading.Condition, init=False)
    _running: tuple[int, ...] = field(default=(), init=False)
    _stale: bool = field(default=False, init=False)
    _rounds: int = field(default=0, init=False)
    _waiting: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        self._sources = Sources(self.room.home)

    def run(self) -> None:
        """Follow the account until `end` is called."""
        seen: object = None
        pulse = 0.0
        while not self._ending.is_set():
            version, now = self._sources.version(), time.monotonic()
            stale = version != seen or self._stale or bool(self._waiting)
            if stale or (now >= pulse and self._restless()):
                seen, self._stale = version, False
                self._look()
                with self._looked:
                    self._rounds += 1
                    self._looked.notify_all()
            if now >= pulse:
                pulse = now + _PULSE
            self._ending.wait(_PERIOD if not self._waiting else _PERIOD / 10)
        with self._looked:
            self._looked.notify_all()
        self._pool.shutdown(cancel_futures=True)

    def end(self) -> None:
        """Make `run` return; the machines go on."""
        self._ending.set()

    def settle(self) -> None:
        """Return when the machines are what the account says at this moment, or could not be made so."""
        with self._looked:
            self._waiting += 1
            # A look that is under way may have read what was before, and what was under way may have to be undone.
            for _ in range(2):
                self._look_twice()
                self._looked.wait_for(lambda: not self._busy or self._ending.is_set())
            self._waiting -= 1

    def _look_twice(self) -> None:
        enough = self._rounds + 2
        self._looked.wait_for(lambda: self._rounds >= enough or self._ending.is_set())

    def _restless(self) -> bool:
        """Whether a machine has ended by itself or is to be tried again; this is asked every second."""
        return bool(self._failed) or not all(Path(f"/proc/{pid}").exists() for pid in self._running)

    def _look(self) -> None:
        try:
            wanted = self._sources.wanted()
            there = {machine.spec.id: machine for machine in self.room.list()}
        except (OSError, ValueError, RehearsalError) as error:
            self.write(f"what there is cannot be read ({type(error).__name__}); the machines stay as they are")
            return
        self._running = tuple(machine.init for machine in there.values() if machine.init)
        for machine_id in wanted.keys() | there.keys():
            if machine_id in self._busy or time.monotonic() < self._failed.get(machine_id, 0.0):
                continue
            act = self._needed(wanted.get(machine_id), there.get(machine_id))
            if act:
                self._busy.add(machine_id)
                self._pool.submit(self._do, machine_id, *act)

    def _needed(self, wanted: Wanted | None, there: Machine | None) -> tuple[str, Callable[[], object]] | None:
        room = self.room
        if wanted is None:
            return ("end", lambda: room.stop(there.spec.id)) if there else None
        spec = wanted.spec
        if there is None or not there.running:
            return "boot", lambda: self._boot(wanted)
        if there.spec.public != spec.public:
            return f"change the address to {spec.public} of", lambda: room.readdress(spec.id, spec.public)
        if wanted.booted > self._booted.setdefault(spec.id, wanted.booted):
            return "reboot", lambda: self._reboot(wanted)
        return None

    def _boot(self, wanted: Wanted) -> None:
        self._booted[wanted.spec.id] = wanted.booted
        self.room.boot(wanted.spec)

    def _reboot(self, wanted: Wanted) -> None:
        self.room.halt(wanted.spec.id)
        self._boot(wanted)

    def _do(self, machine_id: str, what: str, act: Callable[[], object]) -> None:
        begun = time.monotonic()
        try:
            act()
        except Exception as error:  # noqa: BLE001 - whatever it is, the other machines are kept, and this one tried again
            self._failed[machine_id] = time.monotonic() + _AGAIN
            self.write(f"{what} {machine_id}: {type(error).__name__}: {error}")
        else:
            self._failed.pop(machine_id, None)
            self.write(f"{what} {machine_id}: done in {time.monotonic() - begun:.1f} s")
        finally:
            with self._looked:
                self._busy.discard(machine_id)
                self._stale = True
                self._looked.notify_all()
