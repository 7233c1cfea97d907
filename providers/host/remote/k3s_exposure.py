"""What of K3s is open to those it must not be open to: sockets and files."""

from __future__ import annotations

import stat
import time
from pathlib import Path

from providers.host.remote.common import run
from providers.host.remote.k3s_places import AGENT_TOKEN, CONFIG, DATA, KUBECONFIG, SERVER_TOKEN, TOKEN

# Metrics and health of etcd, the scheduler, controllers, kubelet and kube-proxy, and the apiserver behind its front.
LOOPBACK_ONLY = {2381, 2382, 6444, 10010, 10248, 10249, *range(10256, 10260)}
KUBELET = 10248
PROXY = {10249, 10256}
SETTLING_SECONDS = 5.0
SECRET = (CONFIG, TOKEN, AGENT_TOKEN, SERVER_TOKEN, DATA / "server/agent-token", DATA / "server/cred/passwd")
OTHERS = stat.S_IRWXG | stat.S_IRWXO


def exposed() -> list[str]:
    """Return the sockets that must be on loopback alone and are not."""
    return sorted(one for one in _sockets() if _port(one) in LOOPBACK_ONLY and not _loopback(one))


def settle() -> None:
    """Wait a moment for kube-proxy, which opens its sockets after the node is ready, where there is one."""
    deadline = time.monotonic() + SETTLING_SECONDS
    while time.monotonic() < deadline:
        ports = {_port(one) for one in _sockets()}
        # A node without a kubelet has no kube-proxy either.
        if KUBELET not in ports or ports >= PROXY:
            return
        time.sleep(0.1)


def _sockets() -> set[str]:
    lines = [line.split() for line in run(["ss", "-Hltn"]).stdout.splitlines()]
    return {fields[3] for fields in lines if len(fields) > 3}  # noqa: PLR2004 - the local address is the fourth


def readable() -> list[str]:
    """Return the files with secrets that others than root can read."""
    found = [str(path) for path in SECRET if _mode(path) & OTHERS]
    # A group may be given it on purpose.
    if _mode(KUBECONFIG) & stat.S_IRWXO:
        found.append(str(KUBECONFIG))
    return found


def tighten() -> None:
    """Take from others what they must not read."""
    for path in map(Path, readable()):
        mode = stat.S_IMODE(path.stat().st_mode)
        path.chmod(mode & ~stat.S_IRWXO if path == KUBECONFIG else mode & ~OTHERS)


def _port(address: str) -> int:
    port = address.rpartition(":")[2]
    return int(port) if port.isdigit() else 0


def _loopback(address: str) -> bool:
    host = address.rpartition(":")[0].strip("[]").partition("%")[0]
    return host.startswith("127.") or host in {"::1", "::ffff:127.0.0.1"}


def _mode(path: Path) -> int:
    return path.stat().st_mode if path.is_file() else 0
