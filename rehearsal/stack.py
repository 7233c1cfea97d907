"""One stack's rehearsal, in its light form: a real control plane on loopback whose nodes are kept alive by kwok."""

import io
import json
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import filelock
import httpx

from catalog import Node
from rehearsal import configuration, control_plane, pki, process, service
from rehearsal.account import Account
from rehearsal.address import address, require_free
from rehearsal.environment import environment, install_plugins, without_automatic_logs
from rehearsal.error import RehearsalError
from rehearsal.home import PROJECT, Folder, private, stacks, write_private
from rehearsal.machines.command import require_root
from rehearsal.nodes import register
from rehearsal.service import ServiceStatus
from rehearsal.state import State
from rehearsal.toolchain import Progress, Toolchain, ToolError, progress_for

_FREE_BYTES = 1024**3
"""etcd, logs and the engine's state of a long day take less than half of it."""

_LAMBDA = "lambda-cloud:index:"
"""How the types of resources that live in the account begin."""

_LOCK_SECONDS = 180.0
"""How long one start or removal may take before another gives up waiting for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rehearsal:
    """The rehearsal of one stack.

    Nothing is remembered in this object: any later program that makes one with the same arguments finds what runs.

    Args:
        stack: name of the stack.
        home: directory of all rehearsals, absolute.
        toolchain: the programs; not needed to look at a rehearsal or to end it.
    """

    stack: str
    home: Path
    toolchain: Toolchain | None = None

    @property
    def folder(self) -> Folder:
        """Everything this rehearsal owns on disk."""
        return Folder(self.home, self.stack)

    @property
    def address(self) -> str:
        """The loopback address that all its services listen on."""
        return address(self.home, self.stack)

    @property
    def kubeconfig(self) -> Path:
        """Credentials of the cluster; it exists once the rehearsal was started."""
        return self.folder.kubeconfig

    def start(self, nodes: Sequence[Node], progress: Progress) -> None:
        """Make every service run and answer, and the cluster have exactly these nodes, all Ready.

        What runs already is left alone; after a crash or a reboot it resumes with the data that is there.

        Args:
            nodes: what the machines register as.
            progress: told what is being done.

        Raises:
            RehearsalError: before anything is changed when a port is taken or the disk is full; later when a service
                does not start or a node does not become Ready.
        """
        require_root()
        with self._locked(progress):
            self._require_room()
            self._require_ports()
            with self._shared():
                self.folder.create()
                self.account.start(progress)
            pki.create(self.folder, self.address)
            trust = pki.trust(self.folder)
            waves = control_plane.services(self.folder, self.address, self._tools)
            service.start(self.folder, waves, trust, progress)
            with self.cluster() as cluster:
                register(cluster, nodes, progress)

    def configure(self, *, committed: Path, secrets: Sequence[str], account: Mapping[str, Any] | None = None) -> Path:
        """Make the engine ready to run this stack, and return the configuration to give it with ``--config-file``.

        Args:
            committed: the stack file in the repository; it is only read.
            secrets: canonical names of the secrets that get a fake value.
            account: what the stack takes over from the account, by key of the configuration.

        Raises:
            RehearsalError: when the committed file is not usable, the passphrase is lost or the engine refuses.
        """
        with self._locked():
            with self._shared():
                install_plugins(self.folder, self._tools)
            without_automatic_logs(self.folder)
            generated = configuration.write(
                self.folder, committed=committed, secret_names=secrets, account=account, k3s=self._tools.k3s
            )
            if account is not None:
                # Whatever else is taken over is no machine, and no id of it is a machine's.
                write_private(self.folder.machines, json.dumps(sorted(account.get("adopt", {}).values())))
            self.state.initialise(self._tools.program("pulumi"), self.environment())
        return generated

    def cluster(self) -> httpx.Client:
        """Return what speaks to the API server as the deployer; the rehearsal was started."""
        address = f"https://{self.address}:6443"
        return httpx.Client(base_url=address, verify=pki.trust(self.folder), trust_env=False, timeout=30.0)

    def environment(self) -> dict[str, str]:
        """Return the whole environment for the engine and for kubectl, to be used instead of the caller's."""
        return environment(self.folder, self._tools, credentials=self.account.environment())

    @property
    def account(self) -> Account:
        """The Lambda Cloud account that it shares with the other rehearsals of its home."""
        return Account(self.home)

    @property
    def state(self) -> State:
        """What the engine keeps about the stack."""
        return State(self.folder)

    def status(self) -> tuple[ServiceStatus, ...]:
        """Return what runs, in the order in which it starts."""
        endpoints = {name: f"{self.address}:{ports[0]}" for name, ports in control_plane.PORTS.items()}
        return (*service.status(self.folder, endpoints), self.account.status(), self.account.machines_status())

    def stop(self) -> None:
        """End every process of this rehearsal; its data stays.

        Raises:
            RehearsalError: when one cannot be ended.
        """
        with self._locked():
            service.stop(self.folder, control_plane.WAVES)

    @property
    def asleep(self) -> bool:
        """Whether its stack sleeps: its machines are gone, until it is started."""
        return self.folder.asleep.exists()

    def sleep(self) -> None:
        """End every process of this rehearsal and delete its cluster, as terminating its machines does.

        Raises:
            RehearsalError: when one cannot be ended.
        """
        lost = self.folder.etcd.with_name("etcd.lost")
        with self._locked():
            service.stop(self.folder, control_plane.WAVES)
            shutil.rmtree(lost, ignore_errors=True)
            if self.folder.etcd.exists():
                # Whole or not at all: half a cluster would be taken for one when the stack wakes.
                self.folder.etcd.rename(lost)
            self.folder.asleep.touch(mode=0o600)
            shutil.rmtree(lost, ignore_errors=True)

    def wake(self) -> None:
        """Forget that the stack slept: whatever is launched from here on is seen."""
        self.folder.asleep.unlink(missing_ok=True)

    def remove(self, machines: Iterable[str] = (), *, release: bool = True) -> None:
        """End and delete everything of this rehearsal; the last one of a home takes the shared parts with it.

        Args:
            machines: names of the machines that the stack owns in the account, which are then as in the beginning.
            release: whether the account is told; not needed when it goes too.

        Raises:
            RehearsalError: when a process cannot be ended, or at the end, when the account could not be told.
        """
        untold = ""
        with self._locked():
            service.stop(self.folder, control_plane.WAVES)
            with self._shared():
                try:
                    self._leave_account(machines, release=release)
                except (RehearsalError, ToolError) as error:
                    untold = str(error)
                self.state.remove()
                self.folder.remove()
        if untold:
            message = f"{self.stack} is gone, but the account still holds what was its: {untold}"
            raise RehearsalError(message)

    def _leave_account(self, machines: Iterable[str], *, release: bool) -> None:
        last = set(stacks(self.home)) <= {self.stack}
        if last:
            self.account.stop()
        if last or not release or not self.account.folder.key.exists():
            return
        self.account.start(progress_for(io.StringIO()))  # after a crash it may not run, and it is never worth a word
        held = [str(resource["id"]) for resource in self.state.resources() if resource["type"].startswith(_LAMBDA)]
        self.account.release(f"{PROJECT}/{self.stack}", machines=machines, ids=held)
        self.folder.machines.unlink(missing_ok=True)
        self.account.settle()

    @property
    def _tools(self) -> Toolchain:
        if self.toolchain is None:
            message = f"the rehearsal of {self.stack} cannot start without the tool chain; run `./sophia setup`"
            raise RehearsalError(message)
        return self.toolchain

    def _require_room(self) -> None:
        place = next(path for path in (self.home, *self.home.parents) if path.exists())
        free = shutil.disk_usage(place).free
        if free < _FREE_BYTES:
            message = (
                f"{place}: {free // 1024**2} MiB are free and a rehearsal needs {_FREE_BYTES // 1024**2}; "
                "nothing was started: free some room, or set SOPHIA_HOME to a directory on another disk"
            )
            raise RehearsalError(message)

    def _require_ports(self) -> None:
        """Only the ports of services that do not run: the others are held by us."""
        running = process.find(self.folder, control_plane.PORTS)
        needed = {port: name for name, ports in control_plane.PORTS.items() if name not in running for port in ports}
        require_free(self.address, needed)

    @contextmanager
    def _locked(self, progress: Progress | None = None) -> Iterator[None]:
        """One program at a time changes a rehearsal; the others wait."""
        private(self.folder.lock.parent)
        lock = filelock.FileLock(self.folder.lock, timeout=0)
        try:
            lock.acquire()
        except filelock.Timeout:
            if progress:
                progress.line(f"Another program is changing the rehearsal of {self.stack}; waiting for it")
            with _bounded(self.folder.lock):
                lock.acquire(timeout=_LOCK_SECONDS)
        try:
            yield
        finally:
            lock.release()

    @contextmanager
    def _shared(self) -> Iterator[None]:
        """One program at a time makes or removes what the stacks of a home share."""
        lock = filelock.FileLock(self.folder.shared_lock, timeout=_LOCK_SECONDS)
        with _bounded(Path(lock.lock_file)), lock:
            yield


@contextmanager
def _bounded(lock: Path) -> Iterator[None]:
    try:
        yield
    except filelock.Timeout:
        message = (
            f"{lock}: held by another program for {_LOCK_SECONDS:.0f} s; end it (`fuser {lock}` names it) and try again"
        )
        raise RehearsalError(message) from None
