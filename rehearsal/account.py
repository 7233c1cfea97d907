"""The Lambda Cloud account that all rehearsals of one home share: a strict fake of the API, on loopback."""

import secrets
import ssl
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx

from catalog import Stack
from rehearsal import service
from rehearsal.address import address, require_free
from rehearsal.home import AccountFolder, write_private
from rehearsal.process import find
from rehearsal.service import Service, ServiceStatus
from rehearsal.toolchain import Progress

if TYPE_CHECKING:
    from rehearsal.lambda_cloud import Control

CLOCK_SPEED = 60
"""How many times faster than real time the account's clock runs: a minute of Lambda's is a second here."""

_ROOT = Path(__file__).resolve().parents[1]
_NAME = "lambda-cloud"
_PORT = 8480


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
        # No stack has such a name, so that no rehearsal has this address by right.
        return address(self.home, "lambda cloud")

    def start(self, progress: Progress) -> None:
        """Make the API answer; after a crash or a reboot it holds what it held.

        Raises:
            RehearsalError: when its port is taken or it does not start.
        """
        self.folder.create()
        if not self.folder.key.exists():
            # The prefix lets anyone who meets it know that it opens nothing.
            write_private(self.folder.key, f"rehearsal-{secrets.token_hex(20)}")
        if _NAME not in find(self.folder, [_NAME]):
            require_free(self._address, {_PORT: _NAME})
        elif self._answers():
            # Another checkout may have started it: its engine must not lose the account under its hands.
            return
        # `python -m` finds the package in the directory it is started in.
        command = ("/usr/bin/env", "-C", str(_ROOT), sys.executable, "-m", "rehearsal.lambda_cloud", *self._arguments())
        fake = Service(_NAME, command, f"{self.url}/healthz")
        service.start(self.folder, ((fake,),), ssl.create_default_context(), progress)

    def stop(self) -> None:
        """End its process; what it holds stays.

        Raises:
            RehearsalError: when it cannot be ended.
        """
        service.stop(self.folder, ((_NAME,),))

    def environment(self) -> dict[str, str]:
        """Return what the provider must be told to reach this account and no other; nothing before it was started."""
        if not self.folder.key.exists():
            return {}
        return {
            "LAMBDA_CLOUD_API_URL": self.url,
            "LAMBDA_CLOUD_API_KEY": self._key(),
            "LAMBDA_CLOUD_CLOCK_SPEED": str(CLOCK_SPEED),
        }

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
        """Return whether it runs."""
        (status,) = service.status(self.folder, {_NAME: f"{self._address}:{_PORT}"})
        return status

    def _answers(self) -> bool:
        try:
            return httpx.get(f"{self.url}/healthz", trust_env=False, timeout=5.0).is_success
        except httpx.HTTPError:
            return False

    def _key(self) -> str:
        return self.folder.key.read_text(encoding="utf-8")

    def _arguments(self) -> tuple[str, ...]:
        return (
            *("--address", self._address, "--port", str(_PORT)),
            *("--state", str(self.folder.state), "--key-file", str(self.folder.key)),
            *("--speed", str(CLOCK_SPEED)),
        )
