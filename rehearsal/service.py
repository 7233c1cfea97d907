"""The services of a rehearsal: started when they do not run, waited for until they answer, ended in reverse order."""

import ssl
import time
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path

import httpx

from rehearsal.error import RehearsalError
from rehearsal.home import Place
from rehearsal.process import Record, end, end_changed, find, last_lines, log_of, spawn
from rehearsal.toolchain import Progress
from rehearsal.waiting import until

_PATIENCE = 5.0
"""Seconds a service has to end by itself; the slowest measured, the API server, takes 2."""

_READY = 60.0
"""Seconds a service has to answer; the slowest measured, the API server, takes 3 alone and 10 on a busy machine."""


@dataclass(frozen=True, slots=True)
class Service:
    """A program that must run and answer."""

    name: str
    """Its name."""
    command: tuple[str, ...]
    """Absolute path of the program, and its arguments."""
    ready: str
    """The URL that answers 200 when it is ready."""


@dataclass(frozen=True, slots=True)
class ServiceStatus:
    """What is known of one service without asking it."""

    name: str
    """Name of the service."""
    pid: int | None
    """Its process; absent when it does not run."""
    uptime_seconds: float | None
    """For how long it has run; absent when it does not."""
    endpoint: str
    """Address and port of its first listener."""
    log: Path
    """Its log."""

    @property
    def running(self) -> bool:
        """Whether its process lives."""
        return self.pid is not None


def start(folder: Place, waves: Sequence[Sequence[Service]], trust: ssl.SSLContext, progress: Progress) -> None:
    """Make every service run with its command as it is now, and answer.

    Args:
        folder: where they belong.
        waves: what must run; each wave starts when the one before answers.
        trust: how its probes are made.
        progress: told what is being started.

    Raises:
        RehearsalError: when one dies or does not answer, with the end of its log.
    """
    commands = {service.name: service.command for wave in waves for service in wave}
    kept = end_changed(folder, commands, patience=_PATIENCE)
    with httpx.Client(verify=trust, trust_env=False, timeout=2.0) as client:
        for wave in waves:
            _start_wave(folder, wave, kept, client, progress)


def stop(folder: Place, waves: Sequence[Sequence[str]]) -> None:
    """End the named services, the last wave first.

    Raises:
        RehearsalError: when one lives on, naming it.
    """
    running = find(folder, [name for wave in waves for name in wave])
    for wave in reversed(waves):
        end(folder, [running[name] for name in wave if name in running], patience=_PATIENCE)
    if left := find(folder, running):
        listed = ", ".join(f"{name} (process {record.pid})" for name, record in left.items())
        message = f"{folder.title}: still running after a kill: {listed}; run `{folder.removal}` again"
        raise RehearsalError(message)


def status(folder: Place, endpoints: Mapping[str, str]) -> tuple[ServiceStatus, ...]:
    """Return what runs.

    Args:
        folder: where they belong.
        endpoints: address and port of each service, by its name.
    """
    running = find(folder, endpoints)
    return tuple(_status(folder, name, running.get(name), endpoint) for name, endpoint in endpoints.items())


def _status(folder: Place, name: str, record: Record | None, endpoint: str) -> ServiceStatus:
    log = log_of(folder, name)
    if record is None:
        return ServiceStatus(name, None, None, endpoint, log)
    return ServiceStatus(name, record.pid, max(0.0, time.time() - record.started), endpoint, log)


def _start_wave(
    folder: Place, services: Sequence[Service], running: AbstractSet[str], client: httpx.Client, progress: Progress
) -> None:
    missing = [service for service in services if service.name not in running]
    names = ", ".join(service.name for service in missing)
    with progress.activity(f"Starting {names}") if missing else nullcontext():
        for service in missing:
            spawn(folder, service.name, service.command)
        for service in services:
            _wait(folder, service, client)


def _wait(folder: Place, service: Service, client: httpx.Client) -> None:
    def answer() -> bool | None:
        try:
            response = client.get(service.ready)
        except httpx.TransportError:
            response = None
        if response is not None and response.is_success:
            return True
        if service.name not in find(folder, [service.name]):
            raise RehearsalError(_complaint(folder, service, "ended by itself while it started"))
        return None

    until(answer, seconds=_READY, failure=lambda: _complaint(folder, service, f"did not answer within {_READY:.0f} s"))


def _complaint(folder: Place, service: Service, what: str) -> str:
    log = log_of(folder, service.name)
    tail = last_lines(log, 15) or "(nothing)"
    return (
        f"{folder.title}: {service.name} {what}; the end of {log}:\n{tail}\n"
        f"mend what it says, or run `{folder.removal}` and start again from nothing"
    )
