"""Changes units of systemd: what each needs is found out, then done for all of them with one order of each kind."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from providers.host.remote.common import StepFailedError, answer, journal, run
from providers.host.remote.staging import place
from providers.host.remote.systemd import ENABLED, FOLDER, UNDECIDED, Shown, show, systemctl

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

# A file here says that a unit has to be restarted, and goes when it was; at a boot all units start anew.
OWED = Path("/run/sophia/restarts")
# When a unit was last made to read its files, as the time of a file; gone at a boot, when all units read them.
READ = Path("/run/sophia/read")
# A look costs a process and systemd's own time, and all hosts of a stack are looked at together.
POLL_SECONDS = 0.2
# One that ends at once is active for a moment.
SETTLED_SECONDS = 0.4


def write(requests: list[Any]) -> list[Any]:
    """Make units what is wanted, and return what became of each: nothing, or what failed."""
    shown = show([request["name"] for request in requests])
    changes = [_Change(request, shown[request["name"]]) for request in requests]
    _each(changes, _Change.put)
    # One that systemd has never seen it reads when it is first named.
    if any(change.reload for change in _good(changes)):
        _together(_good(changes), "daemon-reload", names=False)
    _together(
        [c for c in _good(changes) if c.owed and c.data["content"] and c.data["enabled"]], "--no-reload", "enable"
    )
    _together([change for change in _good(changes) if change.data["masked"]], "mask", "--now")
    here = [change for change in _good(changes) if not change.data["masked"]]
    _look(here)
    _each(here, _Change.require)
    here = [change for change in _good(here) if not change.absent]
    _together([change for change in here if change.enable is True], "enable")
    _together([change for change in here if change.enable is False], "disable")
    _together([change for change in _good(here) if change.stops], "stop")
    starting = [change for change in _good(here) if change.starts]
    _begin(starting)
    _wait(_good(starting))
    return [answer(change.end, None) for change in changes]


class _Change:
    """What is to be done with one unit, and what became of it."""

    def __init__(self, data: Any, shown: Shown) -> None:
        self.data = data
        self.name: str = data["name"]
        self.before = self.shown = shown
        self.error: Exception | None = None
        self.since: float | None = None
        self.absent = False
        self._file = FOLDER / self.name
        plain = self._file.is_file() and not self._file.is_symlink()
        self._old = self._file.read_text(encoding="utf-8") if plain else None
        self._changed = data["content"] is not None and data["content"] != self._old
        # What an interrupted run has begun, this one ends.
        self.owed = self._changed or (OWED / self.name).exists()
        self.reload = False

    def put(self) -> None:
        """Have its file say what is wanted."""
        if self.before.get("LoadState") == "masked" and not self.data["masked"]:
            systemctl("unmask", self.name)
        if self.owed or self.data["restart"]:
            OWED.mkdir(parents=True, exist_ok=True)
            (OWED / self.name).touch()
        content = self.data["content"]
        if self.owed and content is not None:
            if self._file.is_symlink():
                self._file.unlink()
            place([{"path": str(self._file), "content": content, "mode": "0644", "owner": "root", "group": "root"}])
        elif self.data["discard"] and self._old is not None:
            self._file.unlink()
        # A file beside its own may have changed, such as what says when a timer is due: it does not see a new folder.
        beside = self.verb == "reload-or-restart" and (FOLDER / f"{self.name}.d").is_dir()
        known = self.before.get("LoadState") != "not-found"
        stale = self.before.get("NeedDaemonReload") == "yes"
        self.reload = beside or stale or (known and (self.owed or self.data["discard"]))

    @property
    def verb(self) -> str:
        """How it begins."""
        if not (self.owed or self.data["restart"]):
            return "start"
        # Only another definition needs a restart: it would end an SSH server before its new settings are refused.
        return "restart" if self.owed and self.data["content"] is not None else "reload-or-restart"

    def require(self) -> None:
        """Refuse one that systemd does not know."""
        if self.shown.get("LoadState") == "not-found":
            self.absent = True
            if self.data["active"] or self.data["enabled"]:
                what = "systemd knows no such unit"
                raise StepFailedError(what, "correct the name, or install the package that brings it first")

    @property
    def enable(self) -> bool | None:
        """Whether it has to be enabled, or disabled; None where it is what is wanted."""
        wanted: bool = self.data["enabled"]
        return None if is_enabled(self.shown, wanted=wanted) == wanted else wanted

    @property
    def stops(self) -> bool:
        """Whether it has to be stopped."""
        return not self.data["active"] and self.shown.get("ActiveState") not in {"inactive", "failed"}

    @property
    def starts(self) -> bool:
        """Whether it has to be started, or begun anew."""
        return self.data["active"] and (self.shown.get("ActiveState") != "active" or self.verb != "start")

    def settled(self) -> bool:
        """Return whether it is active, and stays it for a moment.

        Raises:
            StepFailedError: it does not become active.
        """
        state, jobs = self.shown.get("ActiveState"), self.shown.get("Job", "0").strip("0")
        if state == "active" and not jobs:
            self.since = self.since or time.monotonic()
            # A timer, a socket, a mount and what has done its work have no process that could end.
            lasts = not self.name.endswith(".service") or self.shown.get("SubState") == "exited"
            return lasts or time.monotonic() - self.since >= SETTLED_SECONDS
        if not jobs and (state in {"failed", "inactive"} or self.shown.get("SubState") == "auto-restart"):
            what = f"does not become active: {state}, {self.shown.get('Result', 'unknown')}"
            raise StepFailedError(what, "the last lines of its journal say why", journal(self.name))
        self.since = None
        return False

    def late(self) -> None:
        """Fail for want of patience."""
        state, sub = self.shown.get("ActiveState"), self.shown.get("SubState", "unknown")
        what = f"is not active after {self.data['patience']:g} s: {state}, {sub}"
        remedy = "the last lines of its journal say why; give it more patience"
        raise StepFailedError(what, remedy, journal(self.name))

    def end(self, _: object) -> dict[str, Any]:
        """Keep what was done, or put back what was there before a change that failed."""
        if self.error is None:
            READ.mkdir(parents=True, exist_ok=True)
            (READ / self.name).touch()
            (OWED / self.name).unlink(missing_ok=True)
            return {}
        if self._changed:
            self._restore()
        raise self.error

    def _restore(self) -> None:
        run(["systemctl", "stop", self.name])
        if self._old is None:
            run(["systemctl", "disable", self.name])
            self._file.unlink(missing_ok=True)
        else:
            place([{"path": str(self._file), "content": self._old, "mode": "0644", "owner": "root", "group": "root"}])
        run(["systemctl", "daemon-reload"])
        run(["systemctl", "reset-failed", self.name])
        (OWED / self.name).unlink(missing_ok=True)
        if self._old is not None and self.before.get("ActiveState") == "active":
            run(["systemctl", "start", self.name])


def is_enabled(shown: Shown, *, wanted: bool) -> bool:
    """Return whether a unit starts at boot; what is wanted, of one that says nothing about that."""
    state = shown.get("UnitFileState", "")
    return wanted if state in UNDECIDED else state in ENABLED


def _good(changes: Iterable[_Change]) -> list[_Change]:
    return [change for change in changes if change.error is None]


def _each(changes: Iterable[_Change], act: Callable[[_Change], object]) -> None:
    """Do something with each, and keep what fails to the unit that it fails for."""
    for change in changes:
        try:
            act(change)
        except (StepFailedError, OSError) as error:
            change.error = error


def _together(changes: list[_Change], *words: str, names: bool = True, seconds: float = 60) -> None:
    """Give one order for all; where it fails, one for each, to know whose failure it is."""
    if not changes:
        return
    try:
        systemctl(*words, *([change.name for change in changes] if names else ()), seconds=seconds)
    except StepFailedError as error:
        if len(changes) == 1 or not names:
            for change in changes:
                change.error = error
        else:
            _each(changes, lambda change: systemctl(*words, change.name, seconds=seconds))


def _look(changes: list[_Change]) -> None:
    shown = show([change.name for change in changes])
    for change in changes:
        change.shown = shown[change.name]


def _begin(changes: list[_Change]) -> None:
    failed = [change.name for change in changes if change.shown.get("ActiveState") == "failed"]
    if failed:
        run(["systemctl", "reset-failed", *failed])
    for verb in ("restart", "start"):
        _together([change for change in changes if change.verb == verb], verb, "--no-block")
    again = [change for change in changes if change.verb == "reload-or-restart"]
    # A unit whose reload fails stays active: only the command itself tells.
    _together(again, "reload-or-restart", seconds=max((change.data["patience"] for change in again), default=0))


def _wait(changes: list[_Change]) -> None:
    """Wait until each is active and stays it for a moment."""
    began = time.monotonic()
    while changes:
        _look(changes)
        settled: set[str] = set()

        def look(change: _Change, settled: set[str] = settled) -> None:
            if change.settled():
                settled.add(change.name)
            elif time.monotonic() - began > change.data["patience"]:
                change.late()

        _each(changes, look)
        changes = [change for change in _good(changes) if change.name not in settled]
        if changes:
            time.sleep(POLL_SECONDS)
