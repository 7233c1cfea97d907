"""The Lambda Cloud account that all rehearsals of one home share: a strict fake of the API, on loopback."""

import secrets
import ssl
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx

from catalog import Stack
from rehearsal import authority, internet, object_storage, service, vercel_cloud
from rehearsal.address import ACCOUNT, address, require_free
from rehearsal.authority import AuthorityHost
from rehearsal.error import RehearsalError
from rehearsal.home import AccountFolder, Folder, write_private
from rehearsal.machines import Room, image
from rehearsal.machines.command import require_root
from rehearsal.machines.room import GATE_PORT
from rehearsal.object_storage import StorageHost
from rehearsal.process import find, log_of
from rehearsal.service import Service, ServiceStatus
from rehearsal.toolchain import Progress
from rehearsal.vercel_cloud import VercelHost

if TYPE_CHECKING:
    from rehearsal.lambda_cloud import Control

CLOCK_SPEED = 60
"""How many times faster than real time the account's clock runs: a minute of Lambda's is a second here."""

_ROOT = Path(__file__).resolve().parents[1]
_NAME = "lambda-cloud"
_PORT = 8480
_MACHINES = "machines"
_STATES = "pulumi-cloud"
_STATES_PORT = 8481
_NOBODY = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""Trusts no certificate: both speak plain HTTP, and to read all trusted certificates takes 20 ms each time."""

_SETTLING = 120.0
"""Seconds until the machines are what the account says: as many as there are boot or end at once."""


@dataclass(frozen=True, slots=True)
class Account:
    """The account: it is born like the real one, with five live machines, and lives until the last rehearsal ends.

    Args:
        home: directory of all rehearsals, absolute.
    """

    home: Path

    @property
    def folder(self) -> AccountFolder:
        """Everything it owns on disk."""
        return AccountFolder(self.home)

    @property
    def url(self) -> str:
        """Where its API answers."""
        return f"http://{self._address}:{_PORT}"

    @property
    def _address(self) -> str:
        return address(self.home, ACCOUNT)

    @property
    def room(self) -> Room:
        """Where its machines are."""
        return Room(self.home)

    @property
    def storage(self) -> StorageHost:
        """Where its object storage is."""
        return StorageHost(self.home)

    @property
    def authority(self) -> AuthorityHost:
        """Where the authority of the platform's zone is."""
        return AuthorityHost(self.home)

    @property
    def vercel(self) -> VercelHost:
        """Where the stand-in for Vercel is."""
        return VercelHost(self.home)

    def start(
        self,
        progress: Progress,
        *,
        programs: Path | None = None,
        evaluator: Path | None = None,
        light: bool | None = None,
        names: Sequence[str] | None = None,
    ) -> None:
        """Make the API answer and its machines run; after a crash or a reboot it holds what it held.

        Args:
            progress: told what is being done.
            programs: what machines find at /opt/rehearsal; what they found before by default.
            evaluator: Pulumi ESC's own; that of before by default.
            light: whether the nodes of machines that boot from here on are light ones; as before by default.
            names: names that exist outside; as before by default.

        Raises:
            RehearsalError: when this is not root, a port is taken or something does not start.
            ToolError: when the root that machines boot from is missing and cannot be made.
        """
        require_root()
        self._require_key()
        self.folder.create()
        if not self.folder.key.exists():
            # The prefix lets anyone who meets it know that it opens nothing.
            write_private(self.folder.key, f"rehearsal-{secrets.token_hex(20)}")
        if not self.folder.token.exists():
            write_private(self.folder.token, f"rehearsal-{secrets.token_hex(20)}")
        self._remember(light=light, names=names)
        for link, target in ((self.folder.programs, programs), (self.folder.evaluator, evaluator)):
            _lead(link, target)
        running = find(self.folder, [_NAME, _MACHINES, _STATES])
        # What runs has its root: a newer one is for the next start.
        base = Path(running[_MACHINES].command[-1]) if _MACHINES in running else image.ensure(progress)
        own = ((_NAME, _PORT), (_MACHINES, GATE_PORT), (_STATES, _STATES_PORT))
        ports = {port: name for name, port in own if name not in running}
        require_free(self._address, ports)
        # Another checkout may have started them: its engine must not lose the account under its hands.
        missing = tuple(one for one in self._services(base) if one.name not in running or not _answers(one.ready))
        if missing:
            service.start(self.folder, (missing,), _NOBODY, progress)
        told = self.folder.names.read_text(encoding="utf-8").split()
        others = {**self.storage.names, **self.vercel.names}
        internet.start(self.folder, self.room, told, others, zone=self.authority.zone)
        self.storage.start(self.room)
        self.authority.start(self.room)
        self.vercel.start(self.room)

    def stop(self) -> None:
        """End its processes and its machines; what it holds stays, and what is on their disks.

        Raises:
            RehearsalError: when one cannot be ended.
        """
        service.stop(
            self.folder,
            ((_NAME, _STATES, internet.NAME, object_storage.NAME, authority.NAME, vercel_cloud.NAME), (_MACHINES,)),
        )
        self.room.end()

    def settle(self) -> None:
        """Wait until the machines are what the account says at this moment; it was started.

        Raises:
            RehearsalError: when they do not become so.
        """
        try:
            httpx.get(
                f"{self.room.gate}/settled", trust_env=False, verify=_NOBODY, timeout=_SETTLING
            ).raise_for_status()
        except httpx.HTTPError as error:
            log = log_of(self.folder, _MACHINES)
            message = f"the machines do not become what the account says ({type(error).__name__}); see {log}"
            raise RehearsalError(message) from None

    def login(self) -> dict[str, str]:
        """Return what the engine must be told to find its states and environments; nothing before it was started."""
        if not self.folder.token.exists():
            return {}
        url = f"http://{self._address}:{_STATES_PORT}"
        return {"PULUMI_BACKEND_URL": url, "PULUMI_ACCESS_TOKEN": self.folder.token.read_text(encoding="utf-8")}

    def endpoints(self) -> dict[str, str]:
        """Return what providers must be told to reach this account and no other, beside its secrets."""
        return {
            "LAMBDA_CLOUD_API_URL": self.url,
            "LAMBDA_CLOUD_CLOCK_SPEED": str(CLOCK_SPEED),
            "HOST_PROXY_URL": self.room.gate,
            **self.authority.variables(),
            **self.vercel.variables(),
        }

    def secrets(self) -> dict[str, str]:
        """Return what opens it and its machines, by canonical name; nothing before it was started."""
        files = {"LAMBDA_CLOUD_API_KEY": self.folder.key, "LAMBDA_SSH_PRIVATE_KEY": self.folder.private_key}
        own = {name: file.read_text(encoding="utf-8") for name, file in files.items() if file.exists()}
        return {**own, **self.vercel.secrets()}

    def environment(self) -> dict[str, str]:
        """Return what whoever speaks to it beside the engine must be told; nothing before it was started."""
        return {**self.endpoints(), "LAMBDA_CLOUD_API_KEY": self._key()} if self.folder.key.exists() else {}

    def control(self) -> "Control":
        """Return what changes the account behind the back of whoever manages it; it was started."""
        # Here and not above: what it imports costs every other verb a fifth of a second.
        from rehearsal.lambda_cloud import Control  # noqa: PLC0415 - see the line above

        return Control(self.url, self._key())

    def release(self, owner: str, *, machines: Iterable[str], ids: Iterable[str]) -> None:
        """Give back what a stack held: what it launched is gone, what it took over is as it was in the beginning.

        Args:
            owner: project and stack, such as ``sophia/staging``.
            machines: names of the machines the account was born with that the stack owns.
            ids: ids of everything that stands in the stack's state.
        """
        with self.control() as control:
            control.reset(names=list(machines), ids=list(ids), owner=owner)

    def taken_over(self, stack: Stack) -> Mapping[str, Any]:
        """Return what only the account knows of a stack's configuration, by key; it was started.

        A pinned machine is named even when it is gone, so that nobody launches another in its place unasked; a
        replaceable one is named while it lives.

        Args:
            stack: the stack's choice from the catalog.
        """
        with self.control() as control:
            held = control.state()
        born = {instance.name: instance for instance in held.instances if instance.born}
        adopt = {
            name: born[name].id
            for name, machine in stack.machines.items()
            if name in born and (machine.pinned or born[name].live)
        }
        if not stack.owns_account:
            return {"adopt": adopt}
        for key in held.ssh_keys:
            if key.name == stack.account.ssh_key:
                write_private(self.folder.public_key, key.public_key)
                adopt[key.name] = key.id
        # A key that somebody deleted is made again, from its public half.
        known = self.folder.public_key.exists()
        return {"adopt": adopt, "ssh_public_key": self.folder.public_key.read_text("utf-8") if known else ""}

    def status(self) -> ServiceStatus:
        """Return whether its API runs."""
        return self._status(_NAME, _PORT)

    def machines_status(self) -> ServiceStatus:
        """Return whether its machines are kept, and the gate to them is open."""
        return self._status(_MACHINES, GATE_PORT)

    def states_status(self) -> ServiceStatus:
        """Return whether the engine finds its states."""
        return self._status(_STATES, _STATES_PORT)

    def _status(self, name: str, port: int) -> ServiceStatus:
        (status,) = service.status(self.folder, {name: f"{self._address}:{port}"})
        return status

    def _remember(self, *, light: bool | None, names: Sequence[str] | None) -> None:
        if names is not None or not self.folder.names.exists():
            write_private(self.folder.names, "\n".join(sorted({*(names or ())})))
        if light is not None:
            mark = self.folder.light_nodes
            mark.touch() if light else mark.unlink(missing_ok=True)

    def _require_key(self) -> None:
        if self.folder.state.exists() and not self.folder.private_key.exists():
            message = (
                f"{self.folder.private_key}: is missing: the account is older than its machines, and nobody could log "
                f"in to them; run `{self.folder.removal}`"
            )
            raise RehearsalError(message)

    def _services(self, base: Path) -> tuple[Service, ...]:
        # `python -m` finds the package in the directory it is started in.
        python = ("/usr/bin/env", "-C", str(_ROOT), sys.executable, "-m")
        fake = (*python, "rehearsal.lambda_cloud", *self._arguments())
        programs = self.folder.programs
        # The link itself: whatever boots while these run finds what a later start brought.
        found = ("--programs", str(programs)) if programs.is_symlink() else ()
        machines = (*python, "rehearsal.machines", str(self.home), *found, "--base", str(base))
        at = ("--address", self._address, "--port", str(_STATES_PORT))
        kept = ("--state", str(Folder(self.home, "any").state), "--token-file", str(self.folder.token))
        by = ("--evaluator", str(self.folder.evaluator))
        return (
            Service(_NAME, fake, f"{self.url}/healthz"),
            Service(_MACHINES, machines, f"{self.room.gate}/healthz"),
            Service(_STATES, (*python, "rehearsal.pulumi_cloud", *at, *kept, *by), f"http://{at[1]}:{at[3]}/healthz"),
        )

    def _key(self) -> str:
        return self.folder.key.read_text(encoding="utf-8")

    def _arguments(self) -> tuple[str, ...]:
        return (
            *("--address", self._address, "--port", str(_PORT)),
            *("--state", str(self.folder.state), "--key-file", str(self.folder.key)),
            *("--speed", str(CLOCK_SPEED), "--private-key-file", str(self.folder.private_key)),
        )


def _lead(link: Path, target: Path | None) -> None:
    if target:
        fresh = link.with_name(f".{link.name}.new")
        fresh.unlink(missing_ok=True)
        fresh.symlink_to(target)
        fresh.replace(link)


def _answers(url: str) -> bool:
    try:
        return httpx.get(url, trust_env=False, verify=_NOBODY, timeout=5.0).is_success
    except httpx.HTTPError:
        return False
