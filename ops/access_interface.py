"""This computer as a peer of the access network of a stack in the cloud: an interface of WireGuard, by wg-quick."""

import re
import shutil
import subprocess
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from catalog.access import Access
from ops.access import hosts, peer_of, wg_quick
from ops.error import AccessError
from rehearsal.home import private, write_private
from rehearsal.machines.command import as_root

WG_QUICK: Final = "wg-quick"
"""Makes an interface of WireGuard and takes it away."""
_SECONDS: Final = 60
_PERIOD_SECONDS: Final = 15.0
"""Between two looks at a state in the cloud, which takes seconds to read."""
_KEY: Final = re.compile(r"^PrivateKey = (\S+)$", re.MULTILINE)


@dataclass(slots=True)
class Interface:
    """The interface of one stack; its file holds the peer's private key and is its owner's alone.

    Args:
        folder: where the file is, in a folder that is called as the peer.
        stack: name of the stack.
        access: who may come in.
        resources: gives the stack's state, in the engine's own form.
    """

    folder: Path
    stack: str
    access: Access
    resources: Callable[[], Iterable[Mapping[str, Any]]]
    _looked: float = field(default=float("-inf"), init=False)

    @property
    def file(self) -> Path | None:
        """The file of the interface; none where this computer is no peer."""
        return next(self.folder.glob(f"*/sophia-{self.stack}.conf"), None)

    def join(self, name: str, private_key: str) -> int:
        """Make this computer a peer, instead of any that it was; return how many hosts it comes in to.

        Args:
            name: the peer's name.
            private_key: its private key.

        Raises:
            AccessError: the interface cannot be made.
            StateError: the stack's state cannot be read.
        """
        found = hosts(self.resources())
        text = wg_quick(name, peer_of(self.access, name), stack=self.stack, hosts=found, private_key=private_key)
        self.leave()
        file = private(self.folder / name) / f"sophia-{self.stack}.conf"
        write_private(file, text)
        _run("up", file)
        return len(found)

    def leave(self) -> bool:
        """Make this computer no peer; return whether it was one.

        Raises:
            AccessError: the interface cannot be taken away.
        """
        file = self.file
        if file is None:
            return False
        if (Path("/sys/class/net") / file.stem).exists():
            _run("down", file)
        file.unlink()
        return True

    def follow(self) -> None:
        """Come in to the hosts that there are by now, if this computer is a peer; cheap enough to be called often.

        Raises:
            AccessError, StateError: as `join` does.
        """
        if time.monotonic() - self._looked >= _PERIOD_SECONDS:
            # Before it, so that a state that cannot be read is not asked for every second.
            self._looked = time.monotonic()
            self.catch_up()

    def catch_up(self) -> None:
        """Do so at once.

        Raises:
            AccessError, StateError: as `join` does.
        """
        file = self.file
        if file is None:
            return
        name, before = file.parent.name, file.read_text(encoding="utf-8")
        key = _KEY.search(before)
        known = peer_of(self.access, name)
        there = hosts(self.resources())
        if key and wg_quick(name, known, stack=self.stack, hosts=there, private_key=key[1]) != before:
            self.join(name, key[1])


def _run(deed: str, file: Path) -> None:
    program = shutil.which(WG_QUICK)
    if program is None:
        msg = f"{WG_QUICK} is not here; install it: sudo apt-get install wireguard-tools"
        raise AccessError(msg)
    # What it prints names the file and no key.
    words = [*as_root(), program, deed, str(file)]
    try:
        done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=_SECONDS)
    except (OSError, subprocess.TimeoutExpired) as error:
        msg = f"{WG_QUICK} {deed} {file}: {type(error).__name__}; run it by hand"
        raise AccessError(msg) from None
    if done.returncode:
        said = " / ".join(done.stderr.strip().splitlines()[-2:])
        msg = f"{WG_QUICK} {deed} {file}: {said}; it needs root and a kernel with WireGuard"
        raise AccessError(msg)
