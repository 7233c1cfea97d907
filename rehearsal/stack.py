"""One stack's rehearsal: its machines in the account, the engine's configuration and state, and its cluster there."""

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

from catalog.collection import Hosting
from catalog.object_storage import ObjectStorage
from catalog.site import Sites
from catalog.zone import Zone
from rehearsal import api_server, configuration
from rehearsal.account import Account
from rehearsal.api_server import ApiServer, connected
from rehearsal.environment import environment, install_plugins, without_automatic_logs
from rehearsal.error import RehearsalError
from rehearsal.home import PROJECT, Folder, private, stacks, write_private
from rehearsal.machines.command import require_root
from rehearsal.object_storage import PROGRAM
from rehearsal.pulumi_cloud.cipher import key_of
from rehearsal.pulumi_cloud.evaluator import PROGRAM as EVALUATOR
from rehearsal.pulumi_cloud.store import STACKS
from rehearsal.service import ServiceStatus
from rehearsal.state import State
from rehearsal.toolchain import Progress, Toolchain, ToolError, progress_for
from rehearsal.toolchain.authority import knotd
from rehearsal.weaviate import VectorStore

_FREE_BYTES = 1024**3
"""What machines write, logs and the engine's state of a long day take less than half of it."""

_INSTANCE = "lambda-cloud:index:Instance"
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
    def kubeconfig(self) -> Path:
        """Credentials of the cluster for people, once `write_kubeconfig` has found one."""
        return self.folder.kubeconfig

    def start(
        self,
        progress: Progress,
        *,
        light: bool = False,
        names: Sequence[str] = (),
        object_storage: ObjectStorage | None = None,
        zone: Zone | None = None,
        sites: Sites | None = None,
    ) -> None:
        """Make the account and its machines run; the cluster comes up on them by the engine.

        What runs already is left alone; after a crash or a reboot it resumes with the data that is there.

        Args:
            progress: told what is being done.
            light: whether the nodes of machines that boot from here on run no pods, and only seem to.
            names: names that exist outside of the machines.
            object_storage: what the catalog says of the object storage; none, or that of before, by default.
            zone: the platform's zone; none, or that of before, by default.
            sites: the public sites; none, or those of before, by default.

        Raises:
            RehearsalError: before anything is changed when a port is taken or the disk is full; later when a service
                does not start.
        """
        require_root()
        with self._locked(progress):
            self._require_room()
            with self._shared():
                self.folder.create()
                if object_storage:
                    self.account.storage.declare(object_storage, self._tools.program(PROGRAM))
                if zone:
                    self.account.authority.declare(zone.name, knotd(self._tools.authority))
                if zone and sites:
                    self.account.vercel.declare(
                        team=sites.team,
                        legacy=sites.legacy,
                        edge=zone.vercel.address,
                        alias=zone.vercel.alias,
                        bundles=self._tools.sites,
                    )
                self.account.start(
                    progress,
                    programs=self._tools.machine_programs,
                    evaluator=self._tools.program(EVALUATOR),
                    light=light,
                    names=names,
                )

    def configure(self, definitions: Path, account: Mapping[str, Any] | None = None) -> None:
        """Make the engine ready to run this stack with its committed file, which opens an environment.

        Args:
            definitions: the folder of the environments' committed definitions.
            account: what the stack takes over from the account, by key of the configuration.

        Raises:
            RehearsalError: a definition is not usable, a key is lost or the engine refuses.
        """
        with self._locked():
            key_of(self.folder.state / STACKS)
            with self._shared():
                install_plugins(self.folder, self._tools)
            without_automatic_logs(self.folder)
            choices = {**(account or {}), **configuration.artefacts(self._tools.k3s)}
            if (authority := self.account.storage.authority).exists():
                choices["object_storage_ca"] = authority.read_text(encoding="utf-8")
            with self._shared():
                configuration.declare(
                    self.folder,
                    definitions,
                    given={**self.account.secrets(), "WEAVIATE_URL": self.vector_store.url},
                    variables=self.account.endpoints(),
                    hidden=self.account.authority.secrets(),
                    choices={**choices, "image_lock": "rehearsal", "issuer": "own-ca", **self._dns()},
                )
                # It has its secrets by now, which open its buckets.
                self.account.storage.admit()
            if account is not None:
                # One that is not taken over any more goes on until the engine has left it.
                held = {str(one["id"]) for one in self.state.resources() if one["type"] == _INSTANCE and one.get("id")}
                # Whatever else is taken over is no machine, and no id of it is a machine's.
                needed = held | {*account.get("adopt", {}).values()}
                write_private(self.folder.machines, json.dumps(sorted(needed)))
            self.state.initialise(self._tools.program("pulumi"), self.environment())

    def secret(self, name: str) -> str | None:
        """Return one of the stack's secrets by its canonical name; nothing before it was drawn."""
        return configuration.secret(self.folder, name)

    def start_vector_store(self, hosting: Hosting, progress: Progress) -> None:
        """Make the vector store be reached on loopback; its key was drawn by `configure`.

        No pod of light nodes could answer there, so beside them the rehearsal runs the server, whoever would.

        Args:
            hosting: who runs it.
            progress: told what is being started.

        Raises:
            RehearsalError: a port is taken, or a server does not start.
        """
        with self._locked():
            served: Hosting = "cloud" if self.light else hosting
            self.vector_store.start(served, self.account.room, self._tools, progress)

    @property
    def vector_store(self) -> VectorStore:
        """Where clients on this computer reach the vector store."""
        return VectorStore(self.folder)

    def cluster(self) -> httpx.Client:
        """Return what speaks to the API server as its administrator; until there is one, every request fails."""
        return connected(self.api_server)

    def api_server(self) -> ApiServer:
        """Return the API server of the cluster.

        Raises:
            RehearsalError: there is none yet, or it does not answer.
        """
        try:
            return api_server.find(self.account.room, self.state.resources())
        except RehearsalError as error:
            message = f"{error}; `./sophia up {self.stack}` brings it up"
            raise RehearsalError(message) from None

    def write_kubeconfig(self) -> None:
        """Make the kubeconfig for people what the server says now, or be absent where there is no server.

        Raises:
            RehearsalError: there is none yet, or it does not answer.
        """
        self.kubeconfig.unlink(missing_ok=True)
        found = self.api_server()
        write_private(self.kubeconfig, found.kubeconfig.text(self.stack, server=found.url, proxy=found.gate))

    def environment(self) -> dict[str, str]:
        """Return the whole environment for the engine and for kubectl, to be used instead of the caller's."""
        told = {**self.account.login(), **self.vector_store.environment()}
        return environment(self.folder, self._tools, credentials=told)

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
        shared = (self.account.status(), self.account.machines_status(), self.account.states_status())
        return (*shared, self.vector_store.status())

    @property
    def light(self) -> bool:
        """Whether its nodes are light ones: those of its machines that run, else those of machines that boot next."""
        own = json.loads(self.folder.machines.read_text(encoding="utf-8")) if self.folder.machines.exists() else ()
        forms = {one.spec.size.nodes for one in self.account.room.list() if one.running and one.spec.id in own}
        return "light" in forms if forms else self.account.folder.light_nodes.exists()

    @property
    def configured(self) -> bool:
        """Whether the engine was made ready to run its stack."""
        return configuration.declared(self.folder)

    @property
    def asleep(self) -> bool:
        """Whether its stack sleeps: its machines are gone, until it is started."""
        return self.folder.asleep.exists()

    def sleep(self, hosting: Hosting) -> None:
        """Know that its machines are gone, and with them its cluster and the vector store that ran there.

        Args:
            hosting: who runs the vector store.

        Raises:
            RehearsalError: what led to the vector store cannot be ended.
        """
        with self._locked():
            if hosting == "self-hosted":
                self.vector_store.clear()
            self.kubeconfig.unlink(missing_ok=True)
            self.folder.asleep.touch(mode=0o600)

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
        with self._locked(), self._shared():
            self.vector_store.stop()
            try:
                self._leave_account(machines, release=release)
            except (RehearsalError, ToolError) as error:
                untold = str(error)
            self.state.remove()
            configuration.forget(self.folder)
            self.folder.remove()
            self.account.storage.admit()
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

    def _dns(self) -> dict[str, Any]:
        return {"dns": "rfc2136"} if self.account.authority.zone else {}

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
