"""Where the machines of a home are: booted, looked into, ended."""

import json
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

import filelock

from rehearsal.address import ACCOUNT, address
from rehearsal.error import RehearsalError
from rehearsal.home import write_private
from rehearsal.machines import access, cgroups, disk, image, processes
from rehearsal.machines.client import Client
from rehearsal.machines.command import PATH, require_root
from rehearsal.machines.disk import Disk, disks
from rehearsal.machines.folder import MachinesFolder
from rehearsal.machines.limits import raise_limits
from rehearsal.machines.machine import Machine, MachineSpec
from rehearsal.machines.names import RUNNER, Names, path_of, there
from rehearsal.machines.network import Network

GATE_PORT = 8490

INSIDE = {"PATH": f"/usr/local/sbin:/usr/local/bin:{PATH}", "HOME": "/root", "LANG": "C.UTF-8"}
"""The environment of a program inside a machine."""

_LOCK_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Room:
    """The machines of one home, and the networks between them.

    Nothing is remembered in this object: any later program that makes one with the same home finds what is there.

    Args:
        home: directory of all rehearsals, absolute.
        base: the root that new machines write over; the one that set-up made by default.
        programs: directory of what machines find at /opt/rehearsal from their next boot on, or a link to the present
            one; nothing by default.
    """

    home: Path
    base: Path | None = None
    programs: Path | None = None

    @property
    def folder(self) -> MachinesFolder:
        """Everything they own on disk."""
        return MachinesFolder(self.home)

    @property
    def names(self) -> Names:
        """The names of everything they put into the kernel."""
        return Names(self.home)

    @property
    def gate(self) -> str:
        """The URL of the proxy whose connections begin at the runner; it is served by `Gate`."""
        return f"http://{address(self.home, ACCOUNT)}:{GATE_PORT}"

    @property
    def runner(self) -> Client:
        """Where the engine reaches the machines from; `open` has made it."""
        return Client(self.names.runner, RUNNER)

    def open(self) -> None:
        """Make the networks, and clear up what an interruption left; machines that run are left alone.

        Raises:
            RehearsalError: when this is not root, or the kernel refuses.
        """
        require_root()
        raise_limits()
        self.folder.create()
        with self._locked():
            disk.sweep(self.folder.disks)
            known = {one.path.name for one in disks(self.folder.disks)}
            strays = set(processes.strays(self.folder)) - known - {access.PROCESS}
            processes.kill(self.folder, strays)
            prefix = self.names.machine("")
            spaces = {name.removeprefix(prefix) for name in self.names.existing() if name.startswith(prefix)}
            for gone in (spaces | strays) - known:
                self._network.detach(self.names.machine(gone))
                cgroups.remove(self.names.tag, gone)
            self._network.create()
            self._rule(forget=False)

    def boot(self, spec: MachineSpec) -> Machine:
        """Make a machine run and let people in; one that runs already only gets its public address anew.

        A machine that ran before has the disk of before, and its addresses are those of the spec.

        Raises:
            RehearsalError: when the base root is missing, the kernel refuses or it does not boot.
        """
        require_root()
        base = self.base or image.base()
        if not there(self.names.runner):
            self.open()
        namespace, place = self.names.machine(spec.id), self._disk(spec.id)
        with self._locked():
            before = place.spec if place.path.exists() else None
            place.create(spec, base)
            place.require_base()
            self._network.attach(namespace, spec.private)
            self._rule(forget=before is not None and before != spec)
            if not processes.started(self.folder, spec.id):
                place.describe(spec, self.programs)
                groups = cgroups.create(self.names.tag, spec.id)
                processes.start(self.folder, spec, namespace=path_of(namespace), directory=place.path, groups=groups)
        try:
            return Machine(spec, processes.wait(self.folder, spec.id))
        except RehearsalError:
            # Half booted it would be taken for one that runs.
            self.halt(spec.id)
            raise

    def readdress(self, machine_id: str, public: str) -> None:
        """Give a machine another public address, at once.

        Raises:
            RehearsalError: when there is no such machine.
        """
        with self._locked():
            spec = replace(self._known(machine_id).spec, public=public)
            write_private(self._disk(machine_id).path / "machine.json", spec.text())
            self._rule(forget=True)

    def reboot(self, machine_id: str) -> Machine:
        """End a machine as a loss of power does, and boot it with the disk that it has.

        Raises:
            RehearsalError: when there is no such machine, or it does not boot.
        """
        spec = self._known(machine_id).spec
        self.halt(machine_id)
        return self.boot(spec)

    def halt(self, machine_id: str) -> None:
        """End a machine as a loss of power does; its disk stays.

        Raises:
            RehearsalError: when it cannot be ended.
        """
        with self._locked():
            self._halt(machine_id)

    def stop(self, machine_id: str) -> None:
        """Leave nothing of a machine, as terminating it does.

        Raises:
            RehearsalError: when it cannot be ended.
        """
        with self._locked():
            self._halt(machine_id)
            self._disk(machine_id).remove()
            self._network.detach(self.names.machine(machine_id))
            if there(self.names.internet):
                self._rule(forget=True)

    def list(self) -> tuple[Machine, ...]:
        """Return every machine that has a disk, running or not."""
        specs = []
        for one in disks(self.folder.disks):
            with suppress(FileNotFoundError):  # stopped meanwhile
                specs.append(one.spec)
        running = processes.first_processes(self.folder, [spec.id for spec in specs])
        return tuple(Machine(spec, running.get(spec.id)) for spec in specs)

    def enter(
        self, machine_id: str, command: Sequence[str], *, text: str = "", seconds: float = 60.0
    ) -> subprocess.CompletedProcess[str]:
        """Run a program inside a machine as root and return how it ended, whatever that is.

        Args:
            machine_id: the machine; it runs.
            command: the program and its arguments.
            text: what it reads.
            seconds: how long it may take; then `subprocess.TimeoutExpired` is raised.

        Raises:
            RehearsalError: when the machine does not run.
        """
        return subprocess.run(
            self.entry(machine_id, command),
            input=text,
            env=INSIDE,
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
        )

    def entry(self, machine_id: str, command: Sequence[str]) -> tuple[str, ...]:
        """Return the command that runs a program inside a machine as root; its environment is `INSIDE`.

        Args:
            machine_id: the machine; it runs.
            command: the program and its arguments.

        Raises:
            RehearsalError: when the machine does not run.
        """
        init = processes.first_process(self.folder, machine_id)
        if init is None:
            message = f"machine {machine_id} does not run; boot it first"
            raise RehearsalError(message)
        entry = ("nsenter", f"--target={init}", "--mount", "--uts", "--ipc", "--net", "--pid", "--cgroup")
        # As little as the machine's own processes: the clock is this whole computer's.
        return (*entry, "setpriv", "--bounding-set", "-sys_time,-sys_module,-syslog", *command)

    def client(self, name: str, address: str) -> Client:
        """Return a place outside with a public address of its own, made if it is not there.

        Args:
            name: its name: lower-case letters, digits and hyphens.
            address: one of 198.19.255.20 and up.
        """
        if not there(self.names.runner):
            self.open()
        client = Client(self.names.client(name), address)
        with self._locked():
            self._network.attach(client.namespace, address)
            write_private(self.folder.clients, json.dumps({**self._clients(), client.namespace: address}))
            self._rule(forget=False)
        return client

    def join_access(self, configuration: str) -> None:
        """Make the runner a peer of an access network, from here on and instead of any that it was.

        Args:
            configuration: the text of a wg-quick file.

        Raises:
            RehearsalError: when the text is none, or the interface cannot be made.
        """
        access.join(self.folder, self.runner, configuration)

    def leave_access(self) -> None:
        """Make the runner no peer any more."""
        access.leave(self.folder)

    def end(self) -> None:
        """End every machine and take everything out of the kernel; the disks stay.

        Raises:
            RehearsalError: when something cannot be ended.
        """
        if not self.folder.path.exists() and not self.names.existing():
            return
        require_root()
        self.folder.create()
        with self._locked():
            known = {one.path.name for one in disks(self.folder.disks)}
            processes.kill(self.folder, {*known, *processes.strays(self.folder)})
            self._network.remove()
            cgroups.remove(self.names.tag)
            self.folder.clients.unlink(missing_ok=True)

    def close(self) -> None:
        """Leave nothing: no machine, no disk, no network.

        Raises:
            RehearsalError: when something cannot be ended.
        """
        self.end()
        for one in list(disks(self.folder.disks)):
            one.remove()
        self.folder.remove()

    @property
    def _network(self) -> Network:
        return Network(self.names)

    def _disk(self, machine_id: str) -> Disk:
        return Disk(self.folder.disks / machine_id)

    def _known(self, machine_id: str) -> Disk:
        place = self._disk(machine_id)
        if not place.path.exists():
            message = f"there is no machine {machine_id}; boot it first"
            raise RehearsalError(message)
        return place

    def _halt(self, machine_id: str) -> None:
        processes.kill(self.folder, [machine_id])
        cgroups.remove(self.names.tag, machine_id)

    def _clients(self) -> dict[str, str]:
        with suppress(FileNotFoundError, ValueError):
            return dict(json.loads(self.folder.clients.read_text(encoding="utf-8")))
        return {}

    def _rule(self, *, forget: bool) -> None:
        clients = {name: place for name, place in self._clients().items() if there(name)}
        self._network.rule([one.spec for one in disks(self.folder.disks)], clients, forget=forget)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """One program at a time changes what machines share; booting itself goes on beside it."""
        lock = filelock.FileLock(self.folder.lock, timeout=_LOCK_SECONDS)
        try:
            lock.acquire()
        except filelock.Timeout:
            message = f"{self.folder.lock}: held for {_LOCK_SECONDS:.0f} s; end the program (`fuser` names it)"
            raise RehearsalError(message) from None
        try:
            yield
        finally:
            lock.release()
