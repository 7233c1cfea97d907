"""Makes K3s on a host what is declared: changed, restarted where needed and proven, or put back as it was."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

from providers.host.remote.common import StepFailedError
from providers.host.remote.k3s_backup import before, drop, keep
from providers.host.remote.k3s_delivery import install, stage
from providers.host.remote.k3s_exposure import exposed, settle, tighten
from providers.host.remote.k3s_health import wait
from providers.host.remote.k3s_places import BINARY, KUBECONFIG, MARKER, SERVER_TOKEN, UNITS, digest, folder, text
from providers.host.remote.k3s_state import newer
from providers.host.remote.k3s_token import due, rotate
from providers.host.remote.k3s_undoing import undo
from providers.host.remote.k3s_unit import FOLDER, active, same, service, show, started, systemctl
from providers.host.remote.staging import place


def write(data: Any) -> dict[str, Any]:
    """Make K3s what is declared, and return what its node is then.

    Args:
        data: role, sha256 and incoming of the binary; files (the configuration and tokens too) and those that go; the
            unit file; token and port of a server; version, node_name, checks and patience of the proof; whether it is
            restarted in any case; the fingerprint that is recorded when all is proven.

    Raises:
        StepFailedError: it does not become so; then what was before runs again.
    """
    change = _Change(data)
    if data["incoming"]:
        stage(data["incoming"], data["sha256"])
    if change.needed:
        keep(data["role"], change.paths)
        MARKER.unlink(missing_ok=True)
    try:
        since = change.make()
        tighten()
        node = wait(data, since=since)
        if since is not None and data["checks"]["proxied"]:
            settle()
        _closed()
    except StepFailedError as error:
        index = before()
        if index is None:
            raise
        raise undo(data, index, error, rotated=change.rotated) from None
    _mark(data)
    drop()
    found = {"node": node, "restarted": since is not None}
    if data["role"] == "server":
        found |= {"kubeconfig": text(KUBECONFIG), "server_token": (text(SERVER_TOKEN) or "").strip()}
    return found


class _Change:
    """What differs on the host, and what it takes.

    Args:
        data: what is declared.
    """

    def __init__(self, data: Any) -> None:
        self.data = data
        self.unit = UNITS[data["role"]]
        self.paths = [Path(path) for path in (*(file["path"] for file in data["files"]), *data["gone"])]
        self.rotated = False
        shown, written = show(self.unit), text(FOLDER / self.unit)
        self._unit = not same(written, data["unit"])
        self._binary = digest(BINARY) != data["sha256"]
        self._rotates = data["role"] == "server" and due(data["token"])
        contents = any(text(Path(file["path"])) != file["content"] for file in data["files"])
        gone = any(os.path.lexists(path) for path in data["gone"])
        running = active(shown)
        stale = running and bool(newer((*self.paths, BINARY), started(shown)))
        serves = service(written or "") == service(data["unit"])
        self._restarts = bool(
            self._binary or contents or gone or self._rotates or not running or stale or not serves or data["restart"]
        )
        self._reloads = self._unit or shown.get("NeedDaemonReload") == "yes"
        self._masked = shown.get("LoadState") == "masked"
        self._enabled = shown.get("UnitFileState") in {"enabled", "enabled-runtime"}
        self.needed = self._restarts or self._unit

    def make(self) -> float | None:
        """Make the change, and return when K3s was restarted; None where it was not."""
        if self._rotates:
            rotate(self.data["token"], self.data["port"])
            self.rotated = True
        place(self.data["files"])
        for path in self.data["gone"]:
            Path(path).unlink(missing_ok=True)
        if self._binary:
            install()
        if self._masked:
            systemctl("unmask", self.unit)
        if self._unit:
            file = FOLDER / self.unit
            if file.is_symlink():
                file.unlink()
            place([{"path": str(file), "content": self.data["unit"], "mode": "0644", "owner": "root", "group": "root"}])
        if not self._enabled or self._masked:
            systemctl("enable", self.unit)  # which has systemd read its units again, too
        elif self._reloads:
            systemctl("daemon-reload")
        if not self._restarts:
            return None
        since = time.time()
        # One that failed too often in too short a time is not started again.
        systemctl("reset-failed", self.unit) if show(self.unit).get("ActiveState") == "failed" else None
        systemctl("restart", "--no-block", self.unit)
        return since


def _closed() -> None:
    """See that nothing is open to others that must not be.

    Raises:
        StepFailedError: something is.
    """
    found = exposed()
    if found:
        what = f"open to others and must be on loopback alone: {', '.join(found)}"
        raise StepFailedError(what, "take out the argument that opens it, such as one with bind-address in its name")


def _mark(data: Any) -> None:
    """Record what was proven."""
    folder()
    content = f"{data['fingerprint']}\n"
    place([{"path": str(MARKER), "content": content, "mode": "0600", "owner": "root", "group": "root"}])
