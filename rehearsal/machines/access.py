"""The runner as a peer of an access network, over WireGuard in user space."""

import os
import re
from pathlib import Path

from rehearsal.error import RehearsalError
from rehearsal.home import Place, private
from rehearsal.machines.client import Client
from rehearsal.machines.command import require_root, run
from rehearsal.machines.names import path_of
from rehearsal.process import end, find, last_lines, log_of, spawn
from rehearsal.waiting import until

PROCESS = "runner.access"
"""The name under which its process is found again; no machine's id holds a dot."""

_INTERFACE = "access"

_SECONDS = 10.0
_ENDING = 2.0
_OF_QUICK = ("address", "dns", "mtu", "table", "preup", "postup", "predown", "postdown", "saveconfig")
"""Keys of a wg-quick file that `wg` does not know."""

_IN_PRIVATE = "mount -t tmpfs tmpfs /run/wireguard -o mode=700 && exec wireguard-go --foreground access"


def join(folder: Place, runner: Client, configuration: str) -> None:
    """Make the runner a peer; whatever it was before is replaced.

    Args:
        folder: where its process belongs.
        runner: the runner.
        configuration: the text of a wg-quick file.

    Raises:
        RehearsalError: when the text is none, or the interface cannot be made.
    """
    require_root()
    addresses, routes, settings = _parsed(configuration)
    pid = _process(folder, runner)
    within = ("nsenter", f"--target={pid}", "--net", "--mount")
    # On standard input, because it holds the private key. All peers are new to it, so that it greets them now: of a
    # peer that has forgotten it, as after a reboot, it would know after 15 s of silence.
    run([*within, "wg", "setconf", _INTERFACE, "/dev/stdin"], text=settings)
    ip = ("nsenter", f"--net={path_of(runner.namespace)}", "ip")
    run([*ip, "address", "flush", "dev", _INTERFACE])
    for address in addresses:
        run([*ip, "address", "add", address, "dev", _INTERFACE])
    run([*ip, "link", "set", _INTERFACE, "up", "mtu", "1420"])
    for route in routes:
        run([*ip, "route", "replace", route, "dev", _INTERFACE])


def leave(folder: Place) -> None:
    """Make the runner no peer any more; nothing happens when it is none."""
    end(folder, find(folder, [PROCESS]).values(), patience=_ENDING)


def _process(folder: Place, runner: Client) -> int:
    found = find(folder, [PROCESS])
    if found:
        return found[PROCESS].pid
    private(Path("/run/wireguard"))
    # A mount of its own, because user-space implementations of all homes would meet in /run/wireguard by name.
    isolated = ("unshare", "--mount", "/bin/sh", "-c", _IN_PRIVATE)
    nsenter = ("/usr/bin/nsenter", f"--net={path_of(runner.namespace)}")
    pid = spawn(folder, PROCESS, ("/usr/bin/env", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", *nsenter, *isolated)).pid

    def up() -> bool | None:
        if PROCESS not in find(folder, [PROCESS]):
            log = log_of(folder, PROCESS)
            message = f"wireguard-go ended by itself; the end of {log}:\n{last_lines(log, 10)}"
            raise RehearsalError(message)
        return os.path.exists(f"/proc/{pid}/root/run/wireguard/{_INTERFACE}.sock") or None  # noqa: PTH110 - of a namespace

    until(up, seconds=_SECONDS, failure=lambda: f"wireguard-go makes no interface within {_SECONDS:.0f} s")
    return pid


def _parsed(configuration: str) -> tuple[list[str], list[str], str]:
    """The addresses of the interface, the networks behind its peers, and what `wg` is told."""
    addresses: list[str] = []
    routes: list[str] = []
    settings: list[str] = []
    for line in configuration.splitlines():
        bare = line.partition("#")[0].strip()
        key, _, value = (part.strip() for part in bare.partition("="))
        if key.lower() == "address":
            addresses += re.split(r"\s*,\s*", value)
        elif key.lower() not in _OF_QUICK:
            settings.append(bare)
        if key.lower() == "allowedips":
            routes += re.split(r"\s*,\s*", value)
    if not addresses or "[Interface]" not in settings:
        message = "the access configuration has no [Interface] with an Address; it must be the text of a wg-quick file"
        raise RehearsalError(message)
    return addresses, routes, "\n".join(settings) + "\n"
